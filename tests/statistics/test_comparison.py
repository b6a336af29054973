"""Pairwise comparisons: derived by hand, against SciPy, with gaps, ties and too few cases."""

import math
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from metrics_rows import table_of
from scipy.stats import wilcoxon

from weakseg3d.statistics.comparison import COLUMNS, comparisons, holm, rank_biserial, signed_rank_test

CASES = "abcdef"


def cases_of(values):
    return dict(zip(CASES, values, strict=False))


def compare(values, **options):
    return comparisons(table_of(values, **options)).to_dict("records")


def test_a_pair_by_hand():
    # Differences .1, .2, .3, .4, .5, -.6: ranks 1 to 5 for first, 6 against. Rank-biserial (15 - 6) / 21. Of the 64
    # choices of signs, 14 have a rank sum of at most 6: none; 1 to 6 alone; 1+2, 1+3, 1+4, 1+5, 2+3, 2+4, 1+2+3.
    (line,) = compare(
        {"weak": cases_of([0.9, 0.9, 0.9, 0.9, 0.9, 0.1]), "box": cases_of([0.8, 0.7, 0.6, 0.5, 0.4, 0.7])}
    )
    assert list(line) == COLUMNS
    assert (line["first"], line["second"], line["metric"], line["n"], line["n_left_out"]) == (
        "weak",
        "box",
        "dice",
        6,
        0,
    )
    assert (line["wins"], line["ties"], line["losses"]) == (5, 0, 1)
    assert line["mean_difference"] == pytest.approx(0.15)
    assert line["effect"] == pytest.approx(9 / 21)
    assert line["p"] == line["p_holm"] == pytest.approx(2 * 14 / 64)
    assert (line["reason"], line["n_tests"], line["favours"]) == ("", 1, "weak")
    # Squared deviations from 0.15: .0025, .0025, .0225, .0625, .1225, .5625; sum .775; t(0.975, 5) = 2.5706.
    half = 2.5706 * math.sqrt(0.775 / 5 / 6)
    assert (line["low"], line["high"]) == pytest.approx((0.15 - half, 0.15 + half), abs=1e-4)


def test_the_interval_needs_four_cases_and_the_test_six():
    four = {"weak": cases_of([0.9, 0.8, 0.9, 0.7]), "box": cases_of([0.5, 0.5, 0.5, 0.5])}
    (line,) = compare(four)
    assert line["low"] < line["mean_difference"] < line["high"]
    assert (line["p"], line["reason"]) == (
        pytest.approx(math.nan, nan_ok=True),
        "4 cases with a difference, where p cannot be below 0.12",
    )
    assert wilcoxon([0.4, 0.3, 0.41, 0.2]).pvalue == 0.125
    (line,) = compare({name: dict(list(cases.items())[:3]) for name, cases in four.items()})
    assert math.isnan(line["low"])


def test_lower_is_better_for_a_distance():
    (line,) = compare({"weak": cases_of([1, 2, 3, 4, 5, 6]), "box": cases_of([2, 4, 6, 8, 10, 12])}, metric="hd95")
    assert (line["wins"], line["losses"], line["effect"]) == (6, 0, 1)
    assert line["mean_difference"] == -3.5
    assert line["favours"] == "weak"
    assert line["p"] == pytest.approx(2 / 64)


def test_seeds_are_averaged_within_a_case():
    # Two seeds of six cases are six pairs, not twelve.
    weak = cases_of([[0.8, 1.0], [0.7, 0.9], [0.6, 0.8], [0.5, 0.7], [0.4, 0.6], [0.3, 0.5]])
    (line,) = compare({"weak": weak, "box": cases_of([0.1, 0.1, 0.1, 0.1, 0.1, 0.1])})
    assert (line["n"], line["wins"]) == (6, 6)
    assert line["mean_difference"] == pytest.approx(0.55)
    assert line["p"] == pytest.approx(2 / 64)


