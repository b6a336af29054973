"""Values published by others, shown next to ours and marked as theirs."""

import math

import pandas as pd

from weakseg3d.errors import UserError, quoted
from weakseg3d.evaluation.metrics import METRICS
from weakseg3d.report.tables.measures import measure, measures_in
from weakseg3d.report.tables.readable import ReadableTable, interval_text, mean_and_sd, number_text
from weakseg3d.schemas import choose
from weakseg3d.texts import from_cell, read_csv

REQUIRED = ("dataset", "organ", "method", "metric", "mean", "citation")
"""Columns that the CSV must have."""

OPTIONAL = ("sd", "n", "split", "table", "page")
"""Columns that it may have: number of cases, split, and the number of the table and the page in the cited work."""

KEY = ["dataset", "organ", "method", "metric"]

HEADINGS = {
    "dataset": "Dataset",
    "modality": "Modality",
    "organ": "Organ",
    "method": "Method",
    "metric": "Metric",
    "published": "Published",
    "published_n": "n",
    "split": "Split",
    "ours": "Ours",
    "interval": "Ours, 95 % interval",
    "n": "ours, n",
    "difference": "Ours − published",
    "holds": "interval holds it",
    "source": "Source",
}
"""Columns of the readable table."""

NOT_RUN = "not run here"


def read_published(path):
    """Return the published values in a CSV, with the columns `REQUIRED` and `OPTIONAL`, and its numbers as numbers.

    Raises UserError for a column that is missing or unknown, an unknown metric, a value that is not a number or outside
    its metric's range, a row without a citation, and a value given twice.
    """
    content = read_csv(path)
    columns = [*REQUIRED, *OPTIONAL]
    missing = [column for column in REQUIRED if column not in content.columns]
    if missing:
        raise UserError(f"{path}: the column '{missing[0]}' is missing; the header has {','.join(columns)}")
    for column in content.columns:
        choose(column, columns, f"column in {path}")
    table = pd.DataFrame([map(from_cell, row) for row in content.rows], columns=list(content.columns), dtype=str)
    table = table.reindex(columns=columns, fill_value="")
    for line, row in zip(content.lines, table.to_dict("records"), strict=True):
        if problem := _problem(row, line):
            raise UserError(f"{path}: {problem}")
    repeated = table.duplicated(KEY)
    if repeated.any():
        row = content.lines[int(repeated.idxmax())]
        raise UserError(f"{path}: row {row} repeats the value of an earlier row; remove one")
    numbers = {column: pd.to_numeric(table[column], errors="coerce").astype(float) for column in ("mean", "sd", "n")}
    return table.assign(**numbers)


def _problem(row, line):
    """Return what is wrong with a row of the CSV and how to correct it, or empty text."""
    if row["metric"] not in METRICS:
        return f"metric {quoted(row['metric'])} in row {line} is unknown; use {', '.join(METRICS)}"
    if not row["citation"].strip():
        return f"row {line} has no citation; say where the value was published"
    for column in ("mean", "sd", "n"):
        if not _is_number(row[column]) and (column == "mean" or row[column]):
            return f"{column} {quoted(row[column])} in row {line} is not a number; correct it"
    if row["n"] and (float(row["n"]) < 1 or float(row["n"]) % 1):
        return f"n {quoted(row['n'])} in row {line} is not a number of cases; correct it"
    metric = METRICS[row["metric"]]
    low, high = metric.range
    if not low <= float(row["mean"]) <= high or float(row["sd"] or 0) < 0:
        return f"{row['metric']} in row {line} is outside its range of {low:g} to {high:g}; its unit is '{metric.unit}'"
    return ""


