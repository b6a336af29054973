"""Areas under risk-coverage curves and their test: values derived by hand, and an independent formula."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weakseg3d.statistics.risk_coverage import aurc, case_weights, risk_coverage


def test_area_by_hand():
    # Accepted in the order b, c, a: selective risks 0.1, (0.1 + 0.4) / 2, (0.1 + 0.4 + 0.7) / 3.
    assert aurc([0.7, 0.1, 0.4], [0.9, 0.2, 0.5]) == pytest.approx((0.1 + 0.25 + 0.4) / 3)


def test_equal_uncertainties_have_the_mean_over_their_orders():
    # Orders a, b, c and a, c, b: (0.1 + 0.25 + 0.4) / 3 and (0.1 + 0.4 + 0.4) / 3.
    assert aurc([0.1, 0.4, 0.7], [0.2, 0.5, 0.5]) == pytest.approx((0.25 + 0.3) / 2)


def test_no_order_has_the_area_of_a_random_one():
    assert aurc([0.1, 0.4, 0.7, 0.0], [0.5] * 4) == pytest.approx(0.3)


def test_weights_by_hand():
    assert case_weights([1, 2, 3]) == pytest.approx([11 / 18, 5 / 18, 2 / 18])


def curve_area(risks, uncertainty):
    """Return the area from the curve itself, averaged over all orders of equal uncertainties."""
    areas = []
    for order in permutations(range(len(risks))):
        if all(uncertainty[first] <= uncertainty[second] for first, second in zip(order, order[1:], strict=False)):
            accepted = [risks[case] for case in order]
            areas.append(np.mean([np.mean(accepted[:number]) for number in range(1, len(accepted) + 1)]))
    return np.mean(areas)


CASES = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=6)


@settings(max_examples=60)
@given(CASES)
def test_area_equals_that_of_the_curve(cases):
    risks, uncertainty = np.array(cases, float).T / 5
    assert aurc(risks, uncertainty) == pytest.approx(curve_area(risks, uncertainty))


@settings(max_examples=60)
@given(CASES)
def test_best_and_random_orders_are_those_among_all(cases):
    risks, uncertainty = np.array(cases, float).T / 5
    found = risk_coverage(risks, uncertainty)
    areas = [aurc(order, uncertainty) for order in permutations(risks)]
    untied = [aurc(order, range(len(risks))) for order in permutations(risks)]
    assert found.aurc_best == pytest.approx(min(untied))
    assert found.aurc_random == pytest.approx(np.mean(untied)) == pytest.approx(np.mean(areas))
    assert found.p == pytest.approx(np.mean([area <= found.aurc + 1e-9 for area in areas]))
    assert found.lowest_p == pytest.approx(np.mean([area <= min(areas) + 1e-9 for area in areas]))
    assert found.aurc_best - 1e-12 <= found.aurc
    assert found.e_aurc == found.aurc - found.aurc_best


def test_p_of_the_best_and_of_the_worst_order():
    risks = [0.1, 0.2, 0.3, 0.4]
    best, worst = risk_coverage(risks, [1, 2, 3, 4]), risk_coverage(risks, [4, 3, 2, 1])
    assert (best.e_aurc, best.p, best.lowest_p) == pytest.approx((0, 1 / 24, 1 / 24))
    assert (worst.p, worst.lowest_p) == pytest.approx((1, 1 / 24))


def test_without_differences_no_order_is_better():
    for risks, uncertainty in (([0.3] * 5, range(5)), (range(5), [0.3] * 5)):
        found = risk_coverage(risks, uncertainty)
        assert (found.p, found.lowest_p) == (1, 1)


def test_seeds_do_not_count_as_cases():
    risks, uncertainty = [0.1, 0.2, 0.3], [1, 2, 3]
    one, three = risk_coverage(risks, uncertainty), risk_coverage([risks] * 3, [uncertainty] * 3)
    assert three == pytest.approx(one)
    assert three.p == pytest.approx(1 / 6)


def test_seeds_by_hand():
    # Weights of the two cases: 3/4 and 1/4, in the second model the other way round.
    found = risk_coverage([[0.0, 0.4], [0.2, 0.8]], [[1, 2], [2, 1]])
    assert found.aurc == pytest.approx((0.1 + 0.65) / 2)
    assert found.aurc_best == pytest.approx((0.1 + 0.35) / 2)
    # Exchanged: 0.3 and 0.35, a smaller mean.
    assert (found.p, found.lowest_p) == (1, 0.5)


def test_drawn_orders_agree_with_all_of_them(monkeypatch):
    draw = np.random.default_rng(1)
    risks = draw.random(7)
    uncertainty = risks + draw.normal(0, 0.3, 7)
    exact = risk_coverage(risks, uncertainty)
    monkeypatch.setattr("weakseg3d.statistics.risk_coverage.MOST_EXACT", 6)
    drawn = risk_coverage(risks, uncertainty)
    assert 0.01 < exact.p < 0.5
    assert drawn.p == pytest.approx(exact.p, abs=4 * (exact.p / 10_000) ** 0.5)
    assert drawn == risk_coverage(risks, uncertainty)


def test_a_drawn_p_is_never_zero():
    risks = np.linspace(0, 1, 12)
    assert risk_coverage(risks, risks).p == pytest.approx(1 / 10_001)


@pytest.mark.parametrize("n", [6, 12])
def test_false_positives_stay_below_the_level(n):
    draw = np.random.default_rng(0)
    found = [risk_coverage(draw.beta(2, 8, n), draw.random(n)).p < 0.05 for _ in range(200)]
    assert np.mean(found) <= 0.05 + 3 * (0.05 * 0.95 / 200) ** 0.5
