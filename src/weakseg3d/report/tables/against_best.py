"""Tables of what the statistics say between methods: each against the best one, and the ranking with its stability."""

import math

import pandas as pd

from weakseg3d.evaluation.long_table import LACKING, series_names
from weakseg3d.report.tables.gaps import ORGAN
from weakseg3d.report.tables.main import DECIMALS, GROUP, MEASURES, SIGNIFICANT, is_control
from weakseg3d.report.tables.markup import bold, underlined
from weakseg3d.report.tables.method_facts import with_readable_facts, with_series_facts
from weakseg3d.statistics.comparison import comparisons
from weakseg3d.statistics.ranking import ranking

TITLES = {"dice": "Dice", "hd95": "HD95 (mm)"}

AGAINST_BEST = {
    "dataset": "Dataset",
    "modality": "Modality",
    "organ": "Organ",
    "method": "Method",
    "metric": "Metric",
    "best": "Best method",
    "mean_difference": "best − method",
    "win_tie_loss": "win/tie/loss of the best",
    "effect": "effect size",
    "p_holm": "p (Holm)",
    "n": "n",
    "n_left_out": "left out",
    "reason": "not tested because",
    "effort": "Effort",
    "selection": "Selection",
    "best_selection": "Selection of the best",
}
"""Columns of the readable comparisons against the best method; the last three where they are known."""

AGAINST_BEST_NUMBERS = ("mean_difference", "win_tie_loss", "effect", "p_holm", "n", "n_left_out")

AGAINST_BEST_NOTE = (
    "Every method against the one with the best mean on that organ, over n cases that both have with all seeds (means "
    "over seeds; 'left out' counts further cases). p: two-sided Wilcoxon signed-rank test, corrected by Holm for all "
    "pairs of methods on that organ with that metric, since which method is best is seen in the same cases; controls "
    "are not compared. Effect size: matched-pairs rank-biserial correlation, 1 where the best is better in every case "
    "that differs."
)

RANKING = {
    "dataset": "Dataset",
    "modality": "Modality",
    "organ": "Organ",
    "method": "Method",
    "metric": "Metric",
    "mean": "mean",
    "rank": "rank",
    "average_rank": "mean rank of resamples",
    "kendall_tau": "Kendall's τ",
    "n": "n",
    "n_left_out": "left out",
    "effort": "Effort",
    "selection": "Selection",
}
"""Columns of the readable ranking; the last two where they are known."""

RANKING_NUMBERS = ("mean", "rank", "average_rank", "kendall_tau", "n", "n_left_out")

RANKING_NOTE = (
    "Methods in the order of their means over the n cases that all of them have with all seeds ('left out' counts the "
    "others); controls are not ranked. Stability: cases are resampled 10 000 times; the mean rank of a method over the "
    "resamples, and the mean Kendall's τ-b between a resample's ranking and this one (1: always the same order). After "
    "Wiesenfarth et al. 2021, doi:10.1038/s41598-021-82017-6."
)


def compared_rows(rows):
    """Return the ``rows`` that methods are compared and ranked on: the `MEASURES` that are there, without controls."""
    return rows[rows["metric"].isin(MEASURES) & ~is_control(rows["method"]) & (rows["status"] != LACKING)]


def best_methods(rows, table):
    """Return ``{(dataset, modality, organ, metric): name}`` of the best method of the main ``table`` in each of them.

    Controls and cells with a gap are never best; the names are those of `series_names`.
    """
    names = _names(rows, table)
    best = {}
    for organ, part in table[~is_control(table["method"])].groupby(ORGAN, sort=False):
        for measure, sign in MEASURES.items():
            means = (sign * part[f"{measure}_mean"]).dropna()
            if len(means):
                best[(*organ, measure)] = names[means.idxmax()]
    return best


def against_best(pairs, best):
    """Return the comparisons of every method with the best one on each organ, in the order of ``pairs``.

    ``pairs`` is what `comparisons` returns, ``best`` what `best_methods` returns. Columns: dataset, modality, organ,
    metric, ``best``, ``method``, ``mean_difference`` (best less method), ``wins``, ``ties`` and ``losses`` of the
    best, ``effect`` (positive where the best is better), ``p``, ``p_holm``, ``reason``, ``n`` and ``n_left_out``.
    """
    lines = []
    for pair in pairs.to_dict("records"):
        leader = best.get(tuple(pair[column] for column in [*ORGAN, "metric"]))
        if leader not in (pair["first"], pair["second"]):
            continue
        turned = leader == pair["second"]
        sign = -1 if turned else 1
        lines.append(
            {column: pair[column] for column in [*ORGAN, "metric"]}
            | {
                "best": leader,
                "method": pair["first"] if turned else pair["second"],
                "mean_difference": sign * pair["mean_difference"],
                "wins": pair["losses" if turned else "wins"],
                "ties": pair["ties"],
                "losses": pair["wins" if turned else "losses"],
                "effect": sign * pair["effect"],
                **{column: pair[column] for column in ("p", "p_holm", "reason", "n", "n_left_out")},
            }
        )
    columns = [*ORGAN, "metric", "best", "method", "mean_difference", "wins", "ties", "losses", "effect"]
    return pd.DataFrame(lines, columns=[*columns, "p", "p_holm", "reason", "n", "n_left_out"])


