"""Comparisons of every pair of methods on an organ: wins, mean difference, effect size and significance."""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from weakseg3d.statistics.cells import DECIMALS, ORGAN, case_means
from weakseg3d.statistics.intervals import mean_interval

FEWEST_DIFFERENCES = 6
"""Differing pairs that a test needs: with five pairs, even five wins have p = 2 / 2⁵ = 0.0625."""

SIGNIFICANT = 0.05
"""Methods count as different if their corrected p-value is below this."""

COLUMNS = [
    *ORGAN,
    *("metric", "first", "second", "n", "n_left_out", "mean_difference", "low", "high", "wins", "ties", "losses"),
    *("effect", "favours", "p", "p_holm", "n_tests", "reason"),
]
"""Columns of `comparisons`."""


def comparisons(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per pair of methods, organ and metric, with the `COLUMNS`; ``rows`` are those of `read_metrics`.

    Observations are paired by case: the means over seeds of ``first`` and ``second`` on the ``n`` cases that both have
    with all seeds; ``n_left_out`` is the number of further cases that any method on that organ has.
    ``mean_difference`` is the mean of first minus second, in the metric's unit, and ``low`` and ``high`` are its 95 %
    interval, Student's t over the cases (`mean_interval`; NaN for too few cases). ``wins``, ``ties`` and ``losses``
    count the cases in which first has the better value (not the higher one), the same value and the worse value;
    likewise ``effect`` (`rank_biserial`) is positive if first is better, and ``favours`` names the method that it
    speaks for (empty if neither). ``p`` is the p-value of `signed_rank_test`, and ``p_holm`` is corrected (`holm`) for
    the ``n_tests`` pairs that were tested on that organ with that metric. ``reason`` says why ``p`` is NaN, and such a
    pair does not count as a test; or why ``p_holm`` could not have been below `SIGNIFICANT`, whatever the data: the
    smallest corrected p is that of a test with all signs equal, times the number of tests.

    Every pair reduces the power of all others, so leave controls out of ``rows``. Metrics without a direction
    (`weakseg3d.statistics.cells.direction`) are not compared.
    """
    lines = []
    for key, sign, means in case_means(rows):
        family = [_compare(means[[first, second]], sign) for first, second in combinations(means, 2)]
        tested = [line["wins"] + line["losses"] for line in family if not line["reason"]]
        lowest = len(tested) * lowest_p(max(tested, default=0))
        for line, p in zip(family, holm([line["p"] for line in family]), strict=True):
            labels = dict(zip([*ORGAN, "metric"], key, strict=True))
            if not line["reason"] and lowest >= SIGNIFICANT:
                line["reason"] = (
                    f"{line['n']} cases and {len(tested)} tests, where p (Holm) cannot be below {lowest:.2g}"
                )
            lines.append(labels | line | {"p_holm": p, "n_tests": len(tested)})
    return pd.DataFrame(lines, columns=COLUMNS)


def _compare(means: pd.DataFrame, sign: int) -> dict[str, Any]:
    """Return the row of a pair of methods without organ, metric and ``p_holm``.

    ``means`` is (cases, 2); ``sign`` is 1 if higher values are better and -1 if lower ones are.
    """
    both = means.dropna()
    # Differences within rounding count as zero.
    differences = (both.iloc[:, 0] - both.iloc[:, 1]).round(DECIMALS).to_numpy()
    p, reason = signed_rank_test(differences)
    low, high = mean_interval(differences, both.index)
    effect = rank_biserial(sign * differences)
    return {
        "first": means.columns[0],
        "second": means.columns[1],
        "n": len(both),
        "n_left_out": len(means) - len(both),
        "mean_difference": differences.mean() if len(both) else np.nan,
        "low": low,
        "high": high,
        "wins": int((sign * differences > 0).sum()),
        "ties": int((differences == 0).sum()),
        "losses": int((sign * differences < 0).sum()),
        "effect": effect,
        "favours": means.columns[0] if effect > 0 else means.columns[1] if effect < 0 else "",
        "p": p,
        "reason": reason,
    }


def signed_rank_test(differences: ArrayLike) -> tuple[float, str]:
    """Return the two-sided p of Wilcoxon's signed-rank test of paired ``differences`` (n,), and a reason if it is NaN.

    Differences of zero are left out, and at least `FEWEST_DIFFERENCES` others are needed. If there are enough, the
    reason is empty. The distribution is exact for up to 50 differences without ties and up to 13 with ties, and normal
    otherwise. Wilcoxon 1945, doi:10.2307/3001968, computed by ``scipy.stats.wilcoxon``.
    """
    values = np.asarray(differences, float)
    nonzero = values[values != 0]
    if not len(values):
        return np.nan, "no case in common"
    if not len(nonzero):
        return np.nan, "no difference in any case"
    if len(nonzero) < FEWEST_DIFFERENCES:
        return np.nan, f"{len(nonzero)} cases with a difference, where p cannot be below {lowest_p(len(nonzero)):.2g}"
    from scipy.stats import wilcoxon

    return float(wilcoxon(nonzero).pvalue), ""


def lowest_p(n: int) -> float:
    """Return the lowest two-sided p that the signed-rank test of ``n`` differences can have: all have the same sign."""
    return min(1.0, 2 / 2**n)


def rank_biserial(differences: ArrayLike) -> float:
    """Return the matched-pairs rank-biserial correlation of ``differences`` (n,), NaN if all are zero.

    This is the sum of the ranks of positive differences minus the sum for negative ones, over the sum of all ranks; it
    is 1 if all are positive. Differences of zero are left out, as in the test. Kerby 2014, doi:10.2466/11.IT.3.1.
    """
    from scipy.stats import rankdata

    values = np.asarray(differences, float)
    nonzero = values[values != 0]
    if not len(nonzero):
        return np.nan
    ranks = rankdata(np.abs(nonzero))
    return float((np.sign(nonzero) * ranks).sum() / ranks.sum())


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Return p-values (m,) corrected for their number by Holm's step-down method; NaN stays NaN and does not count.

    Holm 1979, https://www.jstor.org/stable/4615733.
    """
    p_values = np.asarray(p, float)
    corrected = np.full(p_values.shape, np.nan)
    order = np.argsort(p_values, kind="stable")[: np.count_nonzero(~np.isnan(p_values))]
    factors = np.arange(len(order), 0, -1)
    if len(order):
        corrected[order] = np.minimum(np.maximum.accumulate(p_values[order] * factors), 1)
    return corrected
