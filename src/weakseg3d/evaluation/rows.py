"""The long table of metrics, the one thing that tables and figures read: its columns, and how a case is written."""

import csv
import math

from weakseg3d.evaluation.calibration import UNCERTAINTY
from weakseg3d.evaluation.metrics import METRICS
from weakseg3d.files import whole_file

LABELS = ("dataset", "modality", "organ", "annotation", "method", "seed", "case")
"""Columns that say what a row belongs to."""

COLUMNS = (*LABELS, "metric", "value", "unit", "status")
"""All columns, in order."""

UNITS = {name: metric.unit for name, metric in (METRICS | UNCERTAINTY).items()}
"""The unit of every metric that a table may hold."""


def write_rows(path, labels, values, status):
    """Write one row per metric of one case to a CSV file at ``path``, visible only when whole.

    ``labels`` maps columns of `LABELS` to text, missing ones stay empty; ``values`` maps metrics to numbers
    in the unit of their registry. Numbers have eight significant digits; an undefined one is an empty field.
    """
    head = [labels.get(column, "") for column in LABELS]
    with whole_file(path) as partial, open(partial, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for name, value in values.items():
            text = "" if math.isnan(value) else f"{value:.8g}"
            writer.writerow([*head, name, text, UNITS[name], status])
