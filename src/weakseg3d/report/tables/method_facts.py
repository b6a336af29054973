"""Facts about a method that stand next to its scores: the annotator's effort, and how the model was selected."""

import math
import re

import numpy as np
import pandas as pd

from weakseg3d.errors import UserError
from weakseg3d.evaluation.annotators import has_several
from weakseg3d.evaluation.long_table import series_names
from weakseg3d.experiment.payment_times import PER_SCAN
from weakseg3d.experiment.people import PREFIX, is_peoples
from weakseg3d.experiment.variants import variant_parts
from weakseg3d.inference.controls import CONTROLS
from weakseg3d.report.tables.labelled import read_labelled
from weakseg3d.statistics.cells import ORGAN
from weakseg3d.texts import from_cell
from weakseg3d.words import counted

OPTIONAL_FACTS = ("effort_seconds", "annotators")
"""Columns added where people's times are known: mean seconds per annotated case, and the number of annotators."""
FACTS = ("effort_clicks", "effort_cm", *OPTIONAL_FACTS, "selection")
"""Columns added to the metrics: mean clicks and centimetres drawn per annotated case, and the rule of selection."""

SELECTIONS = {"last": "last step", "weak_labels": "weak labels", "dense_validation": "dense validation"}
SELECTIONS |= {"own": "the method's own", "": ""}
"""What selected the model, by rule, in words for readers."""

FACTS_NOTE = (
    "Effort: what the annotator gives per training case, in clicks and in centimetres of drawn outline, or per test "
    "case for methods that are given annotations of those; of people, measured on what they saved, with the time if it "
    "is known. Selection: "
    "which state of the network is kept; 'weak labels' and 'last step' use no dense mask, 'dense validation' does."
)
"""What readers need to know about the columns."""

ANNOTATED = ("dataset", "organ", "annotation")
TRAIN, TEST = "train", "test"
"""Parts of the split on which an effort is measured."""
EFFORT_COLUMNS = (*ANNOTATED, "clicks", "drawn_cm")
NUMBERS = {
    "clicks": "effort_clicks",
    "drawn_cm": "effort_cm",
    "seconds": "effort_seconds",
    "annotators": "annotators",
}
"""Columns of numbers in the CSVs of 'effort', and their names as facts."""


def is_control(methods):
    """Return which of ``methods``, a series of names, are controls or variants of one, as a boolean series."""
    return methods.map(lambda name: variant_parts(name)[0]).isin(CONTROLS)


def read_effort(paths):
    """Return mean clicks and centimetres drawn per case, by dataset, organ and annotation, from CSVs of 'effort'.

    ``effort_cases`` is the number of annotated cases, ``effort_part`` the part of the split that they are, which the
    label ``part`` says; without one, they are training cases.
    Where any of them has them, also the mean seconds and the number of annotators.
    Raises UserError for a missing file, another header, and an effort that is not a number of 0 or more.
    """
    tables = []
    for path in paths:
        table = read_labelled(path, EFFORT_COLUMNS, "effort --csv")
        for column in ANNOTATED:
            table[column] = table[column].map(from_cell)
        known = [column for column in NUMBERS if column in table]
        for column in known:
            given = table[column] != ""
            table[column] = pd.to_numeric(table[column], errors="coerce")
            # How many annotators there were may be unknown.
            valid = table[column].between(0, math.inf, inclusive="left") | (~given & (column == "annotators"))
            if not valid.all():
                row = (~valid).idxmax()
                raise UserError(
                    f"{path}: {column} in row {row} is not a number of 0 or more; write it with 'effort --csv'"
                )
        part = table["part"].map(from_cell) if "part" in table else TRAIN
        tables.append(table[[*ANNOTATED, *known]].rename(columns=NUMBERS).assign(effort_part=part))
    groups = pd.concat(tables).groupby([*ANNOTATED, "effort_part"], sort=False)
    return groups.mean().assign(effort_cases=groups.size()).reset_index()


def with_facts(rows, effort, selections, paid=None):
    """Return the metrics ``rows`` with the columns `FACTS`, ``effort_cases`` and ``effort_paid``.

    ``effort`` is the table that `read_effort` returns, or None; ``selections`` is ``{method: rule}`` and ``paid`` says
    when a method's effort is paid (`payment_times.PAID`). One that is paid per scan has the effort of the test scans
    or, if that was not measured, of training scans. An unknown effort is NaN, an unknown rule is empty text.
    """
    when = rows["method"].map(paid or {}).fillna("")
    if effort is not None:
        of_test = effort[effort["effort_part"] == TEST]
        tested = pd.MultiIndex.from_frame(rows[list(ANNOTATED)]).isin(
            pd.MultiIndex.from_frame(of_test[list(ANNOTATED)])
        )
        part = np.where((when == PER_SCAN) & tested, TEST, TRAIN)
        rows = rows.assign(effort_part=part).merge(effort, on=[*ANNOTATED, "effort_part"], how="left")
        rows = rows.drop(columns="effort_part")
    else:
        rows = rows.assign(effort_clicks=math.nan, effort_cm=math.nan, effort_cases=math.nan)
    rows = rows.assign(selection=rows["method"].map(selections).fillna(""))
    return rows.assign(effort_paid=when.to_numpy())


