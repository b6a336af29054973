"""Several simulated annotators of one method are one cell: derived by hand, and with known components of variance."""

import math

import numpy as np
import pandas as pd
import pytest
from metrics_rows import table_of

from weakseg3d.evaluation.annotators import names_in_paths, with_one_cell_per_method
from weakseg3d.evaluation.long_table import series_names
from weakseg3d.report.tables.gaps import gap_warnings
from weakseg3d.report.tables.main import main_note, main_table
from weakseg3d.report.tables.measures import SHOWN
from weakseg3d.report.tables.method_facts import with_facts, with_mean_efforts
from weakseg3d.statistics.cell_summary import summary
from weakseg3d.statistics.cells import case_means
from weakseg3d.statistics.comparison import comparisons
from weakseg3d.statistics.variance_components import variance_components

FIRST, SECOND = ("points_number-5_seed-3", "points_number-5_seed-4")


def crossed(first, second, dense):
    """Return rows of a method with two annotators beside one of dense masks, with two training seeds."""
    parts = [
        table_of({"weak": first}).assign(annotation=FIRST),
        table_of({"weak": second}).assign(annotation=SECOND),
        table_of({"full": dense}).assign(annotation="dense"),
    ]
    return pd.concat(parts, ignore_index=True)


ROWS = crossed(
    {"a": [0.1, 0.3], "b": [0.5, 0.7]}, {"a": [0.2, 0.4], "b": [0.9, 0.5]}, {"a": [0.4, 0.6], "b": [0.8, 0.8]}
)


def test_a_table_with_one_annotator_stays_as_it_is():
    rows = ROWS[ROWS["annotation"] != SECOND]
    assert with_one_cell_per_method(rows) is rows


def test_names_in_paths_come_back():
    rows = with_one_cell_per_method(ROWS)
    assert list(series_names(rows).unique()) == ["weak", "full"]
    found = [names_in_paths(row) for row in rows.to_dict("records")]
    assert found == ROWS[["annotation", "seed"]].to_dict("records")
    assert names_in_paths(ROWS.iloc[0].to_dict()) == {"annotation": FIRST, "seed": "0"}


def test_means_of_cases_are_over_both_kinds_of_seeds():
    # Case a: (0.1 + 0.3 + 0.2 + 0.4) / 4 = 0.25, b: (0.5 + 0.7 + 0.9 + 0.5) / 4 = 0.65; full: 0.5 and 0.8.
    ((_, _, means),) = case_means(with_one_cell_per_method(ROWS))
    assert means["weak"].to_dict() == pytest.approx({"a": 0.25, "b": 0.65})
    assert means["full"].to_dict() == pytest.approx({"a": 0.5, "b": 0.8})
    (pair,) = comparisons(with_one_cell_per_method(ROWS)).to_dict("records")
    assert (pair["first"], pair["second"], pair["n"]) == ("weak", "full", 2), "annotators are not cases"
    assert pair["mean_difference"] == pytest.approx(-0.2)


def test_numbers_of_a_cell_by_hand():
    weak, full = summary(with_one_cell_per_method(ROWS)).sort_values("n", ascending=False).to_dict("records")
    assert [weak[name] for name in ("n", "n_cases", "n_seeds", "n_annotation_seeds")] == [8, 2, 2, 2]
    assert [full[name] for name in ("n", "n_cases", "n_seeds", "n_annotation_seeds")] == [4, 2, 2, 0]
    # Squared deviations of the eight values from 0.45: .1225 .0225 .0025 .0625 .0625 .0025 .2025 .0025, sum 0.48.
    assert (weak["mean"], weak["sd"]) == pytest.approx((0.45, math.sqrt(0.48 / 7)))
    main = main_table(with_one_cell_per_method(ROWS), SHOWN[:1])
    assert main["n_annotation_seeds"].tolist() == [2, 0]
    assert "deviation is that of all three together" in main_note(main)


def test_more_annotators_make_no_narrower_interval():
    values = {case: 0.1 * place for place, case in enumerate("abcdef", start=1)}
    one = crossed(values, {}, values)
    two = crossed(values, values, values)
    first, second = (summary(with_one_cell_per_method(rows)).set_index("method").loc["weak"] for rows in (one, two))
    assert (second["n"], second["n_cases"]) == (12, 6)
    assert (second["low"], second["high"]) == pytest.approx((first["low"], first["high"]))


def test_a_case_without_one_annotator_is_left_out_and_named():
    rows = with_one_cell_per_method(ROWS.drop(index=ROWS[(ROWS["annotation"] == SECOND) & (ROWS["case"] == "b")].index))
    ((_, _, means),) = case_means(rows)
    assert means["weak"].isna().to_dict() == {"a": False, "b": True}
    (warning,) = gap_warnings(rows)
    assert "b (seed 0, annotation seed 4), b (seed 1, annotation seed 4)" in warning


def test_the_effort_is_the_mean_over_annotators():
    efforts = [
        ("toy", "spleen", FIRST, 0.0, 30.0),
        ("toy", "spleen", SECOND, 0.0, 40.0),
        ("toy", "spleen", "dense", 0, 99.0),
    ]
    effort = pd.DataFrame(efforts, columns=["dataset", "organ", "annotation", "effort_clicks", "effort_cm"])
    effort["effort_part"] = "train"
    rows = with_mean_efforts(with_one_cell_per_method(with_facts(ROWS, effort, {})))
    assert rows.groupby("method")["effort_cm"].unique().map(list).to_dict() == {"weak": [35], "full": [99]}


def test_known_components_are_found_in_a_table():
    rng = np.random.default_rng(7)
    true = {"case": 0.05, "seed": 0.02, "annotation_seed": 0.03, "residual": 0.01}
    cases, seeds, annotators = 40, 12, 12
    effects = [
        (true["case"], (cases, 1, 1)),
        (true["seed"], (1, seeds, 1)),
        (true["annotation_seed"], (1, 1, annotators)),
    ]
    effects.append((true["residual"], (cases, seeds, annotators)))
    values = 0.5 + sum(rng.normal(0, sd, shape) for sd, shape in effects)
    parts = [
        table_of({"weak": {f"{case:02}": list(values[case, :, annotator]) for case in range(cases)}}).assign(
            annotation=f"points_number-5_seed-{annotator}"
        )
        for annotator in range(annotators)
    ]
    rows = with_one_cell_per_method(pd.concat(parts, ignore_index=True))
    (line,) = variance_components(rows).to_dict("records")
    assert [line[f"n_{name}"] for name in ("cases", "seeds", "annotation_seeds")] == [cases, seeds, annotators]
    # A standard deviation of 12 draws is known to about 1 / sqrt(22), a fifth.
    for source, rel in (("case", 0.25), ("seed", 0.5), ("annotation_seed", 0.5), ("residual", 0.05)):
        assert line[f"sd_{source}"] == pytest.approx(true[source], rel=rel)
    assert line["sd_seed_and_annotation"] < 0.005
    assert set(rows["annotation"]) == {"points_number-5"}
