"""Resampling of cases, the basis of all intervals and of the stability of rankings."""

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

RESAMPLES = 10_000
"""Default number of resamples."""

FEWEST_CASES = 3
"""With fewer cases there is no interval, since their resamples contain little more than the cases themselves."""


@lru_cache(maxsize=8)
def case_counts(cases: int, resamples: int = RESAMPLES, seed: int = 0) -> NDArray[np.int64]:
    """Return how often each of ``cases`` cases is drawn in each resample, (resamples, cases).

    Every resample draws as many cases as there are, with replacement. The same ``seed`` gives the same draws for
    the same number of cases, whatever else is computed. The result is cached for the next cell and read-only.
    """
    counts = np.random.default_rng(seed).multinomial(cases, np.full(cases, 1 / cases), size=resamples)
    counts.flags.writeable = False
    return counts


def mean_interval(
    values: ArrayLike, cases: Iterable[object], resamples: int = RESAMPLES, seed: int = 0, level: float = 0.95
) -> tuple[float, float]:
    """Return the bootstrap percentile interval ``(low, high)`` of the mean, clustered by case.

    ``values`` are evaluations (n,), ``cases`` the case of each. Cases are drawn together with all of their evaluations
    (seeds), so that the seeds of a case are not treated as independent. NaN for fewer than `FEWEST_CASES` cases. The
    percentile interval is used because, unlike the bias-corrected interval, it is defined and stays within the range of
    the metric even if all cases but one agree. Efron and Tibshirani 1993, chapter 13; clusters: Field and Welsh 2007,
    doi:10.1111/j.1467-9868.2007.00593.x.
    """
    _, case_numbers = np.unique(np.asarray(cases), return_inverse=True)
    sums, sizes = np.bincount(case_numbers, values), np.bincount(case_numbers)
    if len(sizes) < FEWEST_CASES:
        return np.nan, np.nan
    counts = case_counts(len(sizes), resamples, seed)
    # einsum adds in a fixed order, whereas the order of a matrix product depends on the machine.
    means = np.einsum("rc,c->r", counts, sums) / np.einsum("rc,c->r", counts, sizes)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
