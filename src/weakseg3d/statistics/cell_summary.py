"""Mean, standard deviation, median and interval of every cell and metric."""

import pandas as pd

from weakseg3d.evaluation.annotators import has_several, training_seeds
from weakseg3d.evaluation.long_table import LACKING, WITH_ORGAN, WITHOUT_ORGAN
from weakseg3d.statistics.cells import ORGAN, bounds
from weakseg3d.statistics.intervals import mean_interval, share_interval

CELL = [*ORGAN, "method", "annotation"]
"""Columns that identify a cell."""


def summary(rows: pd.DataFrame, with_missed: bool = True) -> pd.DataFrame:
    """Return one row per cell and metric, in order of first appearance in ``rows``, a result of `read_metrics`.

    The columns are `CELL`, ``metric`` and ``unit``; over all evaluations ``mean``, ``sd`` (sample standard
    deviation, NaN for fewer than two), ``median``, and ``low`` and ``high``, the 95 % interval of the mean
    (`mean_interval`); and the following numbers: ``n``, the evaluations over which these are taken, their cases
    ``n_cases`` and seeds (`seed_numbers`); ``n_missed``, the evaluations with an empty prediction; ``n_absent``,
    further evaluations without the organ in the reference; ``missed_share``, the share of empty predictions among the
    ``n``, with its 95 % interval ``missed_low`` to ``missed_high`` (`missed_shares`); and ``n_lacking``, the
    evaluations that are missing although another method was evaluated on the case and this method with the seed.

    Without ``with_missed``, the values are taken over the evaluations in which the organ was found, without penalties;
    ``n_missed`` still counts the others.
    """
    statuses = WITH_ORGAN if with_missed else ("ok",)
    all_cases = rows.groupby([*ORGAN, "metric"])["case"].nunique()
    lines = []
    for key, group in rows.groupby([*CELL, "metric"], sort=False):
        values = group[group["status"].isin(statuses)].sort_values(["case", "seed"])
        low, high = mean_interval(values["value"], values["case"], bounds(key[-1]))
        labels = dict(zip([*CELL, "metric"], key, strict=True))
        expected = all_cases[tuple(labels[column] for column in [*ORGAN, "metric"])] * group["seed"].nunique()
        lines.append(
            labels
            | {
                "unit": group["unit"].iloc[0],
                "mean": values["value"].mean(),
                "sd": values["value"].std(ddof=1),
                "median": values["value"].median(),
                "low": low,
                "high": high,
                "n": len(values),
                "n_cases": values["case"].nunique(),
                **seed_numbers(group[group["status"] != LACKING]),
                "n_missed": int((group["status"] == "empty_prediction").sum()),
                **missed_shares(group),
                "n_absent": int(group["status"].isin(WITHOUT_ORGAN).sum()),
                "n_lacking": int(expected - (group["status"] != LACKING).sum()),
            }
        )
    return pd.DataFrame(lines)


def seed_numbers(rows: pd.DataFrame) -> dict[str, int]:
    """Return the number ``n_seeds`` of training seeds in ``rows``, the evaluations of a cell.

    Where methods have several simulated annotators, their number is ``n_annotation_seeds``; 0 if none was simulated.
    """
    seeds = {"n_seeds": training_seeds(rows).nunique()}
    if not has_several(rows):
        return seeds
    return seeds | {"n_annotation_seeds": rows.loc[rows["annotation_seed"] != "", "annotation_seed"].nunique()}


def missed_shares(rows: pd.DataFrame) -> dict[str, float]:
    """Return the share of missed organs among ``rows``, the evaluations of a cell with one metric, and its interval.

    Keys are ``missed_share``, ``missed_low`` and ``missed_high``. Evaluations without the organ in the reference do not
    count. The interval is that of as many independent predictions as there are cases: seeds of a case are not
    independent, so that a case missed with one of two seeds counts half (`share_interval`).
    """
    with_organ = rows[rows["status"].isin(WITH_ORGAN)]
    cases = with_organ["case"].nunique()
    share = (with_organ["status"] == "empty_prediction").mean() if cases else float("nan")
    low, high = share_interval(share * cases, cases)
    return {"missed_share": share, "missed_low": low, "missed_high": high}
