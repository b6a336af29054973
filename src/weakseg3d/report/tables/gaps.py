"""Gaps: evaluations that are missing although others suggest they should exist, so that a mean would mislead."""

import pandas as pd

from weakseg3d.evaluation.long_table import LACKING
from weakseg3d.statistics.cells import ORGAN
from weakseg3d.words import shortened

METHOD = ["method", "annotation"]
"""Columns that identify a method."""

MAX_CASES = 3
"""At most this many cases are named in a warning."""


def missing_evaluations(rows):
    """Return a table with one row for each evaluation that is missing from ``rows``, the metrics.

    If a method has a metric anywhere, it is expected to have it on every organ on which any method has it, there for
    every case that any method has, and with every seed that the method itself has anywhere. So the table shows a method
    that was evaluated on one organ only, a case that was never evaluated, and a seed that was trained for only half of
    the organs. A row with the status `LACKING` is expected and missing. Columns: dataset, modality, organ, method,
    annotation, metric, seed and case, in the order of ``rows``.
    """
    missing = []
    for metric, metric_rows in rows.groupby("metric", sort=False):
        seeds = metric_rows.groupby(METHOD, sort=False)["seed"].unique()
        cases = metric_rows.groupby(ORGAN, sort=False)["case"].unique()
        evaluated = metric_rows[metric_rows["status"] != LACKING]
        evaluated = set(evaluated[[*ORGAN, *METHOD, "seed", "case"]].itertuples(index=False, name=None))
        missing += [
            (*organ, *method, metric, seed, case)
            for organ, organ_cases in cases.items()
            for method, method_seeds in seeds.items()
            for seed in method_seeds
            for case in organ_cases
            if (*organ, *method, seed, case) not in evaluated
        ]
    return pd.DataFrame(missing, columns=[*ORGAN, *METHOD, "metric", "seed", "case"])


def gap_warnings(rows):
    """Return a warning for every method and organ for which ``rows``, the metrics, have missing evaluations."""
    warnings = []
    for (dataset, _, organ, method, _), group in missing_evaluations(rows).groupby([*ORGAN, *METHOD], sort=False):
        evaluations = group.drop_duplicates(["seed", "case"])
        cases = [f"{case} (seed {seed})" for seed, case in evaluations[["seed", "case"]].itertuples(index=False)]
        warnings.append(
            f"{method} on {organ}, {dataset}: not evaluated for case {shortened(cases, MAX_CASES)}, so its"
            " means are left out"
        )
    return warnings
