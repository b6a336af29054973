"""The ranking over all organs: derived by hand, with gaps, missed organs and ties; groups and agreement of metrics."""

import math

import numpy as np
import pandas as pd
import pytest
from metrics_rows import table_of

from weakseg3d.statistics.overall_ranking import (
    AGREEMENT_COLUMNS,
    COLUMNS,
    SHARE_COLUMNS,
    overall_ranking,
    significance_groups,
)


def flat(values, cases="abc"):
    return {method: dict.fromkeys(cases, value) for method, value in values.items()}


def ranks(rows, **options):
    table = overall_ranking(rows, **options)[0]
    return table.set_index("series")


def test_mean_ranks_by_hand():
    # Ranks 1, 2, 3 on the spleen, 2, 1, 3 on the liver, 1, 2, 3 on the kidney: means 4/3, 5/3, 3.
    rows = pd.concat(
        [
            table_of(flat({"x": 0.9, "y": 0.8, "z": 0.1})),
            table_of(flat({"x": 0.5, "y": 0.6, "z": 0.4}), organ="liver"),
            table_of(flat({"x": 0.9, "y": 0.8, "z": 0.7}), organ="kidney"),
        ]
    )
    table, shares, agreement = overall_ranking(rows)
    assert (list(table), list(shares), list(agreement)) == (COLUMNS, SHARE_COLUMNS, AGREEMENT_COLUMNS)
    assert table["rank"].tolist() == [1, 2, 3]
    assert table["mean_rank"].tolist() == pytest.approx([4 / 3, 5 / 3, 3])
    # All cases of an organ agree, so resampling them changes nothing. Of three organs drawn, x leads unless the liver
    # is drawn at least twice: 3 (1/9)(2/3) + 1/27 = 7/27.
    assert table["tau_cases"].tolist() == [1, 1, 1]
    first = shares[(shares["resampled"] == "organs") & (shares["series"] == "x")].set_index("rank")["share"]
    assert first[1] == pytest.approx(20 / 27, abs=0.02)
    # Three pairs: xz and yz never change; xy is reversed in 7 of 27 resamples, which makes tau 1/3.
    assert table["tau_organs"][0] == pytest.approx(20 / 27 + 7 / 27 / 3, abs=0.02)


def test_every_organ_counts_the_same_whatever_its_cases():
    rows = pd.concat(
        [table_of(flat({"x": 0.9, "y": 0.8}, "abcdefghij")), table_of(flat({"x": 0.1, "y": 0.8}), organ="liver")]
    )
    table = ranks(rows)
    assert table["mean_rank"].tolist() == [1.5, 1.5]
    assert table["rank"].tolist() == [1, 1]


def test_a_method_without_an_organ_has_no_rank():
    rows = pd.concat([table_of(flat({"x": 0.9, "y": 0.8, "z": 0.7})), table_of(flat({"x": 1, "z": 2}), organ="liver")])
    table = ranks(rows)
    assert math.isnan(table.loc["y", "rank"])
    assert table.loc["y", "reason"] == "no result on some organ"
    assert table.loc[["x", "z"], "mean_rank"].tolist() == [1.5, 1.5]


def test_an_organ_never_found_is_the_last_rank_and_none_found_is_no_rank():
    missed = (0, "empty_prediction")
    rows = pd.concat(
        [
            table_of(flat({"x": missed, "y": 0.1, "never": missed})),
            table_of(flat({"x": 0.9, "y": 0.1, "never": missed}), organ="liver"),
        ]
    )
    table = ranks(rows)
    assert table.loc[["x", "y"], "mean_rank"].tolist() == [1.5, 1.5]
    assert math.isnan(table.loc["never", "rank"])
    assert table.loc["never", "reason"] == "found no organ in any case"


def test_lower_is_better_for_a_distance_and_metrics_agree_or_not():
    values = {"x": 0.9, "y": 0.8, "z": 0.7}
    agreeing = table_of(flat({name: 10 - 10 * value for name, value in values.items()}), metric="hd95")
    reverse = table_of(flat({name: 10 * value for name, value in values.items()}), metric="hd95")
    for other, tau in ((agreeing, 1), (reverse, -1)):
        agreement = overall_ranking(pd.concat([table_of(flat(values)), other]))[2]
        assert agreement["organ"].tolist() == ["", "spleen"]
        assert agreement["kendall_tau"].tolist() == pytest.approx([tau, tau])


def test_groups_by_hand():
    # Ten cases: a beats b in nine and loses one (|2| smallest rank shared), c loses all. a and b do not differ.
    case_ranks = np.array([[1.0, 2.0, 3.0]] * 5 + [[2.0, 1.0, 3.0]] * 5)
    groups, better_than, n, reason = significance_groups(case_ranks, np.array([1, 1, 3]))
    assert (groups, better_than, n, reason) == ([1, 1, 2], [1, 1, 0], 10, "")


def test_groups_need_enough_cases_for_their_tests():
    case_ranks = np.array([[1.0, 2.0, 3.0]] * 6)
    groups, _, _, reason = significance_groups(case_ranks, np.array([1, 2, 3]))
    # Three tests at 2 / 2^6: at best 0.094.
    assert np.isnan(groups).all()
    assert reason == "6 cases and 3 tests, where p (Holm) cannot be below 0.094"
    assert significance_groups(case_ranks[:5], np.array([1, 2, 3]))[3] == "5 cases, too few for a test"
    groups, better_than, _, reason = significance_groups(np.array([[1.0, 2.0, 3.0]] * 8), np.array([1, 2, 3]))
    assert (groups, better_than, reason) == ([1, 2, 3], [2, 1, 0], "")


def test_organs_of_a_case_are_one_observation():
    cases = "abcdefgh"
    one = table_of(flat({"x": 0.9, "y": 0.8}, cases))
    table = ranks(pd.concat([one, one.assign(organ="liver"), one.assign(organ="kidney")]))
    assert table["n_cases"].tolist() == [8, 8]
    table = ranks(pd.concat([one, one.assign(dataset="other")]))
    assert table["n_cases"].tolist() == [16, 16]


def test_equal_methods_share_a_group():
    rng = np.random.default_rng(2)
    noise = {name: dict(zip("abcdefghijkl", rng.random(12), strict=True)) for name in "xyz"}
    assert ranks(table_of(noise))["group"].tolist() == [1, 1, 1]
