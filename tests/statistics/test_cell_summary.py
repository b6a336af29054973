"""The summary of a cell and its bootstrap interval: derived by hand, against SciPy, and with every status."""

import csv
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from metrics_rows import table_of
from scipy.stats import bootstrap

from weakseg3d.evaluation.long_table import read_metrics
from weakseg3d.evaluation.rows import COLUMNS
from weakseg3d.statistics.bootstrap import case_counts, mean_interval
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
    # Means of cases 0.7, 0.8, 0.3. The worst resample, c three times, has a share of 1/27, over 2.5 %; so has the best.
    assert (line["low"], line["high"]) == pytest.approx((0.3, 0.8))
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
    values = {"weak": {"a": 0.5, "b": 0.7, "c": 0.9}}
    rows = pd.concat([table_of(values, organ="liver"), table_of(values), table_of(values, metric="nsd")])
    both = pd.concat([rows, rows.assign(annotation="seven-points")], ignore_index=True)
    table = summary(both)
    assert list(zip(table["annotation"], table["organ"], table["metric"], strict=True)) == [
        *(("points", "liver", "dice"), ("points", "spleen", "dice"), ("points", "spleen", "nsd")),
        *(("seven-points", "liver", "dice"), ("seven-points", "spleen", "dice"), ("seven-points", "spleen", "nsd")),
    ]
    assert table["n"].tolist() == [3] * 6
    assert table["low"].nunique() == table["high"].nunique() == 1


def test_interval_is_scipys_where_every_case_has_one_value():
    values = np.random.default_rng(1).beta(8, 2, 12)
    ours = mean_interval(values, np.arange(12), resamples=50_000)
    theirs = bootstrap((values,), np.mean, n_resamples=50_000, method="percentile", rng=2).confidence_interval
    # Both are random; the standard error of their quantiles is about a hundredth of the interval.
    assert ours == pytest.approx(tuple(theirs), abs=0.05 * (theirs.high - theirs.low))


def test_interval_is_scipys_for_clusters():
    rng = np.random.default_rng(3)
    cases = np.repeat(np.arange(10), rng.integers(1, 5, 10))
    values = rng.normal(0, 1, 10)[cases] + rng.normal(0, 0.1, len(cases))
    sums, sizes = np.bincount(cases, values), np.bincount(cases)

    def ratio(sums, sizes, axis):
        return sums.sum(axis=axis) / sizes.sum(axis=axis)

    theirs = bootstrap((sums, sizes), ratio, paired=True, n_resamples=50_000, method="percentile", rng=4)
    low, high = theirs.confidence_interval
    assert mean_interval(values, cases, resamples=50_000) == pytest.approx((low, high), abs=0.05 * (high - low))


def test_repeating_a_seed_changes_no_interval():
    cases, values = np.arange(8), np.random.default_rng(5).random(8)
    low, high = mean_interval(values, cases)
    assert mean_interval(np.tile(values, 4), np.tile(cases, 4)) == pytest.approx((low, high))
    # If seeds counted as separate cases, four seeds would halve the interval.
    naive = mean_interval(np.tile(values, 4), np.arange(32))
    assert naive[1] - naive[0] == pytest.approx((high - low) / 2, rel=0.1)


def test_too_few_cases_have_no_interval():
    assert np.isnan(mean_interval([0.1, 0.2, 0.3], ["a", "b", "b"])).all()


def test_resamples_have_as_many_cases_and_depend_on_the_seed():
    counts = case_counts(7, resamples=500, seed=1)
    assert counts.shape == (500, 7)
    assert (counts.sum(axis=1) == 7).all()
    assert np.array_equal(counts, case_counts(7, resamples=500, seed=1))
    assert not np.array_equal(counts, case_counts(7, resamples=500, seed=2))


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


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=3, max_size=12), st.integers(1, 3))
def test_interval_lies_among_the_cases(values, seeds):
    low, high = mean_interval(np.repeat(values, seeds), np.repeat(np.arange(len(values)), seeds), resamples=200)
    assert min(values) - 1e-12 <= low <= high <= max(values) + 1e-12
