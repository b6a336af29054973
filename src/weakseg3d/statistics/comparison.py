"""Every two methods on one organ: who wins how often, by how much, and whether chance would do as well."""

from itertools import combinations

import numpy as np
import pandas as pd

from weakseg3d.statistics.cells import DECIMALS, ORGAN, case_means, direction

FEWEST_DIFFERENCES = 6
"""Differing pairs that a test needs: with five, even five wins have p = 2 / 2⁵ = 0.0625."""

COLUMNS = [
    *ORGAN,
    *("metric", "first", "second", "n", "n_left_out", "mean_difference", "wins", "ties", "losses"),
    *("effect", "p", "p_holm", "reason"),
]
"""Columns of `comparisons`."""


def comparisons(rows):
    """Return one row per pair of methods, organ and metric, with the `COLUMNS`; ``rows`` as `read_metrics` has them.

    The pairs are cases: means over seeds of ``first`` and ``second`` on the ``n`` cases that both have with all
    seeds; ``n_left_out`` is the number of further cases that any method on that organ has. ``mean_difference`` is
    that of first less second, in the metric's unit; ``wins``, ``ties`` and ``losses`` are those of first, where
    winning means the better value, not the higher one; likewise ``effect`` is positive where first is better
    (`rank_biserial`). ``p`` is that of `signed_rank_test`, and ``p_holm`` the same corrected for all pairs on that
    organ with that metric (`holm`). Where ``p`` is NaN, ``reason`` says why; such a pair does not count as a test.

    Every pair costs all others power: leave controls out of ``rows``. Metrics without a `direction` are not compared.
    """
    lines = []
    for key, means in case_means(rows):
        family = [_compare(means[[first, second]], direction(key[-1])) for first, second in combinations(means, 2)]
        for line, p in zip(family, holm([line["p"] for line in family]), strict=True):
            lines.append(dict(zip([*ORGAN, "metric"], key, strict=True)) | line | {"p_holm": p})
    return pd.DataFrame(lines, columns=COLUMNS)


def _compare(means, sign):
    """Return one row without its family; ``means`` (cases, 2), ``sign`` -1 where lower is better."""
    both = means.dropna()
    # Differences that rounding made, or kept apart, are none.
    differences = (both.iloc[:, 0] - both.iloc[:, 1]).round(DECIMALS).to_numpy()
    p, reason = signed_rank_test(differences)
    return {
        "first": means.columns[0],
        "second": means.columns[1],
        "n": len(both),
        "n_left_out": len(means) - len(both),
        "mean_difference": differences.mean() if len(both) else np.nan,
        "wins": int((sign * differences > 0).sum()),
        "ties": int((differences == 0).sum()),
        "losses": int((sign * differences < 0).sum()),
        "effect": rank_biserial(sign * differences),
        "p": p,
        "reason": reason,
    }


def signed_rank_test(differences):
    """Return the two-sided p of Wilcoxon's signed-rank test of paired ``differences`` (n,), and why it is NaN.

    Differences of zero are left out. At least `FEWEST_DIFFERENCES` others are needed; the reason is empty where
    there are. The distribution is exact up to 50 differences without ties and up to 13 with them, else normal.
    Wilcoxon 1945, doi:10.2307/3001968, by ``scipy.stats.wilcoxon``.
    """
    differences = np.asarray(differences, float)
    nonzero = differences[differences != 0]
    if not len(differences):
        return np.nan, "no case in common"
    if not len(nonzero):
        return np.nan, "no difference in any case"
    if len(nonzero) < FEWEST_DIFFERENCES:
        return np.nan, f"fewer than {FEWEST_DIFFERENCES} cases with a difference"
    from scipy.stats import wilcoxon

    return float(wilcoxon(nonzero).pvalue), ""


def rank_biserial(differences):
    """Return the matched-pairs rank-biserial correlation of ``differences`` (n,): NaN where all are zero.

    The sum of ranks of positive differences less that of negative ones, over the sum of all; 1 where all are
    positive. Differences of zero are left out, as in the test. Kerby 2014, doi:10.2466/11.IT.3.1.
    """
    from scipy.stats import rankdata

    differences = np.asarray(differences, float)
    nonzero = differences[differences != 0]
    if not len(nonzero):
        return np.nan
    ranks = rankdata(np.abs(nonzero))
    return float((np.sign(nonzero) * ranks).sum() / ranks.sum())


def holm(p):
    """Return p-values (m,) corrected for their number by Holm's step-down method; NaN ones stay and do not count.

    Holm 1979, https://www.jstor.org/stable/4615733.
    """
    p = np.asarray(p, float)
    corrected = np.full(p.shape, np.nan)
    order = np.argsort(p, kind="stable")[: np.count_nonzero(~np.isnan(p))]
    factors = np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1) if len(order) else []
    return corrected
