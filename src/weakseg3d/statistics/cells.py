"""The long table divided into the groups that are compared: the cases of all methods on an organ."""

from collections.abc import Iterator

import pandas as pd

from weakseg3d.evaluation.calibration import UNCERTAINTY
from weakseg3d.evaluation.long_table import WITH_ORGAN, series_names
from weakseg3d.evaluation.metrics import METRICS
from weakseg3d.statistics.intervals import UNBOUNDED

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


def bounds(metric: str) -> tuple[float, float]:
    """Return the range of the metric; that of an unknown one has no bounds."""
    entry = (METRICS | UNCERTAINTY).get(metric)
    return entry.range if entry else UNBOUNDED


def found_nothing(rows: pd.DataFrame) -> set[tuple[str, str, str, str]]:
    """Return (dataset, modality, organ, name) of every method that found an organ in none of its cases.

    ``rows`` is a result of `read_metrics`, and the names are those of `series_names`. A case is not found if the
    prediction is empty or if its Dice is 0. Methods without a case that contains the organ are left out.
    """
    rows = rows[rows["status"].isin(WITH_ORGAN)].assign(series=series_names(rows))
    evaluation = [*ORGAN, "series", "seed", "case"]
    without_overlap = rows.loc[(rows["metric"] == "dice") & (rows["value"] == 0), evaluation]
    has_no_overlap = pd.MultiIndex.from_frame(rows[evaluation]).isin(pd.MultiIndex.from_frame(without_overlap))
    is_found = (rows["status"] == "ok") & ~has_no_overlap
    found = is_found.groupby([rows[column] for column in [*ORGAN, "series"]]).any()
    return set(found[~found].index)


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
