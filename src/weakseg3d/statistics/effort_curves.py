"""Curves of Dice over effort: the area below them, and the effort at which they reach a target, never beyond the data.

The effort is read off the isotonic (never falling) fit of the mean over cases; between two levels it is interpolated on
the axis on which the curve is drawn. Robertson, Wright and Dykstra 1988, Order Restricted Statistical Inference.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weakseg3d.statistics.bootstrap import RESAMPLES, case_counts
from weakseg3d.statistics.cells import DECIMALS
from weakseg3d.statistics.intervals import FEWEST_CASES, interval_of_means

LOG_RATIO = 8
"""If the ratio of the largest to the smallest level exceeds this, the axis is logarithmic."""

LEVEL = 0.95
"""Of intervals, and of all tests for a fall together."""


def is_logarithmic(levels: Sequence[float]) -> bool:
    """Return whether the axis of these levels is logarithmic."""
    return min(levels) > 0 and max(levels) / min(levels) > LOG_RATIO


def areas(values: ArrayLike, levels: Sequence[float]) -> NDArray[np.float64]:
    """Return the area below the curve of each case (n,), divided by the range of the effort: a mean Dice.

    ``values`` are (n, levels), ``levels`` ascend; trapezoids on the axis as drawn (`is_logarithmic`).
    """
    places = _places(levels)
    return np.trapezoid(np.asarray(values, float), places, axis=1) / (places[-1] - places[0])


def effort_to_reach(means: ArrayLike, levels: Sequence[float], target: float) -> float:
    """Return the effort at which the isotonic fit of ``means`` (levels,) reaches ``target``.

    It is -inf if the first of the ascending ``levels`` reaches it already, and inf if the last one does not.
    """
    from scipy.optimize import isotonic_regression

    fit = isotonic_regression(np.asarray(means, float)).x.round(DECIMALS)
    target = round(target, DECIMALS)
    if fit[0] >= target:
        return -np.inf
    if fit[-1] < target:
        return np.inf
    after = int(np.argmax(fit >= target))
    share = (target - fit[after - 1]) / (fit[after] - fit[after - 1])
    places = _places(levels)
    place = places[after - 1] + share * (places[after] - places[after - 1])
    return float(np.exp(place) if is_logarithmic(levels) else place)


def effort_interval(
    values: NDArray[np.float64],
    reference: NDArray[np.float64],
    levels: Sequence[float],
    share: float,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the 95 % percentile interval of `effort_to_reach` ``share`` of the mean of ``reference`` (n,).

    The cases of ``values`` (n, levels) and of the reference are resampled together (`case_counts`). An end is -inf or
    inf as an effort is. NaN for fewer than `FEWEST_CASES` cases.
    """
    if len(values) < FEWEST_CASES:
        return np.nan, np.nan
    counts = case_counts(len(values), resamples, seed) / len(values)
    means, targets = counts @ values, share * (counts @ reference)
    efforts = [effort_to_reach(mean, levels, target) for mean, target in zip(means, targets, strict=True)]
    ends = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    # Order statistics: between a number and infinity there is nothing to interpolate.
    low, high = np.quantile(efforts, ends, method="inverted_cdf")
    return float(low), float(high)


def significant_fall(values: NDArray[np.float64]) -> tuple[int, int] | None:
    """Return the numbers of two levels between which the mean of ``values`` (n, levels) falls beyond chance, or None.

    Beyond chance is a paired difference whose interval (Student's t over cases, Bonferroni over all pairs of levels)
    lies above 0; of several, the one with the largest mean. Then a fit that never falls is not justified.
    """
    if len(values) < FEWEST_CASES:
        return None
    first, second = np.triu_indices(values.shape[1], k=1)
    falls = (values[:, first] - values[:, second]).round(DECIMALS)
    low, _ = interval_of_means(falls.T, level=1 - (1 - LEVEL) / len(first))
    if not (low > 0).any():
        return None
    largest = int(np.argmax(np.where(low > 0, falls.mean(axis=0), -np.inf)))
    return int(first[largest]), int(second[largest])


def _places(levels: Sequence[float]) -> NDArray[np.float64]:
    return np.log(levels) if is_logarithmic(levels) else np.asarray(levels, float)