def test_a_gap_removes_the_case_from_its_own_pairs_only():
    values = {
        "weak": cases_of([0.9, 0.8, 0.7, 0.6, 0.5, 0.4]),
        "box": cases_of([0.8, 0.7, 0.6, 0.5, 0.4]),
        # One of two seeds of case f failed.
        "dense": cases_of([[1.0, 0.9]] * 5 + [[1.0, None]]),
    }
    lines = {(line["first"], line["second"]): line for line in compare(values)}
    assert {pair: (line["n"], line["n_left_out"]) for pair, line in lines.items()} == {
        ("weak", "box"): (5, 1),
        ("weak", "dense"): (5, 1),
        ("box", "dense"): (5, 1),
    }
    assert all(line["reason"] == "5 cases with a difference, where p cannot be below 0.062" for line in lines.values())
    assert [line["n_tests"] for line in lines.values()] == [0, 0, 0]
    assert all(math.isnan(line["p"]) and math.isnan(line["p_holm"]) for line in lines.values())
    # Values that need no test are still given.
    assert lines["weak", "box"]["wins"] == 5
    assert lines["weak", "box"]["mean_difference"] == pytest.approx(0.1)


def test_missed_organs_count_and_absent_ones_do_not():
    weak = cases_of([0.9, 0.8, 0.7, 0.6, 0.5, 0.4]) | {"g": (0, "empty_prediction"), "h": (math.nan, "absent_in_both")}
    box = cases_of([0.8] * 6) | {"g": 0.7, "h": (0, "absent_in_reference")}
    (line,) = compare({"weak": weak, "box": box})
    assert (line["n"], line["n_left_out"], line["wins"], line["ties"], line["losses"]) == (7, 0, 1, 1, 5)


def test_no_difference_anywhere():
    (line,) = compare({"weak": cases_of([0.5] * 6), "copy": cases_of([0.5] * 6)})
    assert (line["wins"], line["ties"], line["losses"], line["mean_difference"]) == (0, 6, 0, 0)
    assert math.isnan(line["effect"])
    assert math.isnan(line["p"])
    assert line["reason"] == "no difference in any case"


def test_rounding_errors_count_as_ties():
    # 0.1 + 0.2 is not 0.3 in binary.
    thirds = [[0.1, 0.2, 0.3]] * 6
    (line,) = compare({"weak": cases_of(thirds), "copy": cases_of([[0.3, 0.1, 0.2]] * 6)})
    assert line["ties"] == 6


def test_no_case_in_common():
    (line,) = compare({"weak": {"a": 0.5}, "box": {"b": 0.5}})
    assert (line["n"], line["n_left_out"], line["reason"]) == (0, 2, "no case in common")
    assert math.isnan(line["mean_difference"])


def test_holm_is_within_organ_and_metric():
    worse = {name: cases_of(np.linspace(top, top - 0.05, 6)) for name, top in (("a", 0.9), ("b", 0.7), ("c", 0.5))}
    rows = pd.concat([table_of(worse), table_of(worse, organ="liver"), table_of(worse, metric="nsd")])
    table = comparisons(rows)
    assert len(table) == 9
    assert table["p"].tolist() == pytest.approx([2 / 64] * 9)
    assert table["p_holm"].tolist() == pytest.approx([6 / 64] * 9)


def test_one_method_has_no_pair():
    table = comparisons(table_of({"weak": cases_of([0.5] * 6)}))
    assert table.empty
    assert list(table) == COLUMNS


def test_metrics_without_a_direction_are_not_compared():
    assert comparisons(table_of({"a": {"x": 0.1}, "b": {"x": 0.2}}, metric="volume_error")).empty


def test_organ_absent_everywhere():
    absent = (math.nan, "absent_in_both")
    (line,) = compare({"weak": {"a": absent}, "box": {"a": absent}})
    assert (line["n"], line["n_left_out"], line["reason"]) == (0, 0, "no case in common")


def test_repeated_calls_give_the_same_bytes():
    rng = np.random.default_rng(1)
    rows = table_of({name: {case: list(rng.random(2)) for case in CASES} for name in ("a", "b", "c")})
    first = comparisons(rows).to_csv()
    assert comparisons(rows).to_csv() == first
    assert comparisons(rows.iloc[::-1].iloc[::-1]).to_csv() == first


def test_holm_by_hand():
    # In ascending order .01 x 4, .02 x 3, .03 x 2, .5 x 1; the third product, .06, equals the second.
    assert holm([0.5, 0.01, 0.03, 0.02]) == pytest.approx([0.5, 0.04, 0.06, 0.06])
    # Never below the one before, never above 1.
    assert holm([0.04, 0.03]) == pytest.approx([0.06, 0.06])
    assert holm([0.9, 0.8]) == pytest.approx([1, 1])


