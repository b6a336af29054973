"""The main table: every method on every dataset and organ, with its missed, absent and lacking cases."""

from itertools import product

import pandas as pd

from weakseg3d.evaluation.long_table import LACKING, WITH_ORGAN, WITHOUT_ORGAN
from weakseg3d.report.tables.cell_statistics import FOUND, VALUES, cell_statistics
from weakseg3d.report.tables.divergence import NOTE as DIVERGENCE_NOTE
from weakseg3d.report.tables.gaps import METHOD
from weakseg3d.report.tables.measures import DECIMALS, MEASURES
from weakseg3d.report.tables.method_facts import FACTS, FACTS_NOTE, is_control, with_readable_facts
from weakseg3d.report.tables.order import in_order_of_appearance
from weakseg3d.report.tables.readable import (
    ReadableTable,
    interval_text,
    mean_and_sd,
    means_with_best,
    number_text,
)
from weakseg3d.statistics.cell_summary import CELL

HEADINGS = {
    "dataset": "Dataset",
    "modality": "Modality",
    "organ": "Organ",
    "method": "Method",
    "effort": "Effort",
    "dice": "Dice ↑",
    "dice_median": "Dice median",
    "dice_interval": "Dice 95 % interval",
    "dice_found": "Dice, found only",
    "dice_published": "Dice, published ‡",
    "hd95": "HD95 (mm) ↓",
    "hd95_median": "HD95 median",
    "hd95_interval": "HD95 95 % interval",
    "hd95_found": "HD95, found only",
    "hd95_published": "HD95, published ‡",
    "n": "n",
    "n_missed": "missed",
    "n_absent": "absent",
    "n_lacking": "lacking",
    "n_seeds": "seeds",
    "n_diverged": "diverged",
    "selection": "Selection",
    "annotation": "Annotation",
}
"""Columns of the readable table; some appear only if they are known or if they differ from 0."""

TEXTS = ("dataset", "modality", "organ", "method", "selection", "annotation")
NUMBERS = tuple(column for column in HEADINGS if column not in TEXTS)
"""Columns of the readable table that are aligned to the right."""

NOTE = (
    "A cell is one method (with one annotation) on one organ of one dataset. Its n evaluations are all test cases "
    "whose reference contains the organ, with all seeds, pooled (cases × seeds). Mean ± sample standard deviation, and "
    "median, over evaluations; 95 % interval of the mean: bootstrap over cases, each drawn with all of its seeds. A "
    "missed organ counts with Dice 0 and the diagonal of the volume as its HD95, and is counted under 'missed'; cases "
    "without the organ are left out and counted under 'absent'. Bold: best mean on that organ; underlined: second "
    "best; controls (*), and methods that found the organ in no case, are not ranked. †: worse than the best, p < 0.05 "
    "(Wilcoxon signed-rank test over cases, corrected by Holm)."
)
"""What readers need to know to understand the table."""

LACKING_NOTE = (
    "A gap, –, stands where a method lacks evaluations that others have: its mean would be taken over other cases."
)
FOUND_NOTE = "'Found only' leaves missed organs out of the mean, and with them the hardest cases."


