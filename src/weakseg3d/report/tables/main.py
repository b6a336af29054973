"""The main table: every method on every dataset and organ, with its missed, absent and lacking cases."""

from itertools import product

import pandas as pd

from weakseg3d.evaluation.long_table import LACKING, WITH_ORGAN, WITHOUT_ORGAN
from weakseg3d.report.tables.cell_statistics import FOUND, VALUES, cell_statistics
from weakseg3d.report.tables.divergence import NOTE as DIVERGENCE_NOTE
from weakseg3d.report.tables.gaps import METHOD
from weakseg3d.report.tables.measures import SHOWN, measures_in
from weakseg3d.report.tables.method_facts import FACTS, FACTS_NOTE, is_control, with_readable_facts
from weakseg3d.report.tables.order import in_order_of_appearance
from weakseg3d.report.tables.readable import (
    ReadableTable,
    interval_text,
    mean_and_sd,
    means_with_best,
    number_text,
    share_text,
)
from weakseg3d.report.tables.tried import setting_text
from weakseg3d.statistics.cell_summary import CELL, missed_shares, seed_numbers
from weakseg3d.statistics.intervals import COVERAGE, INTERVAL
from weakseg3d.words import enumerated

TEXTS = ("dataset", "modality", "organ", "method", "selection", "setting", "annotation")
"""Columns of the readable table that are not aligned to the right."""


def headings(table):
    """Return the columns of the readable ``table`` and their headings; some appear only if known, or if not 0."""
    found = {"dataset": "Dataset", "modality": "Modality", "organ": "Organ", "method": "Method", "effort": "Effort"}
    for measure in measures_in(table):
        found |= {
            measure.name: f"{measure.label}{measure.arrow}",
            f"{measure.name}_median": f"{measure.title} median",
            f"{measure.name}_interval": f"{measure.title} 95 % interval",
            f"{measure.name}_found": f"{measure.title}, found only",
            f"{measure.name}_published": f"{measure.title}, published ‡",
        }
    return found | {
        "n": "n",
        "n_missed": "missed",
        "missed": "share missed (95 %)",
        "n_absent": "absent",
        "n_lacking": "lacking",
        "n_seeds": "seeds",
        "n_annotation_seeds": "annotation seeds",
        "n_diverged": "diverged",
        "selection": "Selection",
        "setting": "Setting",
        "annotation": "Annotation",
    }


NOTE = (
    "A cell is one method (with one annotation) on one organ of one dataset. Its n evaluations are all test cases "
    "whose reference contains the organ, with all seeds, pooled (cases × seeds). Mean ± sample standard deviation, "
    "and median, over evaluations: the deviation is that of cases and of seeds together, and tables/variance.csv "
    f"splits it by source; 95 % interval of the mean: {INTERVAL}. {{coverage}}. A missed "
    "organ counts with {when_missed}, and is counted under 'missed', with the share of missed organs and its 95 % "
    "interval beside it (Wilson's, for as many predictions as there are cases); cases without the organ are left out "
    "and counted under 'absent'. Bold: best mean on that organ; underlined: second best; controls (*), and methods "
    "that found the organ in no case, are not ranked. †: worse than the best, p < 0.05 (Wilcoxon signed-rank test "
    "over cases, corrected by Holm)."
)
"""What readers need to know to understand the table."""

LACKING_NOTE = (
    "A gap, –, stands where a method lacks evaluations that others have: its mean would be taken over other cases."
)
ANNOTATORS_NOTE = (
    "Simulated annotators (annotation seeds) are crossed with training seeds: evaluations are cases × seeds × "
    "annotation seeds, the deviation is that of all three together, which tables/variance.csv splits by the method of "
    "moments, and every test and interval is over cases, each the mean over both kinds of seeds."
)
FOUND_NOTE = "'Found only' leaves missed organs out of the mean, and with them the hardest cases."


