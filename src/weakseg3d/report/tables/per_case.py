"""The first metric of every case by every method, which shows readers the hard cases and leads them to the viewer."""

import math
from dataclasses import dataclass
from typing import Any

from weakseg3d.evaluation.long_table import LACKING, WITH_ORGAN, series_names
from weakseg3d.report.tables.measures import SHOWN
from weakseg3d.report.tables.readable import number_text

STATUS_WORDS = {
    "ok": "",
    "empty_prediction": "missed",
    "absent_in_reference": "false alarm",
    "absent_in_both": "absent",
}
"""Text written next to a value, or instead of one, for each status."""

MAX_METHODS = 16
"""If there are more methods than this, the variants of a study are left out."""


@dataclass(frozen=True)
class CaseTable:
    """The first metric of every case."""

    methods: list[str]
    """Names of the methods, one for each column."""

    rows: list[dict[str, Any]]
    """One dict for each organ, case and seed, with ``dataset``, ``organ``, ``case``, ``seed`` and ``cells``.

    The cells are in the order of the methods: dicts with ``method``, ``text``, ``title`` (status, other metrics) and
    ``missed``, or None if the method was not evaluated.
    """


def case_table(rows, measures=SHOWN):
    """Return the `CaseTable` of ``rows``, the metrics, of which the first of ``measures`` is written out."""
    rows = rows.assign(series=series_names(rows))
    if rows["series"].nunique() > MAX_METHODS:
        rows = rows[~rows["method"].str.contains("+", regex=False)]
    series = list(rows["series"].unique())
    keys = ["dataset", "organ", "case", "seed"]
    cases = rows[keys].drop_duplicates()
    rows = rows[rows["status"] != LACKING]
    values = {
        metric: part.set_index([*keys, "series"])["value"]
        for metric, part in rows.groupby("metric")
        if metric in [measure.name for measure in measures]
    }
    evaluations = rows.drop_duplicates([*keys, "series"]).set_index([*keys, "series"])[["status", "method"]]
    table = []
    for key in cases.itertuples(index=False, name=None):
        cells = []
        for name in series:
            if (*key, name) not in evaluations.index:
                cells.append(None)
                continue
            status, method = evaluations.loc[(*key, name)]
            numbers = [
                values[measure.name].get((*key, name), math.nan) if measure.name in values else math.nan
                for measure in measures
            ]
            cells.append(_cell(method, status, measures, numbers))
        table.append(dict(zip(keys, key, strict=True)) | {"cells": cells})
    return CaseTable(series, table)


def _cell(method, status, measures, numbers):
    text = number_text(numbers[0], measures[0].decimals, missing="–") if status in WITH_ORGAN else "–"
    others = zip(measures[1:], numbers[1:], strict=True)
    titles = [
        f"{measure.title} {number_text(number, measure.decimals)} {measure.unit.replace('1', '')}".strip()
        for measure, number in others
        if not math.isnan(number)
    ]
    return {
        "method": method,
        "text": " ".join(filter(None, [text, STATUS_WORDS[status]])),
        "title": ", ".join([status, *titles]),
        "missed": status == "empty_prediction",
    }
