"""Reading the long table of metrics, with checks, so that no broken row ends in a wrong mean."""

from pathlib import Path

import pandas as pd

from weakseg3d.errors import UserError
from weakseg3d.evaluation.metrics import STATUSES
from weakseg3d.evaluation.rows import COLUMNS, LABELS

WITH_ORGAN = ("ok", "empty_prediction")
"""Statuses of the cases whose reference holds the organ: the ones that means are taken over."""


def read_metrics(path):
    """Return the rows of one CSV file, or of every ``*.csv`` below a folder in the order of their paths.

    Columns are `weakseg3d.evaluation.rows.COLUMNS`; ``value`` is float (NaN where undefined), the rest text.
    Raises UserError when there is no file or no row, for a header with other columns, a value that is no
    number or is missing where the status has one, an unknown status, and a metric given twice for one case.
    """
    rows = pd.concat([_read_file(file) for file in _files(path)], ignore_index=True)
    if rows.empty:
        raise UserError(f"{path}: holds no metrics; run 'evaluate' first")
    twice = rows.duplicated([*LABELS, "metric"])
    if twice.any():
        row = rows[twice].iloc[0]
        name = ", ".join(f"{column} '{row[column]}'" for column in (*LABELS, "metric"))
        raise UserError(f"{path}: more than one row for {name}; remove the surplus file or row")
    return rows


def series_names(rows):
    """Return, for each row, the name under which it is shown: its method.

    The annotation is added for a method that occurs with more than one.
    """
    annotations = rows.groupby("method")["annotation"].nunique()
    several = rows["method"].map(annotations) > 1
    return rows["method"].where(~several, rows["method"] + " (" + rows["annotation"] + ")")


def _files(path):
    path = Path(path)
    if path.is_dir():
        files = sorted(path.rglob("*.csv"))
        if not files:
            raise UserError(f"{path}: holds no CSV file of metrics; run 'evaluate' first")
        return files
    if not path.is_file():
        raise UserError(f"{path}: no such file or folder; check the path")
    return [path]


def _read_file(path):
    try:
        rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError):
        raise UserError(f"{path}: not a CSV table that can be read; write it with 'evaluate'") from None
    missing = ", ".join(column for column in COLUMNS if column not in rows)
    surplus = ", ".join(column for column in rows if column not in COLUMNS)
    if missing or surplus:
        problem = " and ".join(["lacks " + missing] * bool(missing) + ["has unknown " + surplus] * bool(surplus))
        raise UserError(f"{path}: not a table of metrics, its header {problem}; write it with 'evaluate'")
    unknown = rows.loc[~rows["status"].isin(STATUSES), "status"]
    if len(unknown):
        raise UserError(
            f"{path}: unknown status '{unknown.iloc[0]}' in row {unknown.index[0] + 2}; known are {', '.join(STATUSES)}"
        )
    values = pd.to_numeric(rows["value"], errors="coerce")
    values = values.where(values.abs() < float("inf"))
    wrong = values.isna() & ((rows["value"] != "") | rows["status"].isin(WITH_ORGAN))
    if wrong.any():
        row = int(wrong.idxmax())
        raise UserError(f"{path}: '{rows['value'][row]}' in row {row + 2} is no number; evaluate this case again")
    return rows.assign(value=values)[list(COLUMNS)]
