"""Which settings of each method were tried, how they scored on validation cases, and which one was chosen."""

import pandas as pd

from weakseg3d.errors import UserError
from weakseg3d.report.tables.labelled import read_labelled
from weakseg3d.report.tables.method_facts import readable_annotation
from weakseg3d.report.tables.readable import ReadableTable, number_text
from weakseg3d.texts import from_cell

KEY = ["dataset", "modality", "organ", "annotation", "method", "seed", "labels"]
"""Columns that name the cell in which a setting was tried, and what it was scored on."""
COLUMNS = [*KEY, "setting", "cases", "dice", "chosen"]
"""Columns of the tables of 'select' in the workflow."""
CELL = ["dataset", "organ", "method"]

NOTE = (
    "Every setting was trained, and scored by Dice on the n validation cases, {labels}; the highest score was chosen "
    "for each seed and each annotator, of equal ones the first in the table. A setting without a score gave no finite "
    "probabilities. Test cases had no part in it, and every method was tried with as many settings."
)
"""What readers need to know to understand the table."""

SETTING_NOTE = (
    "Setting: what was chosen, of so many settings tried of each method, by Dice on validation cases, {labels}; "
    "tables/tried.csv has all scores."
)
"""What readers need to know about the column of the main table."""


def read_tried(paths):
    """Return the rows of all ``paths``, tables of 'select' with the labels of the workflow.

    Raises UserError for a missing file, another header, and a value that 'select' does not write.
    """
    tables = []
    for path in paths:
        table = read_labelled(path, COLUMNS, "select")
        dice, cases = (pd.to_numeric(table[column], errors="coerce") for column in ("dice", "cases"))
        valid = (dice.between(0, 1) | (table["dice"] == "")) & (cases >= 1) & table["chosen"].isin(["yes", "no"])
        if not valid.all() or (table["chosen"] == "yes").sum() != 1:
            raise UserError(f"{path}: not a table of one choice; write it with 'select' and its labels")
        texts = table[[*KEY, "setting"]].map(from_cell)
        numbers = {"cases": cases.astype(int), "dice": dice, "chosen": table["chosen"] == "yes"}
        tables.append(texts.assign(**numbers)[COLUMNS])
    return pd.concat(tables, ignore_index=True)


def with_settings(main, tried):
    """Return the ``main`` table with the columns ``setting`` and ``n_tried``.

    The first is what was chosen, with its number of trainings where they differ; the second is how many settings were
    tried. Methods whose settings were not chosen have empty text and 0. ``tried`` is what `read_tried` returns.
    """
    chosen, numbers = {}, {}
    for cell, rows in tried.groupby(CELL, sort=False):
        counts = rows[rows["chosen"]].groupby("setting", sort=False).size()
        order = [setting for setting in rows["setting"].unique() if setting in counts]
        total = counts.sum()
        chosen[cell] = ", ".join(s if len(order) == 1 else f"{s} ({counts[s]} of {total})" for s in order)
        numbers[cell] = rows["setting"].nunique()
    cells = [tuple(cell) for cell in main[CELL].to_numpy()]
    return main.assign(
        setting=[chosen.get(cell, "") for cell in cells], n_tried=[numbers.get(cell, 0) for cell in cells]
    )


def setting_note(tried):
    """Return what readers need to know about the column of settings in the main table."""
    return SETTING_NOTE.format(labels=_labels(tried))


def readable_tried(tried):
    """Return the rows of `read_tried` as a `ReadableTable`."""
    text = pd.DataFrame(
        {
            "Dataset": tried["dataset"],
            "Modality": tried["modality"],
            "Organ": tried["organ"],
            "Method": tried["method"],
            "Annotation": tried["annotation"].map(readable_annotation),
            "Setting": tried["setting"].map(readable_setting),
            "Chosen": tried["chosen"].map({True: "yes", False: ""}),
            "seed": tried["seed"],
            "Dice on validation": [number_text(dice, 3, missing="–") for dice in tried["dice"]],
            "n": tried["cases"].astype(str),
        }
    )
    right = ["seed", "Dice on validation", "n"]
    return ReadableTable(text, right, NOTE.format(labels=_labels(tried)), subtitle="settings that were tried")


def readable_setting(setting):
    """Return ``sigma-8+rate-low`` as ``sigma 8, rate low``."""
    return ", ".join(part.replace("-", " ", 1) for part in setting.split("+"))


def setting_text(chosen, n_tried):
    """Return a cell of the column of settings for readers: ``sigma 8, rate low, of 4``; empty where none was chosen."""
    return f"{readable_setting(chosen)}, of {n_tried}" if chosen else ""


def _labels(tried):
    """Return what the scores were measured on, in words for readers."""
    parts = dict.fromkeys(tried["labels"])
    weak = [readable_annotation(part) for part in parts if part != "dense"]
    words = ["dense masks of them"] * ("dense" in parts)
    words += [f"at the voxels annotated in them ({annotation})" for annotation in weak]
    return "; ".join(words)