def main_table(rows, means_without_missed=False):
    """Return the main table as numbers, one row per dataset, organ and method, in order of first appearance.

    ``rows`` is the table that `read_metrics` returns. Columns: those of `CELL`; for each of `MEASURES` the statistics
    from `cell_statistics` (``dice_mean``, ``dice_sd``, ``dice_median``, ``dice_low``, ``dice_high``, and with
    ``means_without_missed`` also ``dice_found_mean`` and ``dice_found_sd``), Dice as a ratio and HD95 in mm; the
    numbers ``n`` of evaluations whose reference contains the organ, ``n_missed`` of those with an empty prediction,
    ``n_absent`` of further ones without the organ, ``n_lacking`` of missing ones, and ``n_seeds``; and those `FACTS`
    that ``rows`` have.
    """
    statistics = cell_statistics(rows[rows["metric"].isin(MEASURES)])
    table = statistics[CELL].drop_duplicates().merge(_counts(rows), on=CELL, how="outer", sort=False)
    counts = ["n", "n_missed", "n_absent", "n_seeds"]
    table[counts] = table[counts].fillna(0).astype(int)
    by_metric = {metric: part.set_index(CELL) for metric, part in statistics.groupby("metric")}
    cells = pd.MultiIndex.from_frame(table[CELL])
    position = len(CELL)
    for measure, value in product(MEASURES, (*VALUES, *FOUND) if means_without_missed else VALUES):
        part = by_metric.get(measure, statistics.iloc[:0].set_index(CELL)).reindex(cells)
        table.insert(position, f"{measure}_{value}", part[value].to_numpy(float))
        position += 1
    n_lacking = statistics.groupby(CELL)["n_lacking"].max().reindex(cells).fillna(0).astype(int)
    table.insert(table.columns.get_loc("n_seeds"), "n_lacking", n_lacking.to_numpy())
    for fact in FACTS:
        if fact in rows:
            table = table.merge(rows.drop_duplicates(CELL)[[*CELL, fact]], on=CELL, how="left")
    if "selection" in table:
        known = rows.drop_duplicates(METHOD).set_index("method")["selection"].to_dict()
        table["selection"] = table["selection"].fillna(table["method"].map(known))
    return in_order_of_appearance(table, rows, CELL)


def _counts(rows):
    """Return the numbers of evaluations of every cell, by whether the organ is present and was found."""
    evaluations = rows[rows["status"] != LACKING].drop_duplicates([*CELL, "seed", "case"])
    evaluations = evaluations.assign(
        n=evaluations["status"].isin(WITH_ORGAN),
        n_missed=evaluations["status"] == "empty_prediction",
        n_absent=evaluations["status"].isin(WITHOUT_ORGAN),
    )
    groups = evaluations.groupby(CELL, sort=False)
    return groups[["n", "n_missed", "n_absent"]].sum().assign(n_seeds=groups["seed"].nunique()).reset_index()


def known_headings(table, headings=HEADINGS):
    """Return those of ``headings`` (column to heading) whose columns ``table`` has, or has the numbers for."""
    sources = {"effort": "effort_clicks", **dict.fromkeys(("dice", "dice_interval"), "dice_mean")}
    sources |= {"hd95": "hd95_mean", "hd95_interval": "hd95_mean", "ece": "ece_mean"}
    sources |= {f"{measure}_found": f"{measure}_found_mean" for measure in MEASURES}
    known = {column: heading for column, heading in headings.items() if sources.get(column, column) in table}
    if "n_lacking" in known and not table["n_lacking"].any():
        del known["n_lacking"]
    return known


def readable_main(table, note="", headings=HEADINGS, subtitle=""):
    """Return the main table, or one with more columns, as a `ReadableTable` with its `known_headings`.

    Means are written ``mean ± sd`` with the best ones marked. Controls carry an asterisk and are never best.
    """
    headings = known_headings(table, headings)
    text = table[[column for column in headings if column in table]].astype(str)
    for measure, sign in MEASURES.items():
        decimals = DECIMALS[measure]
        text[measure] = means_with_best(table, measure, sign, decimals)
        text[f"{measure}_median"] = [number_text(value, decimals) for value in table[f"{measure}_median"]]
        limits = zip(table[f"{measure}_low"], table[f"{measure}_high"], strict=True)
        text[f"{measure}_interval"] = [interval_text(low, high, decimals) for low, high in limits]
        if f"{measure}_found" in headings:
            found = zip(table[f"{measure}_found_mean"], table[f"{measure}_found_sd"], strict=True)
            text[f"{measure}_found"] = [mean_and_sd(mean, sd, decimals) for mean, sd in found]
    text["method"] = text["method"].where(~is_control(table["method"]), text["method"] + " \\*")
    text = with_readable_facts(text, table, headings)
    return ReadableTable(text, [heading for column, heading in headings.items() if column in NUMBERS], note, subtitle)


def main_note(table):
    """Return what readers need to know to understand the main ``table``."""
    notes = [NOTE]
    if table["n_lacking"].any():
        notes.append(LACKING_NOTE)
    if "dice_found_mean" in table:
        notes.append(FOUND_NOTE)
    if "n_diverged" in table:
        notes.append(DIVERGENCE_NOTE)
    if "selection" in table:
        notes.append(FACTS_NOTE)
    return " ".join(notes)