def with_significance(table, rows, compared):
    """Return the main ``table`` with ``dice_p`` and ``hd95_p``: the corrected p of each method against the best.

    ``compared`` is what `against_best` returns. NaN for the best itself, for controls and where nothing was tested.
    """
    names = _names(rows, table)
    table = table.copy()
    for measure in MEASURES:
        of_measure = compared[compared["metric"] == measure]
        values = of_measure.set_index([*ORGAN, "method"])["p_holm"].to_dict()
        keys = zip(table["dataset"], table["modality"], table["organ"], names, strict=True)
        column = [values.get(key, math.nan) for key in keys]
        table.insert(table.columns.get_loc(f"{measure}_high") + 1, f"{measure}_p", column)
    return table


def _names(rows, table):
    """Return the name under which each row of the main ``table`` is compared."""
    named = rows.assign(series=series_names(rows)).drop_duplicates(GROUP[3:]).set_index(GROUP[3:])["series"]
    return pd.Series([named[key] for key in table[GROUP[3:]].itertuples(index=False, name=None)], table.index)


def comparison_tables(rows, table):
    """Return the main ``table`` with significance, and the tables ``{name: table}`` behind it.

    ``comparisons`` holds every pair of methods, ``against_best`` those with the best, ``ranking`` and
    ``ranking_shares`` the ranking and how often a resample gives a method a rank.
    """
    pairs = comparisons(compared_rows(rows))
    compared = against_best(pairs, best_methods(rows, table))
    ranks, shares = ranking(compared_rows(rows))
    table = with_significance(table, rows, compared)
    for name in ("first", "second"):
        pairs = with_series_facts(pairs, rows, name, f"{name}_")
    compared = with_series_facts(with_series_facts(compared, rows, "method"), rows, "best", "best_")
    ranks = with_series_facts(ranks, rows)
    tables = {"comparisons": pairs, "against_best": compared, "ranking": ranks, "ranking_shares": shares}
    return table, tables


def readable_against_best(table):
    """Return the comparisons with the best as text, with the columns of `AGAINST_BEST`; significant p bold."""
    text = table.assign(metric=table["metric"].map(TITLES)).astype(str)
    rows = table.to_dict("records")
    text["mean_difference"] = [_signed(row["mean_difference"], DECIMALS[row["metric"]]) for row in rows]
    text["win_tie_loss"] = [f"{row['wins']}/{row['ties']}/{row['losses']}" for row in rows]
    text["effect"] = [_signed(value, 2) for value in table["effect"]]
    text["p_holm"] = [bold(p_text(p)) if p < SIGNIFICANT else p_text(p) for p in table["p_holm"]]
    return with_readable_facts(text, table, AGAINST_BEST)


def readable_ranking(table):
    """Return the ranking as text, with the columns of `RANKING`, best first."""
    table = table.rename(columns={"series": "method"})
    groups = [*ORGAN, "metric"]
    order = table.assign(place=table.groupby(groups, sort=False).ngroup()).sort_values(["place", "rank"], kind="stable")
    table = table.loc[order.index].reset_index(drop=True)
    text = table.assign(metric=table["metric"].map(TITLES)).astype(str)
    text["mean"] = [
        "" if math.isnan(mean) else f"{mean:.{DECIMALS[metric]}f}"
        for mean, metric in zip(table["mean"], table["metric"], strict=True)
    ]
    text["rank"] = [_rank_text(rank) for rank in table["rank"]]
    for column in ("average_rank", "kendall_tau"):
        text[column] = ["–" if math.isnan(value) else f"{value:.2f}" for value in table[column]]
    return with_readable_facts(text, table, RANKING)


def p_text(p):
    """Return a p-value with three decimals, a dash where there is none."""
    if math.isnan(p):
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _rank_text(rank):
    if math.isnan(rank):
        return "–"
    text = f"{rank:.0f}"
    return bold(text) if rank == 1 else underlined(text) if rank == 2 else text


def _signed(value, decimals):
    return "–" if math.isnan(value) else f"{value:+.{decimals}f}".replace("-", "−")