def with_mean_efforts(rows):
    """Return the rows of `with_one_cell_per_method` with the mean effort of the simulated annotators of every cell."""
    if not has_several(rows):
        return rows
    efforts = [fact for fact in FACTS if fact in rows and fact != "selection"]
    cell = ["dataset", "organ", "method", "annotation"]
    means = rows.drop_duplicates([*cell, "annotation_seed"]).groupby(cell, as_index=False)[efforts].mean()
    return rows.drop(columns=efforts).merge(means, on=cell, how="left")[list(rows)]


def with_series_facts(table, rows, column="series", prefix=""):
    """Return ``table`` with those `FACTS` of the methods named in ``column`` that ``rows``, the metrics, have.

    ``table`` has dataset, modality and organ beside ``column``, whose names are those of `series_names`. The new
    columns are called ``{prefix}{fact}``.
    """
    facts = [fact for fact in FACTS if fact in rows]
    keys = [*ORGAN, column]
    known = rows.assign(**{column: series_names(rows)}).drop_duplicates(keys)[[*keys, *facts]]
    return table.merge(known.rename(columns={fact: prefix + fact for fact in facts}), on=keys, how="left")


def with_readable_facts(text, table, headings):
    """Return the columns of ``text`` that ``headings`` (column to heading) name, under these headings.

    ``text`` has the rows of ``table`` as text. Effort, selection and annotation are added in words for readers, as far
    as ``table`` has them.
    """
    words = {}
    if "effort_clicks" in table:
        words["effort"] = readable_effort(table)
    for column in {"selection", "best_selection"} & set(table):
        words[column] = table[column].map(SELECTIONS)
    if "annotation" in table:
        numbers = table["annotators"] if "annotators" in table else [math.nan] * len(table)
        words["annotation"] = [
            readable_annotation(part, number) for part, number in zip(table["annotation"], numbers, strict=True)
        ]
    text = text.assign(**words)
    known = {column: heading for column, heading in headings.items() if column in text}
    return text[list(known)].rename(columns=known)


def readable_annotation(path_part, annotators=math.nan):
    """Return an annotation's name in paths, ``points_number-100_seed-0``, as ``points, number 100, simulated, seed 0``.

    What people made, ``people_points``, is ``points by people``, with the number of ``annotators`` if it is known, or
    ``points by ann`` with the name of one. A mixture, ``mixed_outlines-2_rest-points_sha-1a2b3c4d_seed-0``, is
    ``mixed, outlines 2, rest points, simulated, seed 0``.
    """
    kind, _, parameters = path_part.removeprefix(f"{PREFIX}_").partition("_")
    pairs = re.findall(r"([a-z_]+)-([^_]+)", parameters)
    words = [(key.strip("_").replace("_", " "), value) for key, value in pairs if key.strip("_") != "sha"]
    if is_peoples(path_part):
        people = "" if math.isnan(annotators) else f" ({counted(round(annotators), 'annotator')})"
        names = [value for key, value in words if key == "annotator"]
        by = f"by {names[0]}" if names else f"by people{people}"
        described = [f"{key} {value}" for key, value in words if key != "annotator"]
        return ", ".join([kind, *described, by]) if described else f"{kind} {by}"
    simulated = ["simulated"] * any(key == "seed" for key, _ in words)
    described = [f"{key} {value}" for key, value in words]
    return ", ".join([kind, *described[:-1], *simulated, *described[-1:]])


def readable_effort(table):
    """Return the effort of each row of ``table`` as text: clicks, centimetres drawn, and seconds, as far as known."""
    seconds = table["effort_seconds"] if "effort_seconds" in table else [math.nan] * len(table)
    return [_effort(*effort) for effort in zip(table["effort_clicks"], table["effort_cm"], seconds, strict=True)]


def _effort(clicks, drawn, seconds):
    parts = []
    if clicks > 0:
        parts.append("1 click" if clicks == 1 else f"{clicks:.0f} clicks")
    if drawn > 0:
        parts.append(f"{drawn:.0f} cm")
    time = "" if math.isnan(seconds) else f"{seconds:.0f} s"
    return ", ".join(filter(None, [" + ".join(parts), time]))
