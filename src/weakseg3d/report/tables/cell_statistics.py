"""The statistics of every cell, with a gap where evaluations are missing: the numbers in all tables of results."""

import math

from weakseg3d.report.tables.gaps import missing_evaluations
from weakseg3d.report.tables.method_facts import FACTS
from weakseg3d.report.tables.order import in_order_of_appearance
from weakseg3d.statistics.cell_summary import CELL, summary

VALUES = ("mean", "sd", "median", "low", "high")
"""Statistics of all evaluations of a cell."""

FOUND = ("found_mean", "found_sd")
"""Statistics of the evaluations that found the organ, without the penalty of missed ones."""


def cell_statistics(rows):
    """Return one row per cell and metric, as `summary` does, completed for readers.

    ``rows`` is the table that `read_metrics` returns. Added are ``found_mean``, ``found_sd`` and ``n_found``, over the
    evaluations that found the organ. ``n_lacking`` is the number of `missing_evaluations`; if it is not 0, all `VALUES`
    and `FOUND` are NaN, because a mean over other cases than those of the other methods cannot be compared with theirs.
    A cell without any evaluation has a row as well. Rows come in the order in which ``rows`` first name their dataset,
    organ, method and metric. The last columns are those `FACTS` that ``rows`` have.
    """
    key = [*CELL, "metric"]
    table = summary(rows)
    found = summary(rows, with_missed=False) if table["n_missed"].any() else table
    found = found.rename(columns={"mean": "found_mean", "sd": "found_sd", "n": "n_found"})
    table = table.drop(columns="n_lacking").merge(found[[*key, *FOUND, "n_found"]], on=key, how="left")
    counts = missing_evaluations(rows).groupby(key, sort=False).size().rename("n_lacking").reset_index()
    table = table.merge(counts, on=key, how="outer" if len(counts) else "left", sort=False)
    empty = table["n"].isna()
    units = rows.drop_duplicates("metric").set_index("metric")["unit"]
    table["unit"] = table["unit"].where(~empty, table["metric"].map(units))
    numbers = [column for column in table if column.startswith("n_") or column == "n"]
    table[numbers] = table[numbers].fillna(0).astype(int)
    table.loc[table["n_lacking"] > 0, [*VALUES, *FOUND]] = math.nan
    for fact in FACTS:
        if fact in rows:
            table = table.merge(rows.drop_duplicates(CELL)[[*CELL, fact]], on=CELL, how="left")
    return in_order_of_appearance(table, rows, key)