def test_holm_leaves_out_untested_pairs():
    assert holm([math.nan, 0.02, math.nan, 0.01]) == pytest.approx([math.nan, 0.02, math.nan, 0.02], nan_ok=True)
    assert holm([]).shape == (0,)


def test_five_wins_are_not_tested_and_six_are():
    assert signed_rank_test([0.1, 0.2, 0.3, 0.4, 0.5, 0, 0])[1].startswith("5 cases with a difference")
    assert signed_rank_test([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0, 0]) == (pytest.approx(2 / 64), "")


@pytest.mark.parametrize("n", [6, 13, 20, 60])
def test_the_test_is_scipys(n):
    differences = np.random.default_rng(n).normal(0.3, 1, n)
    assert signed_rank_test(differences)[0] == pytest.approx(wilcoxon(differences, zero_method="wilcox").pvalue)


def simulated(lead):
    """Return comparisons on 400 organs with 12 cases of three methods, of which the first leads by ``lead``."""
    rng = np.random.default_rng(7)
    values = rng.normal([lead, 0, 0], 1, (400, 12, 3)) + rng.normal(0, 3, (400, 12, 1))
    organ, case, method = np.indices(values.shape).reshape(3, -1)
    labels = {"dataset": "toy", "modality": "ct", "annotation": "points", "seed": "0"}
    columns = {"metric": "hd95", "unit": "mm", "status": "ok", "value": values.ravel()}
    return comparisons(pd.DataFrame({"organ": organ, "case": case, "method": method.astype(str), **labels, **columns}))


def test_equal_methods_are_rarely_told_apart_and_different_ones_mostly():
    null = simulated(0)
    # In at most 5 % of organs a corrected p is below 0.05; two standard errors of 400 organs are 2.2 %.
    assert (null["p_holm"] < 0.05).groupby(null["organ"]).any().mean() < 0.072
    holds = (null["low"] <= 0) & (null["high"] >= 0)
    assert 0.93 < holds.mean() < 0.97
    different = simulated(1.5)
    found = (different["p_holm"] < 0.05) & (different["favours"] != different["first"])
    assert found[different["first"] == "0"].mean() > 0.7, "power against a lead of the second: lower is better"
    covered = (different["low"] <= 1.5) & (different["high"] >= 1.5)
    assert covered[different["first"] == "0"].mean() > 0.93


@pytest.mark.parametrize("sizes", [[1, 2, 3, 4, 5, 6], [0.1, 0.4, 0.5, 0.9, 2.0, 3.0, 7.0], [1, 1, 1, 2, 2, 3]])
def test_of_all_signs_that_equal_methods_can_give_at_most_one_in_twenty_is_significant(sizes):
    # Exchangeable methods give each difference either sign with equal chance, whatever its size.
    signs = list(product([-1, 1], repeat=len(sizes)))
    p_values = [signed_rank_test(np.multiply(sign, sizes))[0] for sign in signs]
    assert 0 < np.mean(np.less(p_values, 0.05)) <= 0.05


@settings(max_examples=60)
@given(arrays(float, st.integers(1, 12), elements=st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0])))
def test_exchanging_the_methods_changes_the_sign_of_the_effect_alone(differences):
    there, back = rank_biserial(differences), rank_biserial(-differences)
    assert there == pytest.approx(-back, nan_ok=True)
    assert math.isnan(there) == (not differences.any())
    assert math.isnan(there) or -1 <= there <= 1
    (p, reason), (q, _) = signed_rank_test(differences), signed_rank_test(-differences)
    assert p == pytest.approx(q, nan_ok=True)
    assert bool(reason) == math.isnan(p)


@settings(max_examples=60)
@given(arrays(float, st.integers(1, 12), elements=st.floats(0, 1)))
def test_holm_never_lowers_and_keeps_the_order(p):
    corrected = holm(p)
    assert (corrected >= p).all()
    assert (corrected <= np.minimum(1, p * len(p))).all()
    assert (np.diff(corrected[np.argsort(p, kind="stable")]) >= 0).all()
