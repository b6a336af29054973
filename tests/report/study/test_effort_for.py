"""The table of effort on curves whose area and effort are known."""

import csv
from pathlib import Path

import pandas as pd
import pytest
import yaml

from weakseg3d.cli import main
from weakseg3d.evaluation.rows import COLUMNS
from weakseg3d.experiment.effort_factor import dense_references, effort_factor
from weakseg3d.experiment.from_config import load_experiment
from weakseg3d.experiment.report_products import readable_tables
from weakseg3d.report.study.effort_for import effort_table, readable_efforts

CURVES = {
    "reached": {1: 0.1, 10: 0.3, 100: 0.9},
    "never": {1: 0.1, 10: 0.3, 100: 0.5},
    "at_once": {1: 0.8, 10: 0.8, 100: 0.9},
    "falls": {1: 0.5, 10: 0.9, 100: 0.3},
}
OFFSETS = {"a": -0.04, "b": -0.02, "c": 0.02, "d": 0.04}


def rows_of(curves=CURVES, dense=0.8 / 0.95, cases=OFFSETS):
    """Return rows of the long table; cases lie around the means, alike for all methods, the reference at its mean."""
    cells = [("dense", "dense", dense, 0)]
    cells += [
        (f"{method}+clicks-{clicks}", f"points_number-{clicks}_seed-0", mean, 1)
        for method, curve in curves.items()
        for clicks, mean in curve.items()
    ]
    return pd.DataFrame(
        [
            ["toy", "ct", "spleen", annotation, method, "0", case, "dice", mean + spread * offset, "1", "ok"]
            for method, annotation, mean, spread in cells
            for case, offset in cases.items()
        ],
        columns=COLUMNS,
    )


def test_table_by_hand():
    table = effort_table(rows_of()).set_index("method")
    assert table["area"].to_dict() == pytest.approx({"reached": 0.4, "never": 0.3, "at_once": 0.825, "falls": 0.65})
    assert table["target"].tolist() == pytest.approx([0.8] * 4)
    # From 10 at 0.3 to 100 at 0.9: 10 ** (1 + 5 / 6).
    assert table["effort"].to_dict() == {"reached": "68.1", "never": "> 100", "at_once": "<= 1", "falls": ""}
    assert table.loc["never", ["effort_low", "effort_high"]].tolist() == ["> 100", "> 100"]
    low, high = table.loc["reached", ["effort_low", "effort_high"]].astype(float)
    assert 10 < low < 68.1 < high < 100
    assert table.loc["falls", "reason"] == "Dice falls from 10 to 100"
    assert table[["axis", "from", "to", "n_levels", "n_cases", "n_left_out"]].iloc[0].tolist() == [
        "log",
        1,
        100,
        3,
        4,
        0,
    ]


def test_fewer_cases_have_no_interval():
    table = effort_table(rows_of(cases={"a": -0.1, "b": 0.1}))
    assert table["effort"].iloc[0] == "68.1"
    assert table[["effort_low", "effort_high"]].eq("").all(axis=None)
    assert table["area_low"].isna().all()


def test_a_case_that_a_level_lacks_is_left_out_and_counted():
    rows = rows_of()
    rows = rows[~((rows["method"] == "never+clicks-10") & (rows["case"] == "d"))]
    counts = effort_table(rows).set_index("method")[["n_cases", "n_left_out"]]
    assert counts.loc["never"].tolist() == [3, 1]
    assert counts.loc["reached"].tolist() == [4, 0]


def test_a_factor_of_effort_needs_annotations_of_its_numbers():
    clicks = [("a+clicks-5", "points_number-5"), ("a+clicks-20", "points_number-20_seed-0")]
    assert effort_factor(clicks) == "clicks"
    assert effort_factor(clicks[:1]) is None
    assert effort_factor([("a+jitter-5", "points_number-20"), ("a+jitter-20", "points_number-20")]) is None
    assert effort_factor([("a+sigma-8", "points_number-20"), ("a+sigma-9.5", "dense")]) is None
    assert effort_factor([("dense", "dense")]) is None
    assert dense_references([("dense", "dense"), ("dense+noise-x", "dense"), *clicks]) == ["dense"]


def test_without_full_supervision_there_is_no_table():
    rows = rows_of()
    assert effort_table(rows[rows["method"] != "dense"]) is None


def test_readers_see_words_instead_of_numbers_beyond_the_data():
    text = readable_efforts(effort_table(rows_of())).text
    assert text["Effort for it"].tolist() == ["68.1 clicks", "> 100 clicks", "≤ 1 clicks", "–"]
    assert text["Effort, axis"][0] == "1 to 100 clicks, log"
    assert "Variant" not in text


def test_verb_writes_the_table_and_the_page_shows_it(tmp_path):
    rows_of().to_csv(tmp_path / "metrics.csv", index=False)
    out = tmp_path / "out"
    assert main(["report", "--metrics", str(tmp_path / "metrics.csv"), "--out", str(out), "--title", "Toy"]) == 0
    with open(out / "tables/effort_for.csv", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["effort"] for row in rows] == ["68.1", "> 100", "<= 1", ""]
    assert "68.1 clicks" in (out / "report.html").read_text(encoding="utf-8")
    assert r"$\leq$" in (out / "tables/effort_for.tex").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "expected"), [("budget", True), ("threshold", False), ("effort", False)])
def test_the_workflow_declares_the_table_of_a_study_of_effort(name, expected):
    config = yaml.safe_load((Path(__file__).parents[3] / f"config/{name}.yaml").read_text(encoding="utf-8"))
    assert ("effort_for" in readable_tables(load_experiment(config))) is expected
