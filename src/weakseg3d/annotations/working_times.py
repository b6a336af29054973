"""How long people took: a table of theirs with a row for each case, and for each annotator if there are several."""

import math
import os
from collections import defaultdict
from dataclasses import dataclass

from weakseg3d.errors import UserError, quoted
from weakseg3d.texts import from_cell, read_csv

COLUMNS = ("case", "seconds")
ANNOTATOR = "annotator"
"""Optional column: who annotated the case."""


@dataclass(frozen=True)
class WorkingTimes:
    """The ``seconds`` of every case, all annotators together, and the ``annotators`` by name, if the table has them."""

    seconds: dict[str, float]
    annotators: tuple[str, ...] = ()


def read_working_times(path: str | os.PathLike[str]) -> WorkingTimes:
    """Return the `WorkingTimes` in a CSV with the columns ``case``, ``seconds`` and, if known, ``annotator``.

    Raises UserError for another header and for a time that is not a number of 0 or more.
    """
    content = read_csv(path)
    missing = [column for column in COLUMNS if column not in content.columns]
    if missing:
        raise UserError(f"{path}: has no column '{missing[0]}'; it needs case and seconds, and may have annotator")
    seconds: dict[str, float] = defaultdict(float)
    annotators = []
    for line, cells in zip(content.lines, content.rows, strict=True):
        row = dict(zip(content.columns, map(from_cell, cells), strict=True))
        try:
            time = float(row["seconds"])
        except ValueError:
            time = math.nan
        if not 0 <= time < math.inf:
            raise UserError(
                f"{path}: seconds {quoted(row['seconds'])} in row {line} is not a number of 0 or more; correct it"
            )
        seconds[row["case"]] += time
        annotators.append(row.get(ANNOTATOR, ""))
    return WorkingTimes(dict(seconds), tuple(sorted({name for name in annotators if name})))