def with_published(table, published):
    """Return the main ``table`` with ``{metric}_published``, as text with the citation's number.

    A column is added only if a value of that metric was published.
    """
    numbers = _numbers(published)
    values = {}
    for row in published.to_dict("records"):
        text = mean_and_sd(row["mean"], row["sd"], measure(row["metric"]).decimals)
        values[tuple(row[key] for key in KEY)] = f"{text} [{numbers[row['citation']]}]"
    table = table.copy()
    for name in (each.name for each in measures_in(table)):
        if (published["metric"] == name).any():
            keys = zip(table["dataset"], table["organ"], table["method"], strict=True)
            table[f"{name}_published"] = [values.get((*key, name), "") for key in keys]
    return table


def published_table(published, statistics):
    """Return the ``published`` values, one row each, beside ours of the same dataset, organ, method and metric.

    ``statistics`` is `cell_statistics`, ours of all metrics. Columns: `KEY`, ``annotation`` and ``modality`` of ours,
    ``published_mean``, ``published_sd``, ``published_n``, ``split``; ``mean``, ``low``, ``high`` and ``n`` of ours,
    empty for what is not run here; ``difference``, ours less theirs; ``holds``, whether our interval holds the
    published mean; ``table``, ``page``, ``citation``. A method with several annotations has a row for each.
    """
    theirs = published.rename(columns={column: f"published_{column}" for column in ("mean", "sd", "n")})
    ours = statistics[[*KEY, "modality", "annotation", "mean", "low", "high", "n"]]
    joined = theirs.merge(ours, on=KEY, how="left")
    joined["difference"] = joined["mean"] - joined["published_mean"]
    inside = (joined["low"] <= joined["published_mean"]) & (joined["published_mean"] <= joined["high"])
    joined["holds"] = inside.map({True: "yes", False: "no"}).where(joined["low"].notna(), "")
    joined[["modality", "annotation"]] = joined[["modality", "annotation"]].fillna("")
    values = ["published_mean", "published_sd", "published_n", "split", "mean", "low", "high", "n"]
    columns = [*KEY, "modality", "annotation", *values, "difference", "holds", "table", "page", "citation"]
    return joined[columns]


def readable_published(table, published):
    """Return `published_table` as a `ReadableTable`; its note lists the citations."""
    numbers = _numbers(published)
    rows = [_readable(row, numbers[row["citation"]]) for row in table.to_dict("records")]
    text = pd.DataFrame(rows, columns=list(HEADINGS), dtype=str).rename(columns=HEADINGS)
    aligned = ["published", "published_n", "ours", "interval", "n", "difference"]
    note = (
        "Each value under the published metric's own name. 'Interval holds it': whether the 95 % interval of our mean "
        "holds the published mean; theirs has an uncertainty of its own, which does not count. "
        f"{published_note(published)}"
    )
    return ReadableTable(text, [HEADINGS[name] for name in aligned], note, subtitle="published values beside ours")


def _readable(row, citation):
    shown = measure(row["metric"])
    run = not math.isnan(row["n"])
    place = ", ".join(f"{word} {row[key]}" for key, word in (("table", "table"), ("page", "p.")) if row[key])
    return {
        **{key: row[key] for key in ("dataset", "modality", "organ", "method", "split", "holds")},
        "metric": f"{shown.label}{shown.arrow}",
        "published": mean_and_sd(row["published_mean"], row["published_sd"], shown.decimals),
        "published_n": number_text(row["published_n"], 0),
        "ours": number_text(row["mean"], shown.decimals, "–") if run else NOT_RUN,
        "interval": interval_text(row["low"], row["high"], shown.decimals),
        "n": number_text(row["n"], 0),
        "difference": "" if math.isnan(row["difference"]) else f"{row['difference']:+.{shown.decimals}f}",
        "source": f"[{citation}]{f' {place}' if place else ''}",
    }


def published_note(published):
    """Return what readers need to know about the published values, with the citations."""
    citations = " ".join(f"[{number}] {text}" for text, number in _numbers(published).items())
    return f"‡ Published by others, on their own cases and with their own software, not computed here: {citations}"


def _numbers(published):
    """Return ``{citation: number}``, in the order of the file."""
    return {citation: number for number, citation in enumerate(published["citation"].unique(), start=1)}


def _is_number(text):
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
