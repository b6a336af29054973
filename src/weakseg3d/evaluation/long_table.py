"""Reading the long table of metrics, with checks, so that no broken row ends in a wrong mean."""

import math
import warnings
from pathlib import Path

import pandas as pd

from weakseg3d.errors import UserError
from weakseg3d.evaluation.calibration import UNCERTAINTY
from weakseg3d.evaluation.metrics import METRICS, PENALTY, STATUSES
from weakseg3d.evaluation.rows import COLUMNS, LABELS, UNITS

WITH_ORGAN = ("ok", "empty_prediction")
"""Statuses of the cases whose reference holds the organ: the ones that means are taken over."""

WITHOUT_ORGAN = ("absent_in_reference", "absent_in_both")
"""Statuses of the others, which are counted beside the means."""

LACKING = "lacking"
"""Status, in memory alone, of an evaluation that an experiment should have and has not; its value is NaN."""

ROUNDING = 1e-6
"""By how much a value may leave its metric's range: the long table has eight digits."""


def read_metrics(path):
    """Return the rows of one CSV file, or of every ``*.csv`` below a folder in the order of their paths.

    Columns are `weakseg3d.evaluation.rows.COLUMNS`; ``value`` is float (NaN where undefined), the rest text.
    Raises UserError when there is no file or no row, for what no evaluation writes (another header, a value that is no
    number or outside its metric's range, an unknown metric, unit or status, a value that its status rules out), a
    metric given twice for one case, and for statuses that contradict each other.
    """
    return read_files(_files(path), path)


def read_files(files, name):
    """Return the rows of several CSV files as `read_metrics` does; ``name`` stands for all of them in errors."""
    rows = pd.concat([_read_file(file) for file in files], ignore_index=True)
    if rows.empty:
        raise UserError(f"{name}: holds no metrics; run 'evaluate' first")
    _check_agreement(rows, name)
    return rows


def _check_agreement(rows, path):
    """Raise UserError where rows that are right alone cannot be so together."""
    twice = rows.duplicated([*LABELS, "metric"])
    if twice.any():
        row = rows[twice].iloc[0]
        name = ", ".join(f"{column} '{row[column]}'" for column in (*LABELS, "metric"))
        raise UserError(f"{path}: more than one row for {name}; remove the surplus file or row")
    for columns, what, states in (
        (list(LABELS), "is in two states", rows["status"]),
        (
            ["dataset", "organ", "case"],
            "has the organ for some and lacks it for others",
            rows["status"].isin(WITH_ORGAN),
        ),
    ):
        several = states.groupby([rows[column] for column in columns]).nunique() > 1
        if several.any():
            names = dict(zip(columns, several.idxmax(), strict=True))
            name = ", ".join(f"{column} '{names[column]}'" for column in columns)
            raise UserError(f"{path}: {name} {what}; evaluate this case again")


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
        with warnings.catch_warnings():
            # Cells beyond the header would be left out with no more than that.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            rows = pd.read_csv(path, dtype=str, keep_default_na=False, index_col=False)
    except (pd.errors.ParserError, pd.errors.ParserWarning, pd.errors.EmptyDataError, UnicodeDecodeError):
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
    rows = rows.assign(value=values)[list(COLUMNS)]
    for row, problem in zip(rows.itertuples(), map(_problem, *(rows[name] for name in CHECKED)), strict=True):
        if problem:
            raise UserError(f"{path}: {problem} in row {row.Index + 2}; evaluate this case again")
    return rows


CHECKED = ("metric", "value", "unit", "status", "seed")


def _problem(metric, value, unit, status, seed):
    """Return what no evaluation can have written in a row, or nothing."""
    if metric not in UNITS:
        return f"unknown metric '{metric}'"
    if unit != UNITS[metric]:
        return f"unit '{unit}' of {metric}, which is in '{UNITS[metric]}',"
    if seed and not seed.isdecimal():
        return f"seed '{seed}', which is no whole number,"
    low, high = (METRICS | UNCERTAINTY)[metric].range
    if not math.isnan(value) and not low - ROUNDING <= value <= high + ROUNDING:
        return f"{metric} {value:g}, which is outside its range of {low:g} to {high:g},"
    if metric in METRICS and status != "ok" and not _as_ruled(METRICS[metric], value, status):
        return f"{metric} {value:g} with the status {status}, which rules it out,"
    return ""


def _as_ruled(metric, value, status):
    """Return whether ``value`` is the one that an empty mask has by the metric's rule."""
    if status == "absent_in_both":
        return math.isnan(value)
    ruled = getattr(metric, status)
    if ruled == PENALTY:
        return value > 0
    return math.isnan(value) if math.isnan(ruled) else abs(value - ruled) <= ROUNDING