def main_table(rows, measures=SHOWN, means_without_missed=False):
    """Return the main table as numbers, one row per dataset, organ and method, in order of first appearance.

    ``rows`` is the table that `read_metrics` returns. Columns: those of `CELL`; for each of ``measures`` the statistics
    from `cell_statistics` (``dice_mean``, ``dice_sd``, ``dice_median``, ``dice_low``, ``dice_high``, and with
    ``means_without_missed`` also ``dice_found_mean`` and ``dice_found_sd``), in the unit of the metric; the
    numbers ``n`` of evaluations whose reference contains the organ, ``n_missed`` of those with an empty prediction,
    whose share is ``missed_share`` with the interval ``missed_low`` to ``missed_high``, ``n_absent`` of further ones
    without the organ, ``n_lacking`` of missing ones, and those of `seed_numbers`; and those `FACTS` that ``rows`` have.
    """
    names = [measure.name for measure in measures]
    statistics = cell_statistics(rows[rows["metric"].isin(names)])
    table = statistics[CELL].drop_duplicates().merge(_counts(rows), on=CELL, how="outer", sort=False)
    counts = [column for column in table if column == "n" or column.startswith("n_")]
    table[counts] = table[counts].fillna(0).astype(int)
    by_metric = {metric: part.set_index(CELL) for metric, part in statistics.groupby("metric")}
    cells = pd.MultiIndex.from_frame(table[CELL])
    position = len(CELL)
    for name, value in product(names, (*VALUES, *FOUND) if means_without_missed else VALUES):
        part = by_metric.get(name, statistics.iloc[:0].set_index(CELL)).reindex(cells)
        table.insert(position, f"{name}_{value}", part[value].to_numpy(float))
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
    counts = groups[["n", "n_missed", "n_absent"]].sum()
    more = [seed_numbers(group) | missed_shares(group) for _, group in groups]
    shares = pd.DataFrame(more, index=[key for key, _ in groups])
    shares.index = pd.MultiIndex.from_tuples(shares.index, names=CELL)
    return counts.join(shares).reset_index()


def known_headings(table, columns):
    """Return those of ``columns`` (name to heading) that ``table`` has, or has the numbers for."""
    sources = {"missed": "missed_share", "effort": "effort_clicks", "ece": "ece_mean", "brier": "brier_mean"}
    for measure in measures_in(table):
        sources |= dict.fromkeys((measure.name, f"{measure.name}_interval"), f"{measure.name}_mean")
        sources[f"{measure.name}_found"] = f"{measure.name}_found_mean"
    known = {column: heading for column, heading in columns.items() if sources.get(column, column) in table}
    if "n_lacking" in known and not table["n_lacking"].any():
        del known["n_lacking"]
    return known


def readable_main(table, note="", columns=None, subtitle=""):
    """Return the main table, or one with more ``columns``, as a `ReadableTable` with its `known_headings`.

    Means are written ``mean ± sd`` with the best ones marked. Controls carry an asterisk and are never best.
    """
    columns = columns or headings(table)
    known = known_headings(table, columns)
    text = table[[column for column in known if column in table]].astype(str)
    for measure in measures_in(table):
        name, decimals = measure.name, measure.decimals
        text[name] = means_with_best(table, measure)
        text[f"{name}_median"] = [number_text(value, decimals) for value in table[f"{name}_median"]]
        limits = zip(table[f"{name}_low"], table[f"{name}_high"], strict=True)
        text[f"{name}_interval"] = [interval_text(low, high, decimals) for low, high in limits]
        if f"{name}_found" in known:
            found = zip(table[f"{name}_found_mean"], table[f"{name}_found_sd"], strict=True)
            text[f"{name}_found"] = [mean_and_sd(mean, sd, decimals) for mean, sd in found]
    shares = zip(table["missed_share"], table["missed_low"], table["missed_high"], strict=True)
    text["missed"] = [share_text(*share) for share in shares]
    text["method"] = text["method"].where(~is_control(table["method"]), text["method"] + " \\*")
    if "setting" in known:
        text["setting"] = [setting_text(*each) for each in zip(table["setting"], table["n_tried"], strict=True)]
    text = with_readable_facts(text, table, known)
    right = [heading for column, heading in known.items() if column in headings(table) and column not in TEXTS]
    return ReadableTable(text, right, note, subtitle)


def main_note(table):
    """Return what readers need to know to understand the main ``table``."""
    when_missed = enumerated([measure.when_missed for measure in measures_in(table)])
    notes = [NOTE.format(when_missed=when_missed, coverage=COVERAGE)]
    if table["n_lacking"].any():
        notes.append(LACKING_NOTE)
    if "n_annotation_seeds" in table:
        notes.append(ANNOTATORS_NOTE)
    if any(column.endswith("_found_mean") for column in table):
        notes.append(FOUND_NOTE)
    if "n_diverged" in table:
        notes.append(DIVERGENCE_NOTE)
    if "selection" in table:
        notes.append(FACTS_NOTE)
    return " ".join(notes)
