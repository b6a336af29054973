"""The long table of metrics, from which all tables and figures are made: its columns, and how a case is written."""

import csv
import math
import os
from collections.abc import Mapping

from weakseg3d.evaluation.calibration import UNCERTAINTY
from weakseg3d.evaluation.metrics import METRICS
from weakseg3d.files import whole_file
from weakseg3d.texts import as_cell

LABELS = ("dataset", "modality", "organ", "annotation", "method", "seed", "case")
"""Columns that identify the evaluation to which a row belongs."""

COLUMNS = (*LABELS, "metric", "value", "unit", "status")
"""All columns, in order."""

UNITS = {name: metric.unit for name, metric in (METRICS | UNCERTAINTY).items()}
"""The unit of every metric that the table may contain."""


def write_rows(
    path: str | os.PathLike[str], labels: Mapping[str, str], values: Mapping[str, float], status: str
) -> None:
    """Write one row per metric of a case to a CSV file at ``path``, which appears only when it is complete.

    ``labels`` maps columns of `LABELS` to text, and the other columns stay empty; ``values`` maps metrics to numbers in
    the unit of their registry. Numbers have eight significant digits; an undefined value is an empty field.
    """
    head = [as_cell(labels.get(column, "")) for column in LABELS]
    with whole_file(path) as partial, open(partial, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for name, value in values.items():
            text = "" if math.isnan(value) else f"{value:.8g}"
            writer.writerow([*head, name, text, UNITS[name], status])
