"""The statistics of every cell, with a gap where an evaluation is lacking: what all tables of results show."""

import math

from weakseg3d.report.tables.gaps import lacking
from weakseg3d.report.tables.method_facts import FACTS
from weakseg3d.statistics.cell_summary import CELL, summary

VALUES = ("mean", "sd", "median", "low", "high")
"""Statistics of a cell's values."""

FOUND = ("found_mean", "found_sd")
"""Those over the evaluations that found the organ, without the penalty of missed ones."""


def cell_statistics(rows):
    """Return one row per cell and metric, as `summary` does, completed for a reader; ``rows`` as `read_metrics` has.

    Added are ``found_mean``, ``found_sd`` and ``n_found``, over the evaluations that found the organ. ``n_lacking``
    counts what `lacking` finds; where it is not 0 all `VALUES` and `FOUND` are NaN, since a mean over other cases than
    those of the other methods says nothing beside theirs. A cell that is lacking as a whole has a row as well.
    Rows come in the order in which ``rows`` first name their dataset, organ, method and metric; they
    end with those of `FACTS` that ``rows`` has.
    """
    key = [*CELL, "metric"]
    table = summary(rows)
    found = summary(rows, with_missed=False) if table["n_missed"].any() else table
    found = found.rename(columns={"mean": "found_mean", "sd": "found_sd", "n": "n_found"})
    table = table.drop(columns="n_lacking").merge(found[[*key, *FOUND, "n_found"]], on=key, how="left")
    counts = lacking(rows).groupby(key, sort=False).size().rename("n_lacking").reset_index()
    table = table.merge(counts, on=key, how="outer" if len(counts) else "left", sort=False)
    whole = table["n"].isna()
    units = rows.drop_duplicates("metric").set_index("metric")["unit"]
    table["unit"] = table["unit"].where(~whole, table["metric"].map(units))
    numbers = [column for column in table if column.startswith("n_") or column == "n"]
    table[numbers] = table[numbers].fillna(0).astype(int)
    table.loc[table["n_lacking"] > 0, [*VALUES, *FOUND]] = math.nan
    for fact in FACTS:
        if fact in rows:
            table = table.merge(rows.drop_duplicates(CELL)[[*CELL, fact]], on=CELL, how="left")
    places = table[key].apply(lambda column: column.map(_places(rows[column.name])))
    return table.loc[places.sort_values(key, kind="stable").index].reset_index(drop=True)


def _places(column):
    """Return at which place a column first names each of its values."""
    return {name: place for place, name in enumerate(column.unique())}


def interval_text(low, high, decimals):
    """Return a 95 % interval as ``0.81–0.88``; nothing where there is none."""
    return "" if math.isnan(low) else f"{low:.{decimals}f}–{high:.{decimals}f}"
