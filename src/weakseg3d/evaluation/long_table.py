"""Reading the long table of metrics, with checks, so that no broken row leads to a wrong mean."""

import math
import os
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from weakseg3d.errors import UserError, quoted
from weakseg3d.evaluation.calibration import UNCERTAINTY
from weakseg3d.evaluation.metric import COMPUTED, PENALTY, STATUSES, Metric
from weakseg3d.evaluation.metrics import METRICS
from weakseg3d.evaluation.rows import COLUMNS, LABELS, UNITS
from weakseg3d.files import is_hidden
from weakseg3d.texts import from_cell, read_csv

WITH_ORGAN = ("ok", "empty_prediction")
"""Statuses of the cases whose reference contains the organ: means are taken over these."""

WITHOUT_ORGAN = ("absent_in_reference", "absent_in_both")
"""Statuses of the other cases, which are counted separately."""

LACKING = "lacking"
"""Status, used in memory only, of an evaluation that an experiment should have but lacks; its value is NaN."""

ROUNDING = 1e-6
"""How far a value may lie outside its metric's range, since the long table has eight digits."""


def read_metrics(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Return the rows of a CSV file, or of every ``*.csv`` below a folder in the order of their paths.

    Columns are `weakseg3d.evaluation.rows.COLUMNS`; ``value`` is float (NaN where undefined), the others are text.
    Raises UserError if there is no file or no row, for content that no evaluation writes (another header, a value that
    is not a number or lies outside its metric's range, an unknown metric, unit or status, a value that its status rules
    out), for more than one value of a metric for the same case, and for statuses that contradict each other.
    """
    return read_files(_files(path), path)


def read_files(files: Iterable[Path], name: str | os.PathLike[str]) -> pd.DataFrame:
    """Return the rows of several CSV files as `read_metrics` does; error messages call all of them ``name``."""
    rows = pd.concat([_read_file(file) for file in files], ignore_index=True)
    if rows.empty:
        raise UserError(f"{name}: contains no metrics; run 'evaluate' first")
    _check_agreement(rows, name)
    return rows


def _check_agreement(rows: pd.DataFrame, path: str | os.PathLike[str]) -> None:
    """Raise UserError where rows that are valid on their own contradict each other."""
    duplicated = rows.duplicated([*LABELS, "metric"])
    if duplicated.any():
        row = rows[duplicated].iloc[0]
        name = ", ".join(f"{column} {quoted(row[column])}" for column in (*LABELS, "metric"))
        raise UserError(f"{path}: more than one row for {name}; remove the surplus file or row")
    for columns, problem, states in (
        (list(LABELS), "has rows with different statuses", rows["status"]),
        (
            ["dataset", "organ", "case"],
            "has the organ in some rows and lacks it in others",
            rows["status"].isin(WITH_ORGAN),
        ),
    ):
        contradictory = states.groupby([rows[column] for column in columns]).nunique() > 1
        if contradictory.any():
            names = dict(zip(columns, contradictory.idxmax(), strict=True))
            name = ", ".join(f"{column} {quoted(names[column])}" for column in columns)
            raise UserError(f"{path}: {name} {problem}; evaluate this case again")


def series_names(rows: pd.DataFrame) -> pd.Series:
    """Return, for each row, the name under which it is shown: the name of its method.

    The annotation is added if the method occurs with more than one.
    """
    annotations = rows.groupby("method")["annotation"].nunique()
    several = rows["method"].map(annotations) > 1
    return rows["method"].where(~several, rows["method"] + " (" + rows["annotation"] + ")")


def _files(path: str | os.PathLike[str]) -> list[Path]:
    path = Path(path)
    if path.is_dir():
        files = sorted(file for file in path.rglob("*.csv") if not is_hidden(file.relative_to(path)))
        if not files:
            raise UserError(f"{path}: contains no CSV file of metrics; run 'evaluate' first")
        return files
    if not path.is_file():
        raise UserError(f"{path}: no such file or folder; check the path")
    return [path]


def _read_file(path: Path) -> pd.DataFrame:
    table = read_csv(path)
    rows = pd.DataFrame(table.rows, columns=table.columns, dtype=str)
    missing = ", ".join(column for column in COLUMNS if column not in rows)
    surplus = ", ".join(quoted(column) for column in rows if column not in COLUMNS)
    if missing or surplus:
        problem = " and ".join(["lacks " + missing] * bool(missing) + ["has unknown " + surplus] * bool(surplus))
        raise UserError(f"{path}: not a table of metrics, its header {problem}; write it with 'evaluate'")
    unknown = rows.loc[~rows["status"].isin(STATUSES), "status"]
    if len(unknown):
        raise UserError(
            f"{path}: unknown status {quoted(unknown.iloc[0])} in row {table.lines[unknown.index[0]]};"
            f" use one of {', '.join(STATUSES)}"
        )
    values = pd.to_numeric(rows["value"], errors="coerce")
    values = values.where(values.abs() < float("inf"))
    invalid = values.isna() & ((rows["value"] != "") | rows["status"].isin(WITH_ORGAN))
    if invalid.any():
        row = int(invalid.idxmax())
        raise UserError(
            f"{path}: {quoted(rows['value'][row])} in row {table.lines[row]} is not a number; evaluate this case again"
        )
    texts = {column: rows[column].map(from_cell) for column in LABELS}
    rows = rows.assign(value=values, **texts)[list(COLUMNS)]
    for row, problem in zip(rows.itertuples(), map(_problem, *(rows[name] for name in CHECKED)), strict=True):
        if problem:
            raise UserError(f"{path}: {problem} in row {table.lines[row.Index]}; evaluate this case again")
    return rows


CHECKED = ("metric", "value", "unit", "status", "seed")
"""The columns that `_problem` checks, in the order of its parameters."""


def _problem(metric: str, value: float, unit: str, status: str, seed: str) -> str:
    """Return a description of the part of a row that no evaluation can have written, or an empty string."""
    if metric not in UNITS:
        return f"unknown metric {quoted(metric)}"
    if unit != UNITS[metric]:
        return f"unit {quoted(unit)} of {metric}, which is in '{UNITS[metric]}',"
    if seed and not seed.isdecimal():
        return f"seed {quoted(seed)}, which is not a whole number,"
    low, high = (METRICS | UNCERTAINTY)[metric].range
    if not math.isnan(value) and not low - ROUNDING <= value <= high + ROUNDING:
        return f"{metric} {value:g}, which is outside its range of {low:g} to {high:g},"
    if metric in METRICS and status != "ok" and not _follows_rule(METRICS[metric], value, status):
        return f"{metric} {value:g} with the status {status}, which rules it out,"
    return ""


def _follows_rule(metric: Metric, value: float, status: str) -> bool:
    """Return whether ``value`` follows the metric's rule for a case with an empty mask."""
    if status == "absent_in_both":
        return math.isnan(value)
    expected = getattr(metric, status)
    if expected in (PENALTY, COMPUTED):
        return value > 0
    return math.isnan(value) if math.isnan(expected) else abs(value - expected) <= ROUNDING
