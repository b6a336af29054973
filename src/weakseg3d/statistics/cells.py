"""The long table divided into the groups that are compared: the cases of all methods on an organ."""

from collections.abc import Iterator

import pandas as pd

from weakseg3d.evaluation.calibration import UNCERTAINTY
from weakseg3d.evaluation.long_table import WITH_ORGAN, series_names
from weakseg3d.evaluation.metrics import METRICS

ORGAN = ["dataset", "modality", "organ"]
"""Columns that identify an organ, on which methods are compared."""

DECIMALS = 9
"""Means of cases count as equal if they agree to this number of decimals: the long table has eight digits, so that
smaller differences are rounding errors."""


def direction(metric: str) -> int | None:
    """Return 1 if higher values of the metric are better, -1 if lower ones are, and None if neither is known."""
    entry = (METRICS | UNCERTAINTY).get(metric)
    if entry is None or entry.higher_is_better is None:
        return None
    return 1 if entry.higher_is_better else -1


def case_means(rows: pd.DataFrame) -> Iterator[tuple[tuple[str, str, str, str], int, pd.DataFrame]]:
    """Yield ``(dataset, modality, organ, metric)``, the metric's `direction` and the means over seeds of all cases.

    ``rows`` is a result of `read_metrics`; metrics without a direction are left out. The means are a table with a row
    per case in ascending order and a column per method in order of appearance, named as by `series_names`. A mean is
    NaN if the method lacks the case for any of its seeds.
    """
    rows = rows.assign(series=series_names(rows))
    for key, group in rows.groupby([*ORGAN, "metric"], sort=False):
        sign = direction(key[-1])
        if sign is None:
            continue
        seeds = group.groupby("series")["seed"].nunique()
        evaluations = group[group["status"].isin(WITH_ORGAN)].groupby(["case", "series"])["value"]
        series = list(group["series"].unique())
        means, sizes = (
            values.unstack("series").reindex(columns=series) if len(values) else pd.DataFrame(columns=series)
            for values in (evaluations.mean(), evaluations.size())
        )
        yield key, sign, means.where(sizes.eq(seeds[series])).astype(float).round(DECIMALS)
