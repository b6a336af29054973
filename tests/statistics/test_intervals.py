"""Intervals of means: derived by hand, against SciPy, with seeds, at the bounds, and their simulated coverage."""

import importlib.util
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, t

from weakseg3d.statistics.intervals import interval_of_means, mean_interval, share_interval

T3 = 3.182446305284263
"""The 97.5th percentile of Student's t with three degrees of freedom, from printed tables (3.182)."""

DICE, DISTANCE = (0, 1), (0, math.inf)
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_a_difference_by_hand():
    # Mean 3, squared deviations 4, 1, 0, 9; standard error sqrt(14 / 3 / 4) = 1.0801.
    half = T3 * math.sqrt(14 / 12)
    assert mean_interval([1, 2, 3, 6], "abcd") == pytest.approx((3 - half, 3 + half))


def test_a_distance_by_hand():
    # The same half, on the logarithm: 3.4374 / 3 = 1.1458, a factor of 3.1449.
    factor = math.exp(T3 * math.sqrt(14 / 12) / 3)
    assert mean_interval([1, 2, 3, 6], "abcd", DISTANCE) == pytest.approx((3 / factor, 3 * factor))
    assert factor == pytest.approx(3.145, abs=5e-4)


def test_a_dice_by_hand():
    # Mean 0.8, squared deviations 0.04, 0, 0, 0.04; half 3.1824 sqrt(0.08 / 12) = 0.2598; on the logit, divided by
    # 0.8 * 0.2, 1.6240 on both sides of ln 4 = 1.3863.
    low, high = mean_interval([0.6, 0.8, 0.8, 1.0], "abcd", DICE)
    assert low == pytest.approx(1 / (1 + math.exp(0.2377)), abs=1e-4)
    assert high == pytest.approx(1 / (1 + math.exp(-3.0103)), abs=1e-4)


def test_a_range_that_starts_below_zero():
    # A volume error is -1 at least: the interval of the values plus one, less one.
    shifted = np.subtract(mean_interval([1, 2, 3, 6], "abcd", DISTANCE), 1)
    assert mean_interval([0, 1, 2, 5], "abcd", (-1, math.inf)) == pytest.approx(tuple(shifted))


def test_three_cases_have_no_interval_however_many_seeds():
    assert np.isnan(mean_interval([0.1, 0.2, 0.3] * 4, ["a", "b", "c"] * 4, DICE)).all()


def test_seeds_of_a_case_are_averaged():
    cases, values = np.arange(8), np.random.default_rng(5).random(8)
    low, high = mean_interval(values, cases, DICE)
    assert mean_interval(np.tile(values, 4), np.tile(cases, 4), DICE) == pytest.approx((low, high))
    # If seeds counted as separate cases, four seeds would halve the interval.
    naive = mean_interval(np.tile(values, 4), np.arange(32), DICE)
    assert naive[1] - naive[0] < 0.6 * (high - low)


def test_without_bounds_it_is_scipys():
    values = np.random.default_rng(1).normal(0, 1, 12)
    low, high = t.interval(0.95, 11, values.mean(), values.std(ddof=1) / math.sqrt(12))
    assert mean_interval(values, range(12)) == pytest.approx((low, high))


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_equal_cases_leave_no_room(value):
    assert mean_interval([value] * 5, range(5), DICE) == (value, value)
    assert mean_interval([value] * 5, range(5), DISTANCE) == (value, value)


@pytest.mark.parametrize("values", [[1.0, 1.0, 1.0, math.nextafter(1, 0)], [0.0, 0.0, 0.0, 5e-324]])
def test_values_within_rounding_of_a_bound_have_no_spread(values):
    for bounds in (DICE, DISTANCE):
        low, high = mean_interval(values, range(4), bounds)
        assert low == pytest.approx(values[0], abs=1e-12)
        assert high == pytest.approx(values[0], abs=1e-12)


@settings(max_examples=100)
@given(st.lists(st.one_of(st.floats(0, 1), st.sampled_from([0.0, 1.0])), min_size=4, max_size=12))
def test_the_interval_holds_the_mean_and_keeps_to_the_range(values):
    for bounds in (DICE, DISTANCE):
        low, high = mean_interval(values, range(len(values)), bounds)
        assert bounds[0] <= low <= np.mean(values) + 1e-12
        assert np.mean(values) - 1e-12 <= high <= bounds[1]
        assert math.isfinite(high)


@settings(max_examples=50)
@given(st.lists(st.floats(0.01, 0.99), min_size=4, max_size=12))
def test_the_share_that_is_wrong_has_the_mirrored_interval(values):
    low, high = interval_of_means(values, DICE)
    assert interval_of_means(1 - np.array(values), DICE) == pytest.approx((1 - high, 1 - low))


def test_wilson_by_hand():
    # Newcombe 1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E, table I.
    assert share_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert share_interval(0, 20) == pytest.approx((0, 0.1611), abs=5e-5)
    assert share_interval(1, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)
    assert np.isnan(share_interval(0, 0)).all()


@pytest.mark.parametrize(("count", "n"), [(0, 1), (1, 1), (3, 8), (8, 8)])
def test_wilson_is_scipys(count, n):
    theirs = binomtest(count, n).proportion_ci(method="wilson")
    assert share_interval(count, n) == pytest.approx((theirs.low, theirs.high))


@pytest.fixture(scope="module")
def coverage():
    sys.path.insert(0, str(BENCHMARKS))
    specification = importlib.util.spec_from_file_location("coverage_of_intervals", BENCHMARKS / "coverage.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    sys.path.remove(str(BENCHMARKS))
    return module


def test_simulated_coverage(coverage):
    # The standard error of a coverage over 4,000 trials is 0.0034 to 0.005.
    table = coverage.coverage(sizes=(4, 6, 10, 50), intervals=["t, transformed"], trials=4000, seed=1)
    ordinary = table[table["data"].str.startswith(("normal", "Dice-like"))]
    assert ordinary["coverage"].min() >= 0.92
    assert ordinary["coverage"].max() <= 0.97
    distances = table[table["data"].str.startswith("HD95-like")]
    assert distances["coverage"].min() >= 0.86


def test_all_intervals_are_simulated_and_the_percentile_interval_is_too_short(coverage):
    table = coverage.coverage(["normal"], sizes=(4,), trials=400)
    found = table.set_index("interval")
    assert list(found.index) == list(coverage.INTERVALS)
    assert found["coverage"]["percentile bootstrap"] < 0.88 < found["coverage"]["t, transformed"]
    assert found["width"]["percentile bootstrap"] < found["width"]["t, transformed"] < found["width"]["studentised"]
