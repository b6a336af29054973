"""Rankings and their stability: derived by hand, against SciPy, with gaps and ties."""

import math

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from metrics_rows import table_of
from scipy.stats import kendalltau

from weakseg3d.statistics.bootstrap import case_counts
from weakseg3d.statistics.ranking import COLUMNS, SHARE_COLUMNS, kendall_tau, ranking, ranks_of


def test_a_clear_order_is_stable():
    rows = table_of({"weak": {"a": 0.5, "b": 0.6, "c": 0.7}, "dense": {"a": 0.8, "b": 0.9, "c": 1.0}})
    table, shares = ranking(rows)
    assert list(table) == COLUMNS
    assert list(shares) == SHARE_COLUMNS
    assert table["series"].tolist() == ["weak", "dense"]
    assert table["mean"].tolist() == pytest.approx([0.6, 0.9])
    assert table["rank"].tolist() == table["average_rank"].tolist() == [2, 1]
    assert table["kendall_tau"].tolist() == [1, 1]
    assert shares["share"].tolist() == [0, 1, 1, 0]


def test_shares_by_hand():
    # First leads by 0.1 on a and b, loses by 0.4 on c, and leads in the resamples without c: a share of (2/3)³ = 8/27.
    rows = table_of({"first": {"a": 0.6, "b": 0.6, "c": 0.4}, "second": {"a": 0.5, "b": 0.5, "c": 0.8}})
    table, shares = ranking(rows)
    first_shares = shares[shares["series"] == "first"].set_index("rank")["share"]
    # The standard error of a share of 10,000 resamples is below 0.005.
    assert first_shares[1] == pytest.approx(8 / 27, abs=0.02)
    assert first_shares[1] + first_shares[2] == 1
    assert table.set_index("series").loc["first", "average_rank"] == pytest.approx(2 - first_shares[1])
    # Tau is 1 in resamples in which second leads, as in the full ranking, and -1 in the others.
    assert table["kendall_tau"].tolist() == pytest.approx([1 - 2 * first_shares[1]] * 2)


def test_lower_is_better_for_a_distance():
    table, _ = ranking(table_of({"a": {"x": 1, "y": 2}, "b": {"x": 3, "y": 4}}, metric="assd"))
    assert table["rank"].tolist() == [1, 2]


def test_equal_methods_share_the_better_rank():
    same = {"a": [0.1, 0.2, 0.3], "b": [0.4, 0.5, 0.9], "c": [0.7, 0.3, 0.2]}
    reordered = {case: values[::-1] for case, values in same.items()}
    table, shares = ranking(table_of({"a": same, "b": reordered, "worse": {"a": 0.01, "b": 0.01, "c": 0.01}}))
    assert table["rank"].tolist() == [1, 1, 3]
    assert table["average_rank"].tolist() == [1, 1, 3]
    assert table["kendall_tau"].tolist() == [1, 1, 1]
    assert shares.pivot(index="series", columns="rank", values="share").loc["a"].tolist() == [1, 0, 0]


def test_only_cases_that_all_methods_have():
    # Dense would fall behind weak if its two difficult cases counted.
    values = {
        "weak": {"a": 0.9, "b": 0.9, "c": 0.9},
        "dense": {"a": 0.95, "b": 0.95, "c": 0.95, "d": 0.3, "e": [0.1, 0.2]},
    }
    rows = table_of(values)
    table, _ = ranking(rows[~((rows["method"] == "dense") & (rows["seed"] == "1"))])
    assert table["n"].tolist() == [3, 3]
    assert table["n_left_out"].tolist() == [2, 2]
    assert table["mean"].tolist() == pytest.approx([0.9, 0.95])
    assert table["rank"].tolist() == [2, 1]
    # As only case e has a second seed, dense lacks a seed in every other case.
    table, shares = ranking(rows)
    assert table["n"].tolist() == [0, 0]
    assert table["rank"].isna().all()
    assert shares.empty


