"""Whether uncertainty ranks the bad cases first: the area under the risk-coverage curve, and a permutation test.

Cases are accepted in the order of their uncertainty, the most certain one first. The coverage is the share of accepted
cases, the selective risk their mean risk, and the area under the curve (AURC) the mean of the selective risks after
each case: low if the bad cases come last. Geifman and El-Yaniv 2017, arXiv 1705.08500; its excess over that of the best
order is the E-AURC of Geifman, Uziel and El-Yaniv 2019, arXiv 1805.08206.
"""

from functools import lru_cache
from itertools import permutations
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weakseg3d.statistics.cells import DECIMALS

MOST_EXACT = 8
"""With up to this many cases all orders are tried: 8! = 40 320."""

PERMUTATIONS = 10_000
"""Orders drawn for more cases."""


class RiskCoverage(NamedTuple):
    """How well uncertainty orders the cases of one or several models (training seeds), means over the models.

    ``aurc`` is the area under the risk-coverage curve, ``aurc_best`` that of the order by risk itself,
    ``aurc_random`` that of a random order, which is the mean risk. ``p`` is the share of orders whose area is as small
    as this one or smaller, and ``lowest_p`` the smallest that it could have been with these risks and ties.
    """

    aurc: float
    aurc_best: float
    aurc_random: float
    p: float
    lowest_p: float

    @property
    def e_aurc(self) -> float:
        """Return the excess over the best order, 0 if the bad cases come last."""
        return self.aurc - self.aurc_best


def case_weights(uncertainty: ArrayLike) -> NDArray[np.float64]:
    """Return the weights (n,) with which the risks of the cases enter the area: it is their sum of products.

    The case accepted as number k is part of the selective risks k to n, so its weight is (1/k + ... + 1/n) / n. Cases
    with the same ``uncertainty`` (n,) have the mean of their weights, which is the mean over all of their orders.
    """
    values = np.asarray(uncertainty, float).round(DECIMALS)
    n = len(values)
    by_place = np.cumsum(1 / np.arange(n, 0, -1))[::-1] / n
    _, group, sizes = np.unique(values, return_inverse=True, return_counts=True)
    in_order = np.sort(group)
    return (np.bincount(in_order, weights=by_place) / sizes)[group]


def aurc(risks: ArrayLike, uncertainty: ArrayLike) -> float:
    """Return the area under the risk-coverage curve of ``risks`` (n,) in the order of their ``uncertainty`` (n,)."""
    return float(case_weights(uncertainty) @ np.asarray(risks, float))


def risk_coverage(risks: ArrayLike, uncertainty: ArrayLike, seed: int = 0) -> RiskCoverage:
    """Return the `RiskCoverage` of ``risks`` and ``uncertainty``, both (models, n) for the same n cases.

    The test asks whether a random order of the cases would do as well. The cases are exchanged in all models alike, so
    that seeds do not count as cases. Up to `MOST_EXACT` cases all orders are tried, and the p-value is exact; for more,
    `PERMUTATIONS` orders are drawn with ``seed``, and the observed one counts as one of them (Phipson and Smyth 2010,
    doi:10.2202/1544-6115.1585).
    """
    from scipy.optimize import linear_sum_assignment

    risks, uncertainty = np.atleast_2d(np.asarray(risks, float)), np.atleast_2d(np.asarray(uncertainty, float))
    weights = np.array([case_weights(row) for row in uncertainty])
    best = np.array([case_weights(row) for row in risks])
    n = risks.shape[1]
    # The area if case j stood in the place of case i, for all i, is the sum of the products below.
    products = weights.T @ risks / len(risks)
    places = np.arange(n)
    orders = all_orders(n) if n <= MOST_EXACT else _drawn_orders(n, seed)
    areas = products[places, orders].sum(axis=1).round(DECIMALS)
    observed = np.trace(products).round(DECIMALS)
    smallest = products[linear_sum_assignment(products)].sum().round(DECIMALS)
    drawn = int(n > MOST_EXACT)
    p, lowest = ((np.count_nonzero(areas <= area) + drawn) / (len(areas) + drawn) for area in (observed, smallest))
    areas_of_orders = np.trace(products), (best * risks).sum() / len(risks), risks.mean()
    return RiskCoverage(*map(float, (*areas_of_orders, p, lowest)))


@lru_cache(maxsize=2)
def all_orders(n: int) -> NDArray[np.int64]:
    """Return all orders of ``n`` cases, (n!, n)."""
    return np.array(list(permutations(range(n))))


def _drawn_orders(n: int, seed: int) -> NDArray[np.int64]:
    return np.random.default_rng(seed).permuted(np.tile(np.arange(n), (PERMUTATIONS, 1)), axis=1)
