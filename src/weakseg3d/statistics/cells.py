"""The long table cut into what is compared: the cases of all methods on one organ."""

import pandas as pd

from weakseg3d.evaluation.calibration import UNCERTAINTY
from weakseg3d.evaluation.long_table import WITH_ORGAN, series_names
from weakseg3d.evaluation.metrics import METRICS

ORGAN = ["dataset", "modality", "organ"]
"""Columns that say what methods are compared on."""

DECIMALS = 9
"""Means of cases count as equal when they agree in so many decimals: the long table has eight digits, so that
smaller differences are of rounding alone."""


def direction(metric):
    """Return 1 where a higher value of the metric is better, -1 where a lower one is, None where neither is known."""
    described = (METRICS | UNCERTAINTY).get(metric)
    if described is None or described.higher_is_better is None:
        return None
    return 1 if described.higher_is_better else -1


def case_means(rows):
    """Yield ``(dataset, modality, organ, metric)`` and the means over seeds of all methods' cases, for each of them.

    ``rows`` is what `read_metrics` returns; metrics without a `direction` are left out. The means are a table:
    one row per case in ascending order, one column per method in order of appearance (named as `series_names`
    says). NaN where the method lacks the case, for all of its seeds or for some.
    """
    rows = rows.assign(series=series_names(rows))
    for key, group in rows.groupby([*ORGAN, "metric"], sort=False):
        if direction(key[-1]) is None:
            continue
        seeds = group.groupby("series")["seed"].nunique()
        evaluations = group[group["status"].isin(WITH_ORGAN)].groupby(["case", "series"])["value"]
        series = list(group["series"].unique())
        means, sizes = (
            values.unstack("series").reindex(columns=series) if len(values) else pd.DataFrame(columns=series)
            for values in (evaluations.mean(), evaluations.size())
        )
        yield key, means.where(sizes.eq(seeds[series])).astype(float).round(DECIMALS)
