"""The table of uncertainty: how well calibrated each method is, and whether it is uncertain where it is wrong."""

import math

import pandas as pd

from weakseg3d.evaluation.calibration import UNCERTAINTY
from weakseg3d.evaluation.long_table import WITH_ORGAN
from weakseg3d.report.tables.gaps import missing_evaluations
from weakseg3d.report.tables.main import known_headings
from weakseg3d.report.tables.measures import measure
from weakseg3d.report.tables.method_facts import FACTS, with_readable_facts
from weakseg3d.report.tables.order import in_order_of_appearance
from weakseg3d.report.tables.readable import ReadableTable, means_with_best, number_text
from weakseg3d.statistics.cell_summary import CELL

FEWEST_CASES = 3
"""With fewer cases a correlation is meaningless."""

SCORES = ("ece", "brier")
"""Metrics of calibration, of which the table has the mean; a long table of an earlier version may lack the second."""

CORRELATIONS = {"entropy_correlation": "mean_entropy", "variance_correlation": "mean_variance"}
"""Columns of correlations with the Dice error, and the metric that each correlates with it."""

HEADINGS = {
    "dataset": "Dataset",
    "modality": "Modality",
    "organ": "Organ",
    "method": "Method",
    "effort": "Effort",
    "ece": "ECE ↓",
    "brier": "Brier ↓",
    "entropy_correlation": "ρ entropy",
    "variance_correlation": "ρ variance",
    "n": "n",
    "n_lacking": "lacking",
    "selection": "Selection",
    "annotation": "Annotation",
}
"""Columns of the readable table."""

NUMBERS = ("effort", *SCORES, *CORRELATIONS, "n", "n_lacking")
"""Columns of the readable table that are aligned to the right."""

NOTE = (
    "ECE: expected calibration error; Brier: mean squared difference between foreground probability and reference. "
    "Both are taken over the voxels of the bounding box of prediction and reference, widened by 10 mm, so that a "
    "prediction far from the organ also adds easy background; mean ± sample standard deviation over the n cases whose "
    "reference contains the organ (cases × seeds if there are several seeds). ρ: Spearman's rank correlation over the "
    "same cases between the Dice error (1 − Dice) and the mean entropy, or the mean variance over stochastic passes, "
    "over the same voxels; 1 if the more uncertain of two cases is always the worse one; – with fewer than "
    f"{FEWEST_CASES} cases, or if a value is the same for all, such as the variance of a deterministic network. Bold: "
    "best mean on that organ; underlined: second best; a method that missed the organ in every case is neither."
)
"""What readers need to know to understand the table."""


def has_uncertainty(rows):
    """Return whether any case in ``rows``, the metrics, was evaluated with uncertainty maps."""
    return bool(rows["metric"].isin(UNCERTAINTY).any())


def uncertainty_table(rows):
    """Return the table as numbers, one row per dataset, organ and method with uncertainty, in order of appearance.

    ``rows`` is the table that `read_metrics` returns. Columns: those of `CELL`; mean and sample standard deviation of
    those of `SCORES` that ``rows`` have (``ece_mean``, ``ece_sd``); Spearman's rank correlation of mean entropy and of
    mean variance with 1 - Dice over all evaluations, with the seeds pooled (NaN for fewer than `FEWEST_CASES` cases, or
    if either is constant); the numbers ``n`` of evaluations, ``n_missed`` of those with an empty prediction (only if
    there are any) and ``n_lacking`` of missing ones (if it is not 0, all values are NaN); and those `FACTS` that
    ``rows`` have. Cases whose reference lacks the organ do not count.
    """
    scores = [name for name in SCORES if (rows["metric"] == name).any()]
    lines = []
    for key, group in rows[rows["status"].isin(WITH_ORGAN)].groupby(CELL, sort=False):
        evaluations = group.pivot(index=["seed", "case"], columns="metric", values="value")
        if "ece" not in evaluations:
            continue
        evaluations = evaluations.dropna(subset="ece")
        line = dict(zip(CELL, key, strict=True))
        for name in scores:
            values = evaluations[name] if name in evaluations else pd.Series(dtype=float)
            line[f"{name}_mean"], line[f"{name}_sd"] = values.mean(), values.std(ddof=1)
        for column, metric in CORRELATIONS.items():
            line[column] = rank_correlation(evaluations[metric], 1 - evaluations["dice"])
        line["n"] = len(evaluations)
        missed = group[(group["metric"] == "dice") & (group["status"] == "empty_prediction")]
        line["n_missed"] = evaluations.index.isin(pd.MultiIndex.from_frame(missed[["seed", "case"]])).sum()
        line |= {fact: group[fact].iloc[0] for fact in FACTS if fact in group}
        lines.append(line)
    values = [*(f"{name}_{value}" for name in scores for value in ("mean", "sd")), *CORRELATIONS]
    columns = [*CELL, *values, "n", "n_missed", *(fact for fact in FACTS if fact in rows)]
    table = in_order_of_appearance(pd.DataFrame(lines, columns=columns), rows, CELL)
    gaps = missing_evaluations(rows[rows["metric"] == "ece"]).groupby(CELL).size()
    lacking = [gaps.get(key, 0) for key in table[CELL].agg(tuple, 1)]
    table.insert(table.columns.get_loc("n_missed") + 1, "n_lacking", lacking)
    if not table["n_missed"].any():
        table = table.drop(columns="n_missed")
    table.loc[table["n_lacking"] > 0, values] = math.nan
    return table


def rank_correlation(values, errors):
    """Return Spearman's rank correlation of two series of evaluations with the same index (seed, case).

    It is NaN for fewer than `FEWEST_CASES` cases, and if either series is constant.
    """
    cases = values.index.get_level_values("case").nunique()
    if cases < FEWEST_CASES or values.nunique() < 2 or errors.nunique() < 2:
        return math.nan
    return values.corr(errors, method="spearman")


def readable_uncertainty(table):
    """Return the table as a `ReadableTable` with `HEADINGS`; the best scores are in ``**``."""
    headings = known_headings(table, HEADINGS)
    text = table[[column for column in headings if column in table]].astype(str)
    for name in SCORES:
        if name in headings:
            text[name] = means_with_best(table, measure(name))
    for column in CORRELATIONS:
        text[column] = [number_text(value, 2, missing="–").replace("-", "−") for value in table[column]]
    text = with_readable_facts(text, table, headings)
    numbers = [HEADINGS[column] for column in NUMBERS if column in headings]
    return ReadableTable(text, numbers, NOTE, subtitle="uncertainty")
