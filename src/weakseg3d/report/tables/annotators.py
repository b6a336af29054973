"""The table of annotators: how well any two agree, in their annotations and in what was learnt from them."""

import pandas as pd

from weakseg3d.errors import UserError
from weakseg3d.report.tables.labelled import read_labelled
from weakseg3d.report.tables.readable import ReadableTable, interval_text, number_text
from weakseg3d.statistics.intervals import mean_interval
from weakseg3d.texts import from_cell

KEY = ["dataset", "modality", "organ", "what", "method", "first", "second"]
"""Columns that name a row."""

COLUMNS = [*KEY, "seed", "case", "dice"]
"""Columns of the CSVs of 'agree' in the workflow."""

WHAT = {"labels": "pseudo labels of training cases", "predictions": "masks of test cases"}
"""What is compared, in words for readers."""

NOTE = (
    "Dice between what two annotators gave, or between what was learnt from each, with the 95 % interval of its "
    "mean over the n cases (seeds of a case averaged first). Of pseudo labels, only voxels that both know count, and "
    "soft ones are cut at one half. Neither of the two is a reference: agreement is not accuracy."
)
"""What readers need to know to understand the table."""


def read_agreement(paths):
    """Return the rows of all ``paths``, CSVs of 'agree' with the labels of the workflow.

    Raises UserError for a missing file, another header, and a Dice that is no number from 0 to 1.
    """
    tables = []
    for path in paths:
        table = read_labelled(path, COLUMNS, "agree --csv")
        given = table["dice"] != ""
        dice = pd.to_numeric(table["dice"], errors="coerce")
        if not (dice.between(0, 1) | ~given).all():
            raise UserError(f"{path}: a dice is not a number from 0 to 1; write it with 'agree --csv'")
        table[KEY] = table[KEY].map(from_cell)
        tables.append(table.assign(dice=dice)[COLUMNS])
    return pd.concat(tables, ignore_index=True)


def annotators_table(rows):
    """Return the table as numbers, one row per pair: `KEY`, mean Dice, its interval, and the number of cases."""
    lines = []
    for key, group in rows.dropna(subset="dice").groupby(KEY, sort=False):
        means = group.groupby("case")["dice"].mean()
        low, high = mean_interval(means, means.index, (0, 1))
        lines.append([*key, means.mean(), low, high, len(means)])
    return pd.DataFrame(lines, columns=[*KEY, "dice_mean", "dice_low", "dice_high", "n"])


def readable_annotators(table):
    """Return the table as a `ReadableTable`."""
    text = pd.DataFrame(
        {
            "Dataset": table["dataset"],
            "Modality": table["modality"],
            "Organ": table["organ"],
            "Method": table["method"],
            "Compared": table["what"].map(WHAT),
            "Annotators": [
                f"{first} and {second}" for first, second in zip(table["first"], table["second"], strict=True)
            ],
            "Dice": [number_text(mean, 3) for mean in table["dice_mean"]],
            "95 % interval": [
                interval_text(low, high, 2) for low, high in zip(table["dice_low"], table["dice_high"], strict=True)
            ],
            "n": table["n"].astype(str),
        }
    )
    return ReadableTable(text, ["Dice", "95 % interval", "n"], NOTE, subtitle="agreement of annotators")
