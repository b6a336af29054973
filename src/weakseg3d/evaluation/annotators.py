"""Several simulated annotators of one method: their evaluations are those of one cell, like those of several seeds."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from weakseg3d.experiment.annotation_seeds import SEED, with_seed, without_seed

SEEDS = ("training_seed", "annotation_seed")
"""Columns of rows with several simulated annotators: both seeds as text, the second empty where nothing was simulated.

Their column ``seed`` names a run, which has both.
"""


def with_one_cell_per_method(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `read_metrics` such that annotations that differ only in their seed are one.

    Where any method has several, the annotations of all rows lose their seeds, the columns `SEEDS` are added, and
    ``seed`` names a run, ``0, annotation seed 1``, so that whatever pairs or counts evaluations by their seed keeps the
    annotators apart. Where no method has several, the rows are returned as they are.
    """
    names = rows["annotation"].map(without_seed)
    several = rows.groupby([rows[name] for name in ("dataset", "organ", "method")] + [names])["annotation"].nunique()
    if not (several > 1).any():
        return rows
    annotators = rows["annotation"].str.extract(SEED, expand=False).fillna("")
    runs = rows["seed"].where(annotators == "", rows["seed"] + ", annotation seed " + annotators)
    return rows.assign(annotation=names, seed=runs, training_seed=rows["seed"], annotation_seed=annotators)


def has_several(rows: pd.DataFrame) -> bool:
    """Return whether the ``rows`` of `with_one_cell_per_method` have several simulated annotators."""
    return SEEDS[1] in rows


def training_seeds(rows: pd.DataFrame) -> pd.Series:
    """Return the training seed of each row, as text."""
    return rows["training_seed"] if has_several(rows) else rows["seed"]


def names_in_paths(row: Mapping[str, Any]) -> dict[str, str]:
    """Return ``annotation`` and ``seed`` of a row as they stand in the paths of its files."""
    if SEEDS[1] not in row:
        return {"annotation": row["annotation"], "seed": row["seed"]}
    annotator = row["annotation_seed"]
    return {
        "annotation": with_seed(row["annotation"], annotator) if annotator else row["annotation"],
        "seed": row["training_seed"],
    }
