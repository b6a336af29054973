"""Values that others published, beside ours and marked as theirs."""

import math

import pandas as pd

from weakseg3d.errors import UserError
from weakseg3d.evaluation.metrics import METRICS
from weakseg3d.files import existing_file
from weakseg3d.report.tables.main import DECIMALS, MEASURES, mean_and_sd

COLUMNS = ("dataset", "organ", "method", "metric", "mean", "sd", "citation")
"""Header of the CSV; ``sd`` may be empty."""


def read_published(path):
    """Return the published values in a CSV with the header `COLUMNS`, ``mean`` and ``sd`` as numbers.

    Raises UserError for another header, a metric that the main table does not show, a value that is no number or
    outside its metric's range, a row without citation, and a value given twice.
    """
    path = existing_file(path)
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError):
        raise UserError(f"{path}: not a CSV table that can be read; give it the header {','.join(COLUMNS)}") from None
    if tuple(table.columns) != COLUMNS:
        raise UserError(f"{path}: the header must be '{','.join(COLUMNS)}'")
    for line, row in enumerate(table.to_dict("records"), start=2):
        if row["metric"] not in MEASURES:
            raise UserError(f"{path}: metric '{row['metric']}' in row {line} is none of {', '.join(MEASURES)}")
        if not row["citation"].strip():
            raise UserError(f"{path}: row {line} has no citation; say where the value was published")
        for column in ("mean", "sd"):
            if not _is_number(row[column]) and (column == "mean" or row[column]):
                raise UserError(f"{path}: {column} '{row[column]}' in row {line} is no number; correct it")
        low, high = METRICS[row["metric"]].range
        if not low <= float(row["mean"]) <= high or float(row["sd"] or 0) < 0:
            raise UserError(
                f"{path}: {row['metric']} in row {line} is outside its range of {low:g} to {high:g}; its unit is"
                f" '{METRICS[row['metric']].unit}'"
            )
    twice = table.duplicated(["dataset", "organ", "method", "metric"])
    if twice.any():
        raise UserError(f"{path}: row {int(twice.idxmax()) + 2} gives a value that an earlier row gives; keep one")
    return table.assign(mean=table["mean"].astype(float), sd=pd.to_numeric(table["sd"], errors="coerce"))


def with_published(table, published):
    """Return the main ``table`` with ``dice_published`` and ``hd95_published``, as text with the citation's number.

    Also returned are the citations in their order and a sentence for each published value that has no row.
    """
    citations = list(dict.fromkeys(published["citation"]))
    table = table.copy()
    places = set(table[["dataset", "organ", "method"]].itertuples(index=False, name=None))
    values = {}
    warnings = []
    for row in published.to_dict("records"):
        key = row["dataset"], row["organ"], row["method"]
        text = (
            f"{mean_and_sd(row['mean'], row['sd'], DECIMALS[row['metric']])} [{citations.index(row['citation']) + 1}]"
        )
        values[(*key, row["metric"])] = text
        if key not in places:
            warnings.append(
                f"the published {row['metric']} of {row['method']} on {row['organ']}, {row['dataset']}, has no row here"
            )
    for measure in MEASURES:
        if (published["metric"] == measure).any():
            keys = zip(table["dataset"], table["organ"], table["method"], strict=True)
            table[f"{measure}_published"] = [values.get((*key, measure), "") for key in keys]
    return table, citations, warnings


def published_note(citations):
    """Return what a reader needs to know of the published values."""
    named = " ".join(f"[{number}] {citation}" for number, citation in enumerate(citations, start=1))
    return f"‡ Published by others, on cases and with software of their own, not computed here: {named}"


def _is_number(text):
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
