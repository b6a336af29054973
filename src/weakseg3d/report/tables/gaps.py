"""Evaluations that are not there although others say that they should be: where a mean would be a wrong one."""

import pandas as pd

from weakseg3d.evaluation.long_table import LACKING

ORGAN = ["dataset", "modality", "organ"]
METHOD = ["method", "annotation"]

MOST_NAMED = 3
"""Cases that a sentence names."""


def lacking(rows):
    """Return the evaluations that ``rows``, the metrics, lack: a table with one row for each, and why it is expected.

    A method is expected to have a metric, if it has it anywhere, on every organ that any method has it on, there for
    every case that any method has, and with every seed that it has anywhere itself. So a method that stands for one
    organ alone, a case that was never evaluated and a seed that was trained for half of the organs all show. A row
    with the status `LACKING` is expected and not there. Columns: dataset, modality, organ, method, annotation, metric,
    seed and case, in the order of ``rows``.
    """
    lines = []
    for metric, of_metric in rows.groupby("metric", sort=False):
        seeds = of_metric.groupby(METHOD, sort=False)["seed"].unique()
        cases = of_metric.groupby(ORGAN, sort=False)["case"].unique()
        there = of_metric[of_metric["status"] != LACKING]
        present = set(there[[*ORGAN, *METHOD, "seed", "case"]].itertuples(index=False, name=None))
        lines += [
            (*organ, *method, metric, seed, case)
            for organ, organ_cases in cases.items()
            for method, method_seeds in seeds.items()
            for seed in method_seeds
            for case in organ_cases
            if (*organ, *method, seed, case) not in present
        ]
    return pd.DataFrame(lines, columns=[*ORGAN, *METHOD, "metric", "seed", "case"])


def gap_sentences(missing, metrics):
    """Return a sentence for every cell that lacks one of ``metrics``; ``missing`` is what `lacking` returns."""
    missing = missing[missing["metric"].isin(metrics)]
    sentences = []
    for (dataset, _, organ, method, _), group in missing.groupby([*ORGAN, *METHOD], sort=False):
        evaluations = group.drop_duplicates(["seed", "case"])
        named = [f"{case} (seed {seed})" for seed, case in evaluations[["seed", "case"]].itertuples(index=False)]
        more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
        sentences.append(
            f"{method} on {organ}, {dataset}: not evaluated for case {', '.join(named[:MOST_NAMED])}{more}, so its"
            " means are left out"
        )
    return sentences
