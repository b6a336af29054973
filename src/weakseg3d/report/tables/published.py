"""Values published by others, shown next to ours and marked as theirs."""

import math

import pandas as pd

from weakseg3d.errors import UserError, quoted
from weakseg3d.evaluation.metrics import METRICS
from weakseg3d.report.tables.measures import measure, measures_in
from weakseg3d.report.tables.readable import mean_and_sd
from weakseg3d.texts import from_cell, read_csv

COLUMNS = ("dataset", "organ", "method", "metric", "mean", "sd", "citation")
"""Header of the CSV; ``sd`` may be empty."""


def read_published(path, shown):
    """Return the published values in a CSV with the header `COLUMNS`, with ``mean`` and ``sd`` as numbers.

    ``shown`` are the `Measure`s of the main table.
    Raises UserError for another header, a metric that is not among them, a value that is not a number or
    outside its metric's range, a row without a citation, and a value given twice.
    """
    content = read_csv(path)
    if tuple(content.columns) != COLUMNS:
        raise UserError(f"{path}: the header must be '{','.join(COLUMNS)}'")
    table = pd.DataFrame([map(from_cell, row) for row in content.rows], columns=COLUMNS, dtype=str)
    for line, row in zip(content.lines, table.to_dict("records"), strict=True):
        if problem := _problem(row, line, [each.name for each in shown]):
            raise UserError(f"{path}: {problem}")
    repeated = table.duplicated(["dataset", "organ", "method", "metric"])
    if repeated.any():
        row = content.lines[int(repeated.idxmax())]
        raise UserError(f"{path}: row {row} repeats the value of an earlier row; remove one")
    return table.assign(mean=table["mean"].astype(float), sd=pd.to_numeric(table["sd"], errors="coerce"))


def _problem(row, line, shown):
    """Return what is wrong with a row of the CSV and how to correct it, or empty text."""
    if row["metric"] not in shown:
        return f"metric {quoted(row['metric'])} in row {line} is not shown; use {' or '.join(shown)}"
    if not row["citation"].strip():
        return f"row {line} has no citation; say where the value was published"
    for column in ("mean", "sd"):
        if not _is_number(row[column]) and (column == "mean" or row[column]):
            return f"{column} {quoted(row[column])} in row {line} is not a number; correct it"
    metric = METRICS[row["metric"]]
    low, high = metric.range
    if not low <= float(row["mean"]) <= high or float(row["sd"] or 0) < 0:
        return f"{row['metric']} in row {line} is outside its range of {low:g} to {high:g}; its unit is '{metric.unit}'"
    return ""


def with_published(table, published):
    """Return the main ``table`` with ``{metric}_published``, as text with the citation's number.

    A column is added only if a value of that metric was published.
    """
    numbers = {citation: number for number, citation in enumerate(published["citation"].unique(), start=1)}
    values = {}
    for row in published.to_dict("records"):
        text = mean_and_sd(row["mean"], row["sd"], measure(row["metric"]).decimals)
        values[row["dataset"], row["organ"], row["method"], row["metric"]] = f"{text} [{numbers[row['citation']]}]"
    table = table.copy()
    for name in (each.name for each in measures_in(table)):
        if (published["metric"] == name).any():
            keys = zip(table["dataset"], table["organ"], table["method"], strict=True)
            table[f"{name}_published"] = [values.get((*key, name), "") for key in keys]
    return table


def published_warnings(table, published):
    """Return a warning for each published value for which the main ``table`` has no row."""
    keys = ["dataset", "organ", "method"]
    known = set(table[keys].itertuples(index=False, name=None))
    return [
        f"the published {row['metric']} of {row['method']} on {row['organ']}, {row['dataset']}, has no row here"
        for row in published.to_dict("records")
        if tuple(row[key] for key in keys) not in known
    ]


def published_note(published):
    """Return what readers need to know about the published values, with the citations."""
    citations = " ".join(f"[{number}] {text}" for number, text in enumerate(published["citation"].unique(), start=1))
    return f"‡ Published by others, on their own cases and with their own software, not computed here: {citations}"


def _is_number(text):
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
