"""Every method against the best one on each organ: the table, and the daggers in the main table."""

import math

import pandas as pd

from weakseg3d.evaluation.long_table import LACKING, series_names
from weakseg3d.report.tables.gaps import METHOD
from weakseg3d.report.tables.markup import bold
from weakseg3d.report.tables.measures import SIGNIFICANT, measure, measures_in
from weakseg3d.report.tables.method_facts import is_control, with_readable_facts
from weakseg3d.report.tables.ranked import is_ranked
from weakseg3d.report.tables.readable import ReadableTable
from weakseg3d.statistics.cells import ORGAN

HEADINGS = {
    "dataset": "Dataset",
    "modality": "Modality",
    "organ": "Organ",
    "method": "Method",
    "metric": "Metric",
    "best": "Best method",
    "mean_difference": "best − method",
    "interval": "95 % interval of the difference",
    "win_tie_loss": "win/tie/loss of the best",
    "effect": "effect size (+: the best is better)",
    "p_holm": "p (Holm)",
    "n_tests": "tests",
    "n": "n",
    "n_left_out": "left out",
    "reason": "cannot be significant because",
    "effort": "Effort",
    "selection": "Selection",
    "best_selection": "Selection of the best",
}
"""Columns of the readable table; the last three appear only if they are known."""

NUMBERS = ("mean_difference", "interval", "win_tie_loss", "effect", "p_holm", "n_tests", "n", "n_left_out")
"""Columns of the readable table that are aligned to the right."""

NOTE = (
    "Every method against the one with the best mean on that organ, over the n cases that both have with all seeds "
    "(means over seeds; 'left out' counts the other cases). 95 % interval of the mean difference: Student's t over "
    "cases, not corrected for the number of comparisons; none for fewer than 4 cases. p: two-sided Wilcoxon "
    "signed-rank test, corrected by Holm for all pairs of methods that were tested on that organ with that metric "
    "('tests' is their number), because the best method was identified on the same cases; controls are not compared. "
    "With fewer than 6 cases that differ, this test cannot reach 0.05 whatever the data, and with many tests it needs "
    "more; the last column says so, which is not the same as no significant difference. Effect size: matched-pairs "
    "rank-biserial correlation, which is +1 if the best method is better in every case in which the two differ, and "
    "−1 if it is worse in all of them."
)
"""What readers need to know to understand the table."""

KEPT = ("favours", "p", "p_holm", "n_tests", "reason", "n", "n_left_out")
"""Columns of `comparisons` that do not depend on which method of a pair comes first."""


def compared_rows(rows, measures):
    """Return the ``rows`` on which methods are compared and ranked: those of the ``measures``, without controls."""
    names = [measure.name for measure in measures]
    return rows[rows["metric"].isin(names) & ~is_control(rows["method"]) & (rows["status"] != LACKING)]


def best_methods(rows, table):
    """Return ``{(dataset, modality, organ, metric): name}`` of the best method of the main ``table`` on each organ.

    Controls, methods that found nothing (`is_ranked`) and cells with a gap are never best; the names are those of
    `series_names`.
    """
    names = _series_of(rows, table)
    best = {}
    for organ, part in table[is_ranked(table)].groupby(ORGAN, sort=False):
        for shown in measures_in(part):
            means = (shown.sign * part[f"{shown.name}_mean"]).dropna()
            if len(means) and shown.sign:
                best[(*organ, shown.name)] = names[means.idxmax()]
    return best


def against_best(pairs, best):
    """Return the comparisons of every method with the best one on each organ, in the order of ``pairs``.

    ``pairs`` is the table that `comparisons` returns, ``best`` the names that `best_methods` returns. Columns: dataset,
    modality, organ, metric, ``best``, ``method``, ``mean_difference`` (best minus method) with its interval ``low`` to
    ``high``, ``wins``, ``ties`` and ``losses`` of the best, ``effect`` (positive if the best is better), ``favours``,
    ``p``, ``p_holm``, ``n_tests``, ``reason``, ``n`` and ``n_left_out``.
    """
    lines = []
    for pair in pairs.to_dict("records"):
        leader = best.get(tuple(pair[column] for column in [*ORGAN, "metric"]))
        if leader not in (pair["first"], pair["second"]):
            continue
        swapped = leader == pair["second"]
        sign = -1 if swapped else 1
        low, high = sorted([sign * pair["low"], sign * pair["high"]])
        lines.append(
            {column: pair[column] for column in [*ORGAN, "metric"]}
            | {
                "best": leader,
                "method": pair["first"] if swapped else pair["second"],
                "mean_difference": sign * pair["mean_difference"],
                "low": low,
                "high": high,
                "wins": pair["losses" if swapped else "wins"],
                "ties": pair["ties"],
                "losses": pair["wins" if swapped else "losses"],
                "effect": sign * pair["effect"],
                **{column: pair[column] for column in KEPT},
            }
        )
    columns = [*ORGAN, "metric", "best", "method", "mean_difference", "low", "high", "wins", "ties", "losses", "effect"]
    return pd.DataFrame(lines, columns=[*columns, *KEPT])


def with_significance(table, rows, compared):
    """Return the main ``table`` with ``{metric}_p``: the corrected p of each method against the best.

    ``compared`` is the table that `against_best` returns. NaN for the best method itself, for controls, if nothing was
    tested, and if no test could have been significant.
    """
    names = _series_of(rows, table)
    table = table.copy()
    for shown in measures_in(table):
        tests = compared[(compared["metric"] == shown.name) & (compared["reason"] == "")]
        p_values = tests.set_index([*ORGAN, "method"])["p_holm"].to_dict()
        keys = zip(table["dataset"], table["modality"], table["organ"], names, strict=True)
        column = [p_values.get(key, math.nan) for key in keys]
        table.insert(table.columns.get_loc(f"{shown.name}_high") + 1, f"{shown.name}_p", column)
    return table


def _series_of(rows, table):
    """Return the name from `series_names` for each row of the main ``table``."""
    names = rows.assign(series=series_names(rows)).drop_duplicates(METHOD).set_index(METHOD)["series"]
    return pd.Series([names[key] for key in table[METHOD].itertuples(index=False, name=None)], table.index)


def readable_against_best(table):
    """Return the table that `against_best` returns as a `ReadableTable` with `HEADINGS`; significant p are bold."""
    shown = [measure(name) for name in table["metric"]]
    text = table.assign(metric=[each.label for each in shown]).astype(str)
    rows = table.to_dict("records")
    differences = zip(table["mean_difference"], shown, strict=True)
    text["mean_difference"] = [signed_text(difference, each.decimals) for difference, each in differences]
    limits = zip(table["low"], table["high"], shown, strict=True)
    text["interval"] = [
        "–" if math.isnan(low) else f"{signed_text(low, each.decimals)} to {signed_text(high, each.decimals)}"
        for low, high, each in limits
    ]
    text["win_tie_loss"] = [f"{row['wins']}/{row['ties']}/{row['losses']}" for row in rows]
    text["effect"] = [signed_text(value, 2) for value in table["effect"]]
    text["p_holm"] = [bold(p_text(p)) if p < SIGNIFICANT else p_text(p) for p in table["p_holm"]]
    text = with_readable_facts(text, table, HEADINGS)
    return ReadableTable(text, [HEADINGS[column] for column in NUMBERS], NOTE, subtitle="against best")


def p_text(p):
    """Return a p-value with three decimals, or a dash if there is none."""
    if math.isnan(p):
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def signed_text(value, decimals):
    """Return a difference with its sign, or a dash if there is none."""
    return "–" if math.isnan(value) else f"{value:+.{decimals}f}".replace("-", "−")
