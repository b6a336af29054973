"""Methods in order of their means, and how much of that order other cases would have left."""

import numpy as np
import pandas as pd

from weakseg3d.statistics.bootstrap import FEWEST_CASES, RESAMPLES, case_counts
from weakseg3d.statistics.cells import DECIMALS, ORGAN, case_means, direction

COLUMNS = [
    *ORGAN,
    *("metric", "series", "mean", "rank", "average_rank", "kendall_tau", "n", "n_left_out"),
]
"""Columns of the ranking."""

SHARE_COLUMNS = [*ORGAN, "metric", "series", "rank", "share"]
"""Columns of the shares."""


def ranking(rows, resamples=RESAMPLES, seed=0):
    """Return the ranking of methods for each organ and metric, and its stability; ``rows`` as `read_metrics` has them.

    Two tables. The first has one row per method, with the `COLUMNS`: its ``mean`` over the ``n`` cases that all
    methods on that organ have with all seeds (``n_left_out`` others at least one of them lacks), its ``rank``, and over
    resamples of these cases its ``average_rank`` and the mean of ``kendall_tau``, the correlation (tau-b) between a
    resample's ranking and the full one, which all methods of a ranking share. The second table has one row per
    method and rank, with the `SHARE_COLUMNS`: the share of resamples in which the method has that rank.

    Rank 1 is best; methods with the same mean share the better rank. Below `FEWEST_CASES` cases there are ranks,
    but no stability (NaN, and no shares). Metrics without a `direction` have no ranking. After Wiesenfarth et
    al. 2021, doi:10.1038/s41598-021-82017-6.
    """
    lines, shares = [], []
    for key, means in case_means(rows):
        labels = dict(zip([*ORGAN, "metric"], key, strict=True))
        sign, common = direction(key[-1]), means.dropna()
        values = common.to_numpy()
        stable = len(common) >= FEWEST_CASES
        full = ranks_of(_means(np.ones((1, len(common)), int), values), sign)[0] if len(common) else None
        drawn = ranks_of(_means(case_counts(len(common), resamples, seed), values), sign) if stable else None
        tau = kendall_tau(drawn, full) if stable else np.nan
        for place, series in enumerate(means):
            lines.append(
                labels
                | {
                    "series": series,
                    "mean": values[:, place].mean() if len(common) else np.nan,
                    "rank": full[place] if len(common) else np.nan,
                    "average_rank": drawn[:, place].mean() if stable else np.nan,
                    "kendall_tau": tau,
                    "n": len(common),
                    "n_left_out": len(means) - len(common),
                }
            )
            if stable:
                counts = np.bincount(drawn[:, place], minlength=means.shape[1] + 1)[1:]
                shares += [
                    labels | {"series": series, "rank": rank, "share": count / resamples}
                    for rank, count in enumerate(counts, start=1)
                ]
    return pd.DataFrame(lines, columns=COLUMNS), pd.DataFrame(shares, columns=SHARE_COLUMNS)


def ranks_of(means, sign):
    """Return the ranks (resamples, methods) of means of that shape, best first; equal means share the better rank.

    ``sign`` is 1 where higher is better, else -1.
    """
    from scipy.stats import rankdata

    return rankdata(-sign * means, method="min", axis=1)


def kendall_tau(drawn, full):
    """Return the mean over resamples of Kendall's tau-b between rankings (resamples, methods) and one (methods,).

    Resamples in which all methods are equal have no tau and are left out; NaN where none is left, or where the
    full ranking has all methods equal. Kendall 1945, doi:10.1093/biomet/33.3.239.
    """
    first, second = np.triu_indices(len(full), k=1)
    of_drawn = np.sign(drawn[:, first] - drawn[:, second])
    of_full = np.sign(full[first] - full[second])
    untied = np.sqrt(np.count_nonzero(of_drawn, axis=1) * np.count_nonzero(of_full))
    defined = untied > 0
    if not defined.any():
        return np.nan
    return float(((of_drawn * of_full).sum(axis=1)[defined] / untied[defined]).mean())


def _means(counts, values):
    """Return the means (resamples, methods) of ``values`` (cases, methods) drawn as ``counts`` (resamples, cases).

    Those that agree but for rounding are made equal.
    """
    return (np.einsum("rc,cm->rm", counts, values) / counts.sum(axis=1, keepdims=True)).round(DECIMALS)
