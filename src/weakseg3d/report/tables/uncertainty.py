"""The table of uncertainty: how calibrated every method is, and whether it is uncertain where it is wrong."""

import math

import pandas as pd

from weakseg3d.evaluation.calibration import UNCERTAINTY
from weakseg3d.evaluation.long_table import WITH_ORGAN
from weakseg3d.report.tables.gaps import lacking
from weakseg3d.report.tables.main import (
    GROUP,
    in_order_of_appearance,
    known_headings,
    means_with_best,
)
from weakseg3d.report.tables.method_facts import FACTS, with_readable_facts

FEWEST_CASES = 3
"""With fewer cases a correlation says nothing."""

CORRELATIONS = {"entropy_correlation": "mean_entropy", "variance_correlation": "mean_variance"}
"""Columns of the table and the metrics whose correlation with the Dice error they hold."""

HEADINGS = {
    "dataset": "Dataset",
    "modality": "Modality",
    "organ": "Organ",
    "method": "Method",
    "effort": "Effort",
    "ece": "ECE ↓",
    "entropy_correlation": "ρ entropy",
    "variance_correlation": "ρ variance",
    "n": "n",
    "n_lacking": "lacking",
    "selection": "Selection",
    "annotation": "Annotation",
}
"""Columns of the readable table."""

NUMBERS = ("effort", "ece", *CORRELATIONS, "n", "n_lacking")
"""Columns of the readable table that are aligned to the right."""

NOTE = (
    "ECE: expected calibration error, mean ± sample standard deviation over n cases whose reference holds the organ "
    "(cases × seeds where there is more than one seed). ρ: Spearman's rank correlation over these between the Dice "
    "error (1 − Dice) and the mean entropy, or the mean variance over stochastic passes; 1 where the more uncertain "
    f"case is always the worse one; – with fewer than {FEWEST_CASES} cases or where a value is the same for all, as "
    "the variance of a deterministic network is. Bold: best mean on that organ, underlined: second best."
)
"""What a reader needs to know to read the table."""


def has_uncertainty(rows):
    """Return whether any case in ``rows``, the metrics, was evaluated with uncertainty maps."""
    return bool(rows["metric"].isin(UNCERTAINTY).any())


def uncertainty_table(rows):
    """Return the table as numbers, one row per dataset, organ and method with uncertainty, in order of appearance.

    ``rows`` is what `read_metrics` returns. Columns: those of `GROUP`; mean and sample standard deviation of ECE
    (``ece_mean``, ``ece_sd``); Spearman's rank correlation of mean entropy and of mean variance with 1 - Dice over
    all evaluations, the seeds pooled (NaN for fewer than `FEWEST_CASES` cases, or where either is constant); ``n``
    evaluations; and ``n_lacking`` that are not there, with which all values are NaN. Cases whose reference lacks the
    organ do not count.
    """
    lines = []
    for key, group in rows[rows["status"].isin(WITH_ORGAN)].groupby(GROUP, sort=False):
        evaluations = group.pivot(index=["seed", "case"], columns="metric", values="value")
        if "ece" not in evaluations:
            continue
        evaluations = evaluations.dropna(subset="ece")
        line = dict(zip(GROUP, key, strict=True))
        line["ece_mean"], line["ece_sd"] = evaluations["ece"].mean(), evaluations["ece"].std(ddof=1)
        for column, metric in CORRELATIONS.items():
            line[column] = rank_correlation(evaluations[metric], 1 - evaluations["dice"])
        line["n"] = len(evaluations)
        line |= {fact: group[fact].iloc[0] for fact in FACTS if fact in group}
        lines.append(line)
    columns = [*GROUP, "ece_mean", "ece_sd", *CORRELATIONS, "n", *(fact for fact in FACTS if fact in rows)]
    table = in_order_of_appearance(pd.DataFrame(lines, columns=columns), rows)
    gaps = lacking(rows[rows["metric"] == "ece"]).groupby(GROUP).size()
    table.insert(table.columns.get_loc("n") + 1, "n_lacking", [gaps.get(key, 0) for key in table[GROUP].agg(tuple, 1)])
    table.loc[table["n_lacking"] > 0, ["ece_mean", "ece_sd", *CORRELATIONS]] = math.nan
    return table


def rank_correlation(values, errors):
    """Return Spearman's rank correlation of two series of evaluations with one index (seed, case).

    It is NaN for fewer than `FEWEST_CASES` cases, and where either series is constant.
    """
    cases = values.index.get_level_values("case").nunique()
    if cases < FEWEST_CASES or values.nunique() < 2 or errors.nunique() < 2:
        return math.nan
    return values.corr(errors, method="spearman")


def readable_uncertainty(table):
    """Return the table as text for a reader, with the columns of `HEADINGS` and the best ECE in ``**``."""
    headings = known_headings(table, HEADINGS)
    text = table[[column for column in headings if column in table]].astype(str)
    text["ece"] = means_with_best(table, "ece", -1, 3)
    for column in CORRELATIONS:
        text[column] = [_signed(value) for value in table[column]]
    return with_readable_facts(text, table, headings)


def _signed(value):
    """Return a correlation with two decimals and a true minus sign, or a dash where it is undefined."""
    return "–" if math.isnan(value) else f"{value:.2f}".replace("-", "−")
