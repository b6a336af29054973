"""Uncertainty metrics: values derived by hand, the region in which they are computed, and the verb."""

import csv
import json
import math

import numpy as np
import pytest
import SimpleITK as sitk
from conftest import make_volume
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from weakseg3d.cli import main
from weakseg3d.evaluation.calibration import (
    UNCERTAINTY,
    brier_score,
    expected_calibration_error,
    region_box,
    uncertainty_values,
)
from weakseg3d.evaluation.long_table import read_metrics
from weakseg3d.inference.uncertainty_maps import write_uncertainty


def test_calibration_error_by_hand():
    # Bin 1, [1/15, 2/15): means 0.10 and 1/2, 2 of 5 voxels. Bin 13, [13/15, 14/15): 0.90 and 2/3, 3 of 5 voxels.
    probability, reference = [0.08, 0.12, 0.88, 0.90, 0.92], [0, 1, 1, 1, 0]
    expected = 2 / 5 * (0.5 - 0.1) + 3 / 5 * (0.9 - 2 / 3)
    assert expected_calibration_error(probability, np.array(reference, bool)) == pytest.approx(expected)


def test_a_bin_contains_its_lower_edge_and_the_last_bin_contains_1():
    # With two bins, 0.5 and 1 share a bin with means 0.75 and 1/2; 0 has its own bin without a gap.
    assert expected_calibration_error([0, 0.5, 1], np.array([0, 0, 1], bool), bins=2) == pytest.approx(2 / 3 * 0.25)


def test_perfect_calibration():
    # Of ten voxels with probability p, 10 p are foreground.
    probability = np.repeat(np.arange(11) / 10, 10)
    reference = np.concatenate([np.arange(10) < tens for tens in range(11)])
    assert expected_calibration_error(probability, reference) == pytest.approx(0, abs=1e-12)


def test_certain_and_wrong_everywhere():
    reference = np.array([True, False, True])
    assert expected_calibration_error(1.0 - reference, reference) == 1


@settings(max_examples=60)
@given(arrays(float, 20, elements=st.floats(0, 1)), arrays(bool, 20), st.integers(1, 20))
def test_calibration_error_never_exceeds_the_mean_error(probability, reference, bins):
    error = expected_calibration_error(probability, reference, bins)
    assert 0 <= error <= np.abs(probability - reference).mean() + 1e-12


def test_brier_score_by_hand():
    # Squared differences 0.01, 0.04, 0.36 and 0.25.
    assert brier_score([0.1, 0.8, 0.6, 0.5], np.array([0, 1, 0, 1], bool)) == pytest.approx(0.66 / 4)


def test_brier_score_of_certain_voxels_is_the_share_of_wrong_ones():
    reference = np.array([True, False, True, True])
    assert brier_score([1.0, 0.0, 1.0, 0.0], reference) == 0.25


@settings(max_examples=60)
@given(arrays(np.int64, 20, elements=st.integers(0, 4)), arrays(bool, 20))
def test_brier_score_equals_its_decomposition(quarters, reference):
    """Reliability - resolution + uncertainty, Murphy 1973, over the probabilities that occur."""
    probability, base = quarters / 4, reference.mean()
    terms = base * (1 - base)
    for value in np.unique(probability):
        part = reference[probability == value]
        terms += len(part) / 20 * ((value - part.mean()) ** 2 - (part.mean() - base) ** 2)
    score = brier_score(probability, reference)
    assert score == pytest.approx(terms)
    assert expected_calibration_error(probability, reference) ** 2 <= score + 1e-12


def mask_of(*voxels, shape=(9, 60, 40)):
    mask = np.zeros(shape, bool)
    for voxel in voxels:
        mask[voxel] = True
    return mask


def test_region_reaches_10_mm_beyond_the_box_and_ends_at_the_border():
    # Three steps of 3 mm, twenty of 0.5 mm, five of 2 mm; the border cuts the lower side of the last axis.
    box = region_box(mask_of((4, 25, 3), (4, 30, 6)), (3.0, 0.5, 2.0))
    assert [(s.start, min(s.stop, n)) for s, n in zip(box, (9, 60, 40), strict=True)] == [(1, 8), (5, 51), (0, 12)]


def test_single_precision_spacing_loses_no_step():
    spacing = float(np.float32(0.1))
    assert region_box(mask_of((0, 0, 150), shape=(1, 1, 400)), (1.0, 1.0, spacing))[2] == slice(50, 251)


def test_no_region_without_masks():
    assert region_box(mask_of(), (1.0, 1.0, 1.0)) is None


def maps_of(shape, inside, outside, box):
    """Return maps with the values ``inside`` (probability, entropy, variance) in a box and ``outside`` elsewhere."""
    maps = {}
    for name, value, other in zip(("probability", "entropy", "variance"), inside, outside, strict=True):
        maps[name] = np.full(shape, other, np.float32)
        maps[name][box] = value
    return maps


