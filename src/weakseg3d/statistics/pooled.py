"""The organs of a scan together: the long table with one evaluation per scan, the mean over its organs."""

import pandas as pd

from weakseg3d.evaluation.annotators import SEEDS
from weakseg3d.evaluation.long_table import LACKING, WITH_ORGAN

SCANS = ["dataset", "modality"]
"""Columns that identify the scans over which a mean is taken: those of one dataset and modality."""

EVALUATION = [*SCANS, "annotation", "method", "seed", *SEEDS, "case", "metric", "unit"]
"""Columns that identify an evaluation of all organs of a scan; `SEEDS` only where there are several annotators."""


def pooled_over_organs(rows: pd.DataFrame) -> pd.DataFrame:
    """Return ``rows``, a result of `read_metrics`, with one row per scan in place of one per organ of a scan.

    The value is the mean over the organs that the scan contains, so that the scan stays the unit of every statistic and
    its organs do not count as independent. The organ is called ``3 organs``. A missed organ is part of the mean, and
    the row has the status ``ok`` all the same. A row that lacks an organ which any other evaluation of this scan has,
    is `LACKING` and has no value. Scans without any of the organs are left out. Where a dataset and modality has a
    single organ, its rows are returned as they are. Other columns than these are left out where organs are pooled.
    """
    parts = [_pooled(part) for _, part in rows.groupby(SCANS, sort=False)]
    return pd.concat(parts, ignore_index=True) if parts else rows


def _pooled(rows: pd.DataFrame) -> pd.DataFrame:
    n_organs = rows["organ"].nunique()
    if n_organs == 1:
        return rows
    rows = rows.assign(is_present=rows["status"].isin(WITH_ORGAN))
    rows = rows[rows["is_present"] | (rows["status"] == LACKING)]
    present = rows[rows["is_present"]].drop_duplicates(["organ", "case", "metric"])
    expected = present.groupby(["case", "metric"], as_index=False).agg(n_expected=("organ", "size"))
    groups = rows.groupby([column for column in EVALUATION if column in rows], sort=False)
    pooled = groups.agg(value=("value", "mean"), n_present=("is_present", "sum")).reset_index()
    pooled = pooled.merge(expected, on=["case", "metric"], how="left")
    is_whole = pooled.pop("n_present") == pooled.pop("n_expected")
    return pooled.assign(
        organ=f"{n_organs} organs",
        value=pooled["value"].where(is_whole),
        status=is_whole.map({True: "ok", False: LACKING}),
    )
