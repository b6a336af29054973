"""Resampling of cases, which all intervals and the stability of rankings come from."""

from functools import lru_cache

import numpy as np

RESAMPLES = 10_000
"""Resamples drawn by default."""

FEWEST_CASES = 3
"""With fewer cases there is no interval: their resamples are hardly more than the cases themselves."""


@lru_cache(maxsize=8)
def case_counts(cases, resamples=RESAMPLES, seed=0):
    """Return how often each of ``cases`` cases is drawn in each resample, whole numbers (resamples, cases).

    Every resample draws as many cases as there are, with replacement. The same ``seed`` gives the same draws for
    the same number of cases, whatever else is computed; they are kept for the next cell, and read-only.
    """
    counts = np.random.default_rng(seed).multinomial(cases, np.full(cases, 1 / cases), size=resamples)
    counts.flags.writeable = False
    return counts


def mean_interval(values, cases, resamples=RESAMPLES, seed=0, level=0.95):
    """Return the bootstrap percentile interval ``(low, high)`` of the mean, clustered by case.

    ``values`` are evaluations (n,), ``cases`` the case of each. Cases are drawn, each with all of its evaluations
    (seeds), so that seeds of one case do not pass for independent. NaN for fewer than `FEWEST_CASES` cases. The
    percentile interval is used for being defined and within the range of the metric even where all cases agree
    but one, unlike the bias-corrected one. Efron and Tibshirani 1993, chapter 13; clusters: Field and Welsh 2007,
    doi:10.1111/j.1467-9868.2007.00593.x.
    """
    _, case_of = np.unique(np.asarray(cases), return_inverse=True)
    sums, sizes = np.bincount(case_of, values), np.bincount(case_of)
    if len(sizes) < FEWEST_CASES:
        return np.nan, np.nan
    counts = case_counts(len(sizes), resamples, seed)
    # einsum adds in a fixed order, where a matrix product's depends on the machine.
    means = np.einsum("rc,c->r", counts, sums) / np.einsum("rc,c->r", counts, sizes)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