@pytest.mark.parametrize(
    ("prediction", "reference"),
    [
        pytest.param([(15, 15, 15)], [(15, 15, 15)], id="ok"),
        pytest.param([], [(15, 15, 15)], id="empty_prediction"),
        pytest.param([(15, 15, 15)], [], id="absent_in_reference"),
    ],
)
def test_values_depend_on_the_region_alone(prediction, reference):
    shape = (31, 31, 31)
    box = (slice(5, 26),) * 3
    values = uncertainty_values(
        maps_of(shape, (0.25, 0.5, 0.125), (1.0, 1.0, 0.25), box),
        mask_of(*prediction, shape=shape),
        mask_of(*reference, shape=shape),
        (1.0, 1.0, 1.0),
    )
    share = len(reference) / 21**3
    assert values == pytest.approx(
        {
            "ece": 0.25 - share,
            "brier": 0.75**2 * share + 0.25**2 * (1 - share),
            "mean_entropy": 0.5,
            # An empty prediction is as uncertain as can be.
            "organ_entropy": 0.5 if prediction else 1.0,
            "mean_variance": 0.125,
        }
    )


def test_entropy_in_the_organ_is_that_of_the_prediction_alone():
    shape = (5, 5, 5)
    maps = maps_of(shape, (0.75, 0.9, 0.0), (0.5, 0.2, 0.0), (slice(2, 3),) * 3)
    prediction, reference = mask_of((2, 2, 2), (2, 2, 3), shape=shape), mask_of((1, 1, 1), shape=shape)
    values = uncertainty_values(maps, prediction, reference, (1.0, 1.0, 1.0))
    assert values["organ_entropy"] == pytest.approx((0.9 + 0.2) / 2)


def test_organ_absent_from_both():
    shape = (4, 4, 4)
    maps = maps_of(shape, (0, 0, 0), (0, 0, 0), ())
    values = uncertainty_values(maps, mask_of(shape=shape), mask_of(shape=shape), (1.0, 1.0, 1.0))
    assert list(values) == list(UNCERTAINTY)
    assert all(math.isnan(value) for value in values.values())


@pytest.fixture
def case(tmp_path):
    """A reference, an empty prediction, and maps that are constant: probability 0.25, variance 0.01."""
    reference = np.zeros((30, 30, 30), np.uint8)
    reference[10:20, 10:20, 10:20] = 1
    probability = make_volume(np.full(reference.shape, 0.25, np.float32))
    sitk.WriteImage(make_volume(reference), str(tmp_path / "reference.nii.gz"))
    sitk.WriteImage(make_volume(reference * 0), str(tmp_path / "prediction.nii.gz"))
    write_uncertainty(probability, probability * 0 + 0.01, tmp_path / "maps")
    return tmp_path


def evaluate(case, *options):
    files = [f"--{name}={case / name}.nii.gz" for name in ("prediction", "reference")]
    return main(["evaluate", *files, "--csv", str(case / "metrics.csv"), *options])


def test_verb_adds_rows_that_can_be_read_again(case, capsys):
    assert evaluate(case, "--uncertainty", str(case / "maps")) == 0
    printed = json.loads(capsys.readouterr().out)
    # The region is the whole volume, 1000 of its 27000 voxels are foreground.
    assert printed["ece"] == pytest.approx(0.25 - 1 / 27)
    assert printed["brier"] == pytest.approx((0.75**2 + 26 * 0.25**2) / 27)
    assert printed["organ_entropy"] == 1
    assert printed["mean_entropy"] == pytest.approx(0.811278, abs=1e-5)
    assert printed["mean_variance"] == pytest.approx(0.01)
    rows = read_metrics(case / "metrics.csv").set_index("metric")
    assert list(rows.index[-len(UNCERTAINTY) :]) == list(UNCERTAINTY)
    assert list(rows.loc[list(UNCERTAINTY), "unit"]) == ["1", "1", "bit", "bit", "1"]
    assert set(rows["status"]) == {"empty_prediction"}
    assert rows.loc["ece", "value"] == pytest.approx(printed["ece"])


def test_verb_without_maps_writes_no_rows_of_uncertainty(case):
    assert evaluate(case) == 0
    rows = list(csv.DictReader((case / "metrics.csv").open(encoding="utf-8")))
    assert not {row["metric"] for row in rows} & set(UNCERTAINTY)


def refused(case, capsys):
    assert evaluate(case, "--uncertainty", str(case / "maps")) == 2
    assert not (case / "metrics.csv").exists()
    return capsys.readouterr().err


def test_missing_map(case, capsys):
    (case / "maps" / "variance.nii.gz").unlink()
    assert "variance.nii.gz: no such file" in refused(case, capsys)


def test_maps_on_another_grid(case, capsys):
    probability = make_volume(np.full((30, 30, 30), 0.5, np.float32), (2.0, 1.0, 1.0))
    write_uncertainty(probability, probability * 0, case / "maps")
    assert "spacing" in refused(case, capsys)


def test_maps_out_of_range(case, capsys):
    probability = make_volume(np.full((30, 30, 30), 0.5, np.float32))
    write_uncertainty(probability, probability, case / "maps")
    assert "a map of variance must" in refused(case, capsys)
