"""Mean, spread and interval of every cell and metric."""

import pandas as pd

from weakseg3d.evaluation.long_table import LACKING, WITH_ORGAN, WITHOUT_ORGAN
from weakseg3d.statistics.bootstrap import RESAMPLES, mean_interval
from weakseg3d.statistics.cells import ORGAN

CELL = [*ORGAN, "method", "annotation"]
"""Columns that make one cell."""


def summary(rows, with_missed=True, resamples=RESAMPLES, seed=0):
    """Return one row per cell and metric, in order of first appearance in ``rows``, what `read_metrics` returns.

    Columns: those of `CELL`; ``metric``, ``unit``; over all evaluations ``mean``, ``sd`` (sample standard deviation,
    NaN for fewer than two), ``median``, and ``low`` and ``high``, the 95 % interval of the mean (`mean_interval`);
    then the numbers ``n`` of evaluations behind them, ``n_cases`` and ``n_seeds``; ``n_missed`` evaluations with an
    empty prediction; ``n_absent`` further ones without the organ in the reference; and ``n_lacking``, evaluations
    that are not there although another method has one of that case and this method one with that seed.

    Without ``with_missed`` the values are those of the evaluations that found the organ, and the penalties are left
    out; ``n_missed`` still counts the others.
    """
    counted = WITH_ORGAN if with_missed else ("ok",)
    all_cases = rows.groupby([*ORGAN, "metric"])["case"].nunique()
    lines = []
    for key, group in rows.groupby([*CELL, "metric"], sort=False):
        values = group[group["status"].isin(counted)].sort_values(["case", "seed"])
        low, high = mean_interval(values["value"], values["case"], resamples, seed)
        named = dict(zip([*CELL, "metric"], key, strict=True))
        expected = all_cases[tuple(named[column] for column in [*ORGAN, "metric"])] * group["seed"].nunique()
        lines.append(
            named
            | {
                "unit": group["unit"].iloc[0],
                "mean": values["value"].mean(),
                "sd": values["value"].std(ddof=1),
                "median": values["value"].median(),
                "low": low,
                "high": high,
                "n": len(values),
                "n_cases": values["case"].nunique(),
                "n_seeds": group.loc[group["status"] != LACKING, "seed"].nunique(),
                "n_missed": int((group["status"] == "empty_prediction").sum()),
                "n_absent": int(group["status"].isin(WITHOUT_ORGAN).sum()),
                "n_lacking": int(expected - (group["status"] != LACKING).sum()),
            }
        )
    return pd.DataFrame(lines)