def test_two_cases_have_ranks_but_no_stability():
    table, shares = ranking(table_of({"a": {"x": 0.1, "y": 0.2}, "b": {"x": 0.3, "y": 0.4}}))
    assert table["rank"].tolist() == [2, 1]
    assert table["average_rank"].isna().all()
    assert table["kendall_tau"].isna().all()
    assert shares.empty


def test_missed_organs_lower_the_rank():
    missed = (0, "empty_prediction")
    values = {"careful": {"a": 0.5, "b": 0.5, "c": 0.5}, "bold": {"a": 0.7, "b": 0.7, "c": missed}}
    table, _ = ranking(table_of(values))
    assert table["rank"].tolist() == [1, 2]


def test_every_organ_and_metric_has_its_own_ranking():
    good, bad = {"a": 0.9, "b": 0.9, "c": 0.9}, {"a": 0.1, "b": 0.1, "c": 0.1}
    rows = pd.concat(
        [table_of({"x": good, "y": bad}), table_of({"x": bad, "y": good}, organ="liver")]
        + [table_of({"x": good, "y": bad}, metric="hd95"), table_of({"x": good, "y": bad}, metric="volume_error")]
    )
    table, _ = ranking(rows)
    assert list(zip(table["organ"], table["metric"], table["rank"], strict=True)) == [
        *(("spleen", "dice", 1), ("spleen", "dice", 2), ("liver", "dice", 2), ("liver", "dice", 1)),
        *(("spleen", "hd95", 2), ("spleen", "hd95", 1)),
    ]


def test_repeated_calls_give_the_same_bytes_and_another_seed_does_not():
    rng = np.random.default_rng(1)
    rows = table_of({name: dict(zip("abcdef", rng.random(6), strict=True)) for name in ("a", "b", "c")})
    assert [part.to_csv() for part in ranking(rows)] == [part.to_csv() for part in ranking(rows)]
    assert ranking(rows, seed=1)[1].to_csv() != ranking(rows)[1].to_csv()
    # Rankings of other organs do not matter.
    more = pd.concat([table_of({"z": {"a": 1.0, "b": 0.0, "c": 0.5}}, organ="liver"), rows], ignore_index=True)
    table = ranking(more)[0]
    pd.testing.assert_frame_equal(
        table[table["organ"] == "spleen"].reset_index(drop=True), ranking(rows)[0], check_exact=True
    )


def test_resamples_have_as_many_cases_and_depend_on_the_seed():
    counts = case_counts(7, resamples=500, seed=1)
    assert counts.shape == (500, 7)
    assert (counts.sum(axis=1) == 7).all()
    assert np.array_equal(counts, case_counts(7, resamples=500, seed=1))
    assert not np.array_equal(counts, case_counts(7, resamples=500, seed=2))


@settings(max_examples=60)
@given(arrays(float, st.tuples(st.integers(1, 4), st.integers(2, 5)), elements=st.sampled_from([0.1, 0.2, 0.3, 0.4])))
def test_tau_is_scipys(means):
    ranks = ranks_of(means, 1)
    theirs = [kendalltau(row, ranks[0]).statistic for row in ranks]
    expected = np.nanmean(theirs) if not np.isnan(theirs).all() else math.nan
    assert kendall_tau(ranks, ranks[0]) == pytest.approx(expected, nan_ok=True)


def test_ranks_are_whole_numbers_whatever_scipy_returns(monkeypatch):
    """SciPy returns floating-point numbers since 1.18, of which NumPy counts none."""
    rankdata = scipy.stats.rankdata
    monkeypatch.setattr(scipy.stats, "rankdata", lambda *args, **options: rankdata(*args, **options).astype(float))
    assert ranks_of(np.array([[0.5, 0.7, 0.5]]), 1).tolist() == [[2, 1, 2]]
    assert ranks_of(np.array([[0.5, 0.7, 0.5]]), 1).dtype == np.int64
