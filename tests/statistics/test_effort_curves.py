"""Curves of Dice over effort, with known areas and known efforts."""

import numpy as np
import pytest

from weakseg3d.statistics.effort_curves import (
    areas,
    effort_interval,
    effort_to_reach,
    is_logarithmic,
    significant_fall,
)


def test_area_on_a_linear_axis():
    # Trapezoids: 10 * 0.5 + 30 * 0.7 = 26 over a range of 40.
    assert areas([[0.4, 0.6, 0.8]], [10, 20, 50]) == pytest.approx([26 / 40])


def test_area_on_a_logarithmic_axis():
    # Equal steps of a factor 10: (0.2 + 0.5) / 2 and (0.5 + 0.6) / 2, each half of the range.
    assert is_logarithmic([1, 10, 100])
    assert areas([[0.2, 0.5, 0.6], [0.3, 0.3, 0.3]], [1, 10, 100]) == pytest.approx([0.45, 0.3])


def test_effort_lies_between_levels_on_the_axis():
    assert effort_to_reach([0.2, 0.6], [10, 50], 0.5) == pytest.approx(40)
    assert effort_to_reach([0.2, 0.6], [1, 100], 0.4) == pytest.approx(10)


def test_nothing_is_said_beyond_the_data():
    assert effort_to_reach([0.2, 0.6], [10, 50], 0.61) == np.inf
    assert effort_to_reach([0.2, 0.6], [10, 50], 0.2) == -np.inf
    assert effort_to_reach([0.2, 0.6], [10, 50], 0.6) == pytest.approx(50)


def test_a_dip_is_levelled_before_the_effort_is_read_off():
    # The raw curve reaches 0.5 at level 2; its fit is 0.2, 0.45, 0.45, 0.6: two thirds of the way from 3 to 4 less.
    assert effort_to_reach([0.2, 0.5, 0.4, 0.6], [1, 2, 3, 4], 0.5) == pytest.approx(3 + 0.05 / 0.15)


def test_equal_cases_have_an_interval_without_width():
    values = np.tile([0.2, 0.6], (5, 1))
    assert effort_interval(values, np.full(5, 0.5), [10, 50], 1.0) == pytest.approx((40, 40))


def test_an_interval_may_end_beyond_the_data():
    # Cases reach the target of 0.5 at 20 or never; all resamples of one kind have a share of 1/32 each.
    values = np.array([[0.4, 0.6], [0.4, 0.6], [0.4, 0.6], [0.3, 0.3], [0.3, 0.3]])
    low, high = effort_interval(values, np.full(5, 0.5), [10, 30], 1.0)
    assert 20 <= low < 30
    assert high == np.inf
    assert effort_interval(values, np.full(5, 0.5), [10, 30], 1.0) == (low, high)


def test_too_few_cases_have_no_interval():
    assert np.isnan(effort_interval(np.ones((3, 2)), np.ones(3), [1, 2], 0.95)).all()


def test_a_fall_beyond_chance_is_found():
    draw = np.random.default_rng(0)
    noise = draw.normal(0, 0.02, (8, 3))
    assert significant_fall(np.array([0.5, 0.8, 0.6]) + noise) == (1, 2)
    assert significant_fall(np.array([0.5, 0.6, 0.6]) + noise) is None
    assert significant_fall(np.array([[0.8, 0.5]] * 3)) is None
    assert significant_fall(np.array([[0.8, 0.5]] * 4)) == (0, 1)
