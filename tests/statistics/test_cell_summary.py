"""The summary of a cell: derived by hand, and with every status."""

import csv
import math

import numpy as np
import pandas as pd
import pytest
from metrics_rows import table_of

from weakseg3d.evaluation.long_table import read_metrics
from weakseg3d.evaluation.rows import COLUMNS
from weakseg3d.statistics.cell_summary import summary


def test_cell_by_hand():
    # Pooled seeds: 0.6, 0.8, 0.7, 0.9, 0.2, 0.4; sum 3.6, mean 0.6, squared deviations 0, .04, .01, .09, .16, .04.
    (line,) = summary(table_of({"weak": {"a": [0.6, 0.8], "b": [0.7, 0.9], "c": [0.2, 0.4]}})).to_dict("records")
    assert [line[name] for name in ("dataset", "modality", "organ", "method", "annotation", "metric", "unit")] == [
        *("toy", "ct", "spleen", "weak", "points", "dice", "1")
    ]
    assert line["mean"] == pytest.approx(0.6)
    assert line["sd"] == pytest.approx(math.sqrt(0.34 / 5))
    assert line["median"] == pytest.approx(0.65)
    assert math.isnan(line["low"]), "three cases have no interval"
    assert [line[name] for name in ("n", "n_cases", "n_seeds")] == [6, 3, 2]
    assert [line[name] for name in ("n_missed", "n_absent", "n_lacking")] == [0, 0, 0]


def test_every_status_is_counted(tmp_path):
    labels = ["toy", "ct", "spleen", "points", "weak", "0"]
    rows = [
        [*labels, "a", "hd95", "2", "mm", "ok"],
        [*labels, "b", "hd95", "100", "mm", "empty_prediction"],
        [*labels, "c", "hd95", "", "mm", "absent_in_reference"],
        [*labels, "d", "hd95", "", "mm", "absent_in_both"],
        [*labels, "e", "hd95", "3", "mm", "ok"],
    ]
    with open(tmp_path / "m.csv", "w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([COLUMNS, *rows])
    rows = read_metrics(tmp_path / "m.csv")
    (line,) = summary(rows).to_dict("records")
    assert (line["mean"], line["median"]) == (35, 3)
    assert [line[name] for name in ("n", "n_cases", "n_missed", "n_absent", "n_lacking")] == [3, 3, 1, 2, 0]
    (line,) = summary(rows, with_missed=False).to_dict("records")
    assert line["mean"] == 2.5
    assert [line[name] for name in ("n", "n_missed", "n_absent")] == [2, 1, 2]


def test_a_case_missed_with_one_of_two_seeds_counts_half():
    missed = (0, "empty_prediction")
    values = {"a": [missed, 0.7], "b": [missed, missed], "c": [0.5, 0.5], "d": (math.nan, "absent_in_both")}
    (line,) = summary(table_of({"weak": values})).to_dict("records")
    # 3 of 6 evaluations, as certain as 1.5 of 3 cases: Wilson's centre is 1/2 (z = 1.96), its half width
    # z sqrt(1/12 + z^2 / 36) / (1 + z^2 / 3) = 0.3747; six independent ones would have 0.3124.
    assert (line["missed_share"], line["missed_low"], line["missed_high"]) == pytest.approx(
        (0.5, 0.1253, 0.8747), abs=1e-4
    )


def test_a_method_without_a_case_has_a_gap():
    table = summary(table_of({"weak": {"a": [0.5, 0.7], "b": [0.5, None]}, "dense": {"a": 0.9, "b": 0.9, "c": 0.9}}))
    # With two seeds and three cases, weak should have six evaluations, but it has three.
    assert table["n"].tolist() == [3, 3]
    assert table["n_lacking"].tolist() == [3, 0]


def test_organ_absent_everywhere():
    absent = (math.nan, "absent_in_both")
    (line,) = summary(table_of({"weak": {"a": absent, "b": absent}})).to_dict("records")
    assert all(math.isnan(line[name]) for name in ("mean", "sd", "median", "low", "high"))
    assert [line[name] for name in ("n", "n_cases", "n_absent")] == [0, 0, 2]


def test_one_evaluation_has_neither_spread_nor_interval():
    (line,) = summary(table_of({"weak": {"a": 0.5}})).to_dict("records")
    assert line["mean"] == line["median"] == 0.5
    assert all(math.isnan(line[name]) for name in ("sd", "low", "high"))


def test_cells_are_separate_and_in_order_of_first_appearance():
    values = {"weak": {"a": 0.5, "b": 0.7, "c": 0.9, "d": 0.9}}
    rows = pd.concat([table_of(values, organ="liver"), table_of(values), table_of(values, metric="nsd")])
    both = pd.concat([rows, rows.assign(annotation="seven-points")], ignore_index=True)
    table = summary(both)
    assert list(zip(table["annotation"], table["organ"], table["metric"], strict=True)) == [
        *(("points", "liver", "dice"), ("points", "spleen", "dice"), ("points", "spleen", "nsd")),
        *(("seven-points", "liver", "dice"), ("seven-points", "spleen", "dice"), ("seven-points", "spleen", "nsd")),
    ]
    assert table["n"].tolist() == [4] * 6
    assert table["low"].nunique() == table["high"].nunique() == 1


def test_the_interval_keeps_to_the_range_of_its_metric():
    cases = dict(zip("abcd", [0.0, 1.0, 1.0, 1.0], strict=True))
    (dice,) = summary(table_of({"weak": cases})).to_dict("records")
    assert 0 < dice["low"] < 0.75 < dice["high"] < 1
    (distance,) = summary(table_of({"weak": cases}, metric="hd95")).to_dict("records")
    assert 0 < distance["low"] < 0.75 < 1 < distance["high"]


def test_numbers_depend_on_neither_the_order_of_rows_nor_other_cells():
    rng = np.random.default_rng(6)
    rows = table_of({name: {case: list(rng.random(3)) for case in "abcdef"} for name in ("weak", "dense")})
    whole = summary(rows)
    assert summary(rows).to_csv() == whole.to_csv()
    shuffled = summary(rows.sample(frac=1, random_state=1, ignore_index=True))
    alone = summary(rows[rows["method"] == "dense"])
    for other in (shuffled, alone):
        pd.testing.assert_frame_equal(
            other[other["method"] == "dense"].reset_index(drop=True),
            whole[whole["method"] == "dense"].reset_index(drop=True),
            check_exact=True,
        )
