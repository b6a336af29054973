"""Variance by source: derived by hand, on simulated effects, and with single levels."""

import math

import numpy as np
import pandas as pd
import pytest
from metrics_rows import table_of

from weakseg3d.statistics.variance_components import COLUMNS, components, variance_components


def test_cases_and_seeds_by_hand():
    # Cases 1, 2 and seeds: rows (1, 3), (5, 9). Means 2, 7; 3, 6; grand 4.5. Mean square of cases 2 (2.5^2 + 2.5^2) =
    # 25, of seeds 2 (1.5^2 + 1.5^2) = 9; deviations 0.5, -0.5, -0.5, 0.5, residual 1.
    found = components([[[1], [3]], [[5], [9]]])
    assert found["residual"] == pytest.approx(1)
    assert found["case"] == pytest.approx((25 - 1) / 2)
    assert found["seed"] == pytest.approx((9 - 1) / 2)
    assert math.isnan(found["annotation_seed"])
    assert math.isnan(found["seed_and_annotation"])


def test_annotation_seeds_are_the_same_the_other_way_round():
    found = components([[[1, 3]], [[5, 9]]])
    assert (found["case"], found["annotation_seed"]) == pytest.approx((12, 4))
    assert math.isnan(found["seed"])


def test_a_single_seed_leaves_the_variance_of_cases_alone():
    found = components([[[1]], [[3]], [[5]]])
    assert found["case"] == pytest.approx(4)
    assert math.isnan(found["seed"])
    assert math.isnan(found["residual"])


def test_true_components_are_found():
    rng = np.random.default_rng(4)
    true = {"case": 4, "seed": 1, "annotation_seed": 2, "seed_and_annotation": 0.5, "residual": 0.25}
    estimates = []
    for _ in range(800):
        effects = [(true["case"], (6, 1, 1)), (true["seed"], (1, 5, 1)), (true["annotation_seed"], (1, 1, 5))]
        effects += [(true["seed_and_annotation"], (1, 5, 5)), (true["residual"], (6, 5, 5))]
        estimates.append(components(sum(rng.normal(0, math.sqrt(variance), shape) for variance, shape in effects)))
    means = pd.DataFrame(estimates).mean()
    # Setting negative estimates to 0 raises the small ones a little.
    assert {name: means[name] for name in true} == pytest.approx(true, rel=0.12)


def test_annotations_that_differ_in_their_seed_are_one_cell_and_gaps_leave_a_case_out():
    first = table_of({"weak": {"a": [0.1, 0.2], "b": [0.3, 0.4], "c": [0.5, None]}})
    rows = pd.concat([first.assign(annotation=f"points_number-5_seed-{seed}") for seed in (0, 1)])
    (line,) = variance_components(rows).to_dict("records")
    assert list(line) == COLUMNS
    assert (line["annotation"], line["n_cases"], line["n_seeds"], line["n_annotation_seeds"]) == (
        *("points_number-5", 2, 2, 2),
    )
    assert (line["sd_annotation_seed"], line["sd_residual"]) == pytest.approx((0, 0), abs=1e-8)
    # Case means differ by 0.2, seeds by 0.1: variances 0.02 and 0.005.
    assert (line["sd_case"], line["sd_seed"]) == pytest.approx((math.sqrt(0.02), math.sqrt(0.005)))
