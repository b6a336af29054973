"""Rankings of methods by their means, and how stable the rankings are when cases are resampled."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weakseg3d.statistics.bootstrap import FEWEST_CASES, RESAMPLES, case_counts
from weakseg3d.statistics.cells import DECIMALS, ORGAN, case_means, found_nothing

COLUMNS = [
    *ORGAN,
    *("metric", "series", "mean", "rank", "average_rank", "kendall_tau", "n", "n_left_out"),
]
"""Columns of the ranking."""

SHARE_COLUMNS = [*ORGAN, "metric", "series", "rank", "share"]
"""Columns of the table of shares of resamples."""


def ranking(rows: pd.DataFrame, resamples: int = RESAMPLES, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the ranking of methods for each organ and metric, and its stability; ``rows`` are those of `read_metrics`.

    The first of two tables has one row per method, with the `COLUMNS`: its ``mean`` over the ``n`` cases that all
    methods on that organ have with all seeds, the number ``n_left_out`` of other cases, which at least one method
    lacks, its ``rank``, and, over resamples of these cases, its ``average_rank`` and the mean of ``kendall_tau``.
    This is the correlation (tau-b) between the ranking in a resample and the full ranking, the same value for all
    methods of a ranking. The second table has one row per method and rank, with the `SHARE_COLUMNS`: the share of
    resamples in which the method has that rank.

    Rank 1 is best, and methods with the same mean share the better rank. A method that found the organ in no case
    (`found_nothing`) has no rank (NaN), in the resamples neither (NaN, and no shares), and the others are ranked
    without it. With fewer than `FEWEST_CASES` cases there are ranks, but no stability (NaN, and no shares). Metrics
    without a direction (`weakseg3d.statistics.cells.direction`) have no ranking. After Wiesenfarth et al. 2021,
    doi:10.1038/s41598-021-82017-6.
    """
    lines, shares = [], []
    unranked = found_nothing(rows)
    for key, sign, means in case_means(rows):
        labels = dict(zip([*ORGAN, "metric"], key, strict=True))
        common = means.dropna()
        ranked = [series for series in means if (*key[:-1], series) not in unranked]
        values = common[ranked].to_numpy()
        full_ranks = resampled_ranks = None
        tau = np.nan
        if ranked and len(common):
            full_ranks = ranks_of(resampled_means(np.ones((1, len(common)), int), values), sign)[0]
        if full_ranks is not None and len(common) >= FEWEST_CASES:
            resampled_ranks = ranks_of(resampled_means(case_counts(len(common), resamples, seed), values), sign)
            tau = kendall_tau(resampled_ranks, full_ranks)
        for series in means:
            column = ranked.index(series) if series in ranked else None
            average_rank = np.nan
            if resampled_ranks is not None and column is not None:
                average_rank = resampled_ranks[:, column].mean()
            lines.append(
                labels
                | {
                    "series": series,
                    "mean": common[series].to_numpy().mean() if len(common) else np.nan,
                    "rank": full_ranks[column] if full_ranks is not None and column is not None else np.nan,
                    "average_rank": average_rank,
                    "kendall_tau": tau,
                    "n": len(common),
                    "n_left_out": len(means) - len(common),
                }
            )
            if resampled_ranks is not None and column is not None:
                counts = np.bincount(resampled_ranks[:, column], minlength=len(ranked) + 1)[1:]
                shares += [
                    labels | {"series": series, "rank": rank, "share": count / resamples}
                    for rank, count in enumerate(counts, start=1)
                ]
    return pd.DataFrame(lines, columns=COLUMNS), pd.DataFrame(shares, columns=SHARE_COLUMNS)


def ranks_of(means: NDArray[np.float64], sign: int) -> NDArray[np.int64]:
    """Return the ranks (resamples, methods) of ``means`` (resamples, methods); equal means share the better rank.

    Rank 1 is best; ``sign`` is 1 if higher means are better and -1 if lower ones are.
    """
    from scipy.stats import rankdata

    # SciPy has returned floating-point numbers since 1.18.
    return rankdata(-sign * means, method="min", axis=1).astype(np.int64)


def kendall_tau(resampled_ranks: NDArray[np.int64], full_ranks: NDArray[np.int64]) -> float:
    """Return the mean over resamples of Kendall's tau-b between each resample's ranking and the full ranking.

    ``resampled_ranks`` are (resamples, methods), ``full_ranks`` (methods,). Resamples in which all methods are equal
    have no tau and are left out. The result is NaN if none is left, or if all methods are equal in the full ranking.
    Kendall 1945, doi:10.1093/biomet/33.3.239.
    """
    first, second = np.triu_indices(len(full_ranks), k=1)
    resampled_signs = np.sign(resampled_ranks[:, first] - resampled_ranks[:, second])
    full_signs = np.sign(full_ranks[first] - full_ranks[second])
    untied = np.sqrt(np.count_nonzero(resampled_signs, axis=1) * np.count_nonzero(full_signs))
    defined = untied > 0
    if not defined.any():
        return np.nan
    return float(((resampled_signs * full_signs).sum(axis=1)[defined] / untied[defined]).mean())


def resampled_means(counts: NDArray[np.integer], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the means (resamples, methods) of ``values`` (cases, methods) drawn as ``counts`` (resamples, cases).

    Means that differ only by rounding errors are made equal.
    """
    return (np.einsum("rc,cm->rm", counts, values) / counts.sum(axis=1, keepdims=True)).round(DECIMALS)
