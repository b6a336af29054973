"""The main table: every method on every dataset and organ, with its missed, absent and lacking cases."""

import math
from itertools import product

import pandas as pd

from weakseg3d.evaluation.long_table import LACKING, WITH_ORGAN, WITHOUT_ORGAN
from weakseg3d.experiment.variants import variant_parts
from weakseg3d.inference.controls import CONTROLS
from weakseg3d.report.tables.cell_statistics import FOUND, VALUES, cell_statistics, interval_text
from weakseg3d.report.tables.gaps import METHOD
from weakseg3d.report.tables.markup import bold, underlined
from weakseg3d.report.tables.method_facts import FACTS, with_readable_facts
from weakseg3d.report.tables.method_facts import NOTE as FACTS_NOTE

GROUP = ["dataset", "modality", "organ", "method", "annotation"]
"""Columns that make one row of the main table."""

MEASURES = {"dice": 1, "hd95": -1}
"""Metrics the main table shows; 1 where higher is better, else -1."""

DECIMALS = {"dice": 3, "hd95": 2}
"""Decimals shown in Markdown and HTML; values that agree in them are equally good."""

SIGNIFICANT = 0.05
"""Corrected p below which a method is marked as worse than the best one."""

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
    "selection": "Selection",
    "annotation": "Annotation",
}
"""Columns of the readable table; some of them only where they are known or say something."""

TEXTS = ("dataset", "modality", "organ", "method", "selection", "annotation")
NUMBERS = tuple(column for column in HEADINGS if column not in TEXTS)
"""Columns of the readable table that are aligned to the right."""

NOTE = (
    "A cell is one method (with one annotation) on one organ of one dataset; its n evaluations are all test cases "
    "whose reference holds the organ, with all seeds, pooled (cases × seeds). Mean ± sample standard deviation, and "
    "median, over evaluations; 95 % interval of the mean: bootstrap over cases, each drawn with all of its seeds. A "
    "missed organ counts with Dice 0 and the diagonal of the volume as its HD95, and is counted under 'missed'; cases "
    "without the organ are left out and counted under 'absent'. Bold: best mean on that organ, underlined: second "
    "best, controls (*) aside. †: worse than the best, p < 0.05 (Wilcoxon signed-rank over cases, Holm)."
)
"""What a reader needs to know to read the table."""

LACKING_NOTE = (
    "A gap, –, stands where a method lacks evaluations that others have: its mean would be one over other cases."
)
FOUND_NOTE = "'Found only' leaves missed organs out of the mean, and with them the hardest cases."


def main_table(rows, without_missed=False):
    """Return the main table as numbers, one row per dataset, organ and method, in order of first appearance.

    ``rows`` is what `read_metrics` returns. Columns: those of `GROUP`; for each of `MEASURES` the statistics that
    `cell_statistics` gives (``dice_mean``, ``dice_sd``, ``dice_median``, ``dice_low``, ``dice_high``, and for
    ``without_missed`` also ``dice_found_mean`` and ``dice_found_sd``), Dice as a ratio and HD95 in mm; ``n``
    evaluations whose reference holds the organ, ``n_missed`` of them with an empty prediction, ``n_absent`` further
    ones without the organ, ``n_lacking`` that are not there, and the number of seeds; and those of `FACTS` that
    ``rows`` has.
    """
    statistics = cell_statistics(rows[rows["metric"].isin(MEASURES)])
    table = statistics[GROUP].drop_duplicates().merge(_counts(rows), on=GROUP, how="outer", sort=False)
    counts = ["n", "n_missed", "n_absent", "n_seeds"]
    table[counts] = table[counts].fillna(0).astype(int)
    by_metric = {metric: part.set_index(GROUP) for metric, part in statistics.groupby("metric")}
    cells = pd.MultiIndex.from_frame(table[GROUP])
    position = len(GROUP)
    for measure, value in product(MEASURES, (*VALUES, *FOUND) if without_missed else VALUES):
        part = by_metric.get(measure, statistics.iloc[:0].set_index(GROUP)).reindex(cells)
        table.insert(position, f"{measure}_{value}", part[value].to_numpy(float))
        position += 1
    lacking = statistics.groupby(GROUP)["n_lacking"].max().reindex(cells).fillna(0).astype(int)
    table.insert(table.columns.get_loc("n_seeds"), "n_lacking", lacking.to_numpy())
    for fact in FACTS:
        if fact in rows:
            table = table.merge(rows.drop_duplicates(GROUP)[[*GROUP, fact]], on=GROUP, how="left")
    if "selection" in table:
        known = rows.drop_duplicates(METHOD).set_index("method")["selection"].to_dict()
        table["selection"] = table["selection"].fillna(table["method"].map(known))
    return in_order_of_appearance(table, rows)


def _counts(rows):
    """Return the numbers of evaluations of every cell, by whether the organ is there and was found."""
    evaluations = rows[rows["status"] != LACKING].drop_duplicates([*GROUP, "seed", "case"])
    evaluations = evaluations.assign(
        n=evaluations["status"].isin(WITH_ORGAN),
        n_missed=evaluations["status"] == "empty_prediction",
        n_absent=evaluations["status"].isin(WITHOUT_ORGAN),
    )
    groups = evaluations.groupby(GROUP, sort=False)
    return groups[["n", "n_missed", "n_absent"]].sum().assign(n_seeds=groups["seed"].nunique()).reset_index()


def is_control(methods):
    """Return which of ``methods``, a series of names, are controls or variants of one."""
    return methods.map(lambda name: variant_parts(name)[0]).isin(CONTROLS)


def known_headings(table, headings=HEADINGS):
    """Return those of ``headings`` (column to text) that the main ``table`` has or can be made to have."""
    sources = {"effort": "effort_clicks", **dict.fromkeys(("dice", "dice_interval"), "dice_mean")}
    sources |= {"hd95": "hd95_mean", "hd95_interval": "hd95_mean", "ece": "ece_mean"}
    sources |= {f"{measure}_found": f"{measure}_found_mean" for measure in MEASURES}
    known = {column: text for column, text in headings.items() if sources.get(column, column) in table}
    if "n_lacking" in known and not table["n_lacking"].any():
        del known["n_lacking"]
    return known


def readable_table(table, headings=HEADINGS):
    """Return the main table as text for a reader: the `known_headings`, ``mean ± sd``, best in ``**``.

    Controls carry an asterisk and are never best. ``headings`` maps columns to what is written above them.
    """
    headings = known_headings(table, headings)
    text = table[[column for column in headings if column in table]].astype(str)
    control = is_control(table["method"])
    for measure, sign in MEASURES.items():
        decimals = DECIMALS[measure]
        text[measure] = means_with_best(table, measure, sign, decimals)
        text[f"{measure}_median"] = [_number(value, decimals) for value in table[f"{measure}_median"]]
        limits = zip(table[f"{measure}_low"], table[f"{measure}_high"], strict=True)
        text[f"{measure}_interval"] = [interval_text(low, high, decimals) for low, high in limits]
        if f"{measure}_found" in headings:
            found = zip(table[f"{measure}_found_mean"], table[f"{measure}_found_sd"], strict=True)
            text[f"{measure}_found"] = [mean_and_sd(mean, sd, decimals) for mean, sd in found]
    text["method"] = text["method"].where(~control, text["method"] + " \\*")
    return with_readable_facts(text, table, headings)


def means_with_best(table, measure, sign, decimals):
    """Return ``mean ± sd`` of a measure for each row of ``table``, the best of every organ bold, the second underlined.

    ``table`` has the columns ``{measure}_mean`` and ``{measure}_sd``; ``sign`` is 1 where higher is better, else -1.
    Where it has ``{measure}_p``, what is worse than the best beyond chance has a dagger; where it has ``n_lacking``,
    a mean that is not there for that reason is a dash.
    """
    means = table[f"{measure}_mean"].round(decimals)
    ranked = (sign * means).where(~is_control(table["method"]))
    ranks = ranked.groupby([table["dataset"], table["modality"], table["organ"]]).rank("dense", ascending=False)
    worse = table[f"{measure}_p"] < SIGNIFICANT if f"{measure}_p" in table else pd.Series(False, table.index)
    gaps = table["n_lacking"] > 0 if "n_lacking" in table else pd.Series(False, table.index)
    cells = []
    for mean, sd, rank, dagger, gap in zip(
        table[f"{measure}_mean"], table[f"{measure}_sd"], ranks, worse, gaps, strict=True
    ):
        text = mean_and_sd(mean, sd, decimals)
        text = bold(text) if rank == 1 else underlined(text) if rank == 2 else text
        cells.append("–" if gap and not text else text + " †" * bool(dagger))
    return cells


def table_csv(table):
    """Return a table as CSV text with four decimals, p-values with four digits, the same for the same numbers."""
    small = [column for column in table if column == "p" or column.endswith(("_p", "p_holm"))]
    digits = {column: ["" if math.isnan(p) else f"{p:.4g}" for p in table[column]] for column in small}
    return table.assign(**digits).to_csv(index=False, float_format="%.4f", lineterminator="\n")


def number_headings(headings=HEADINGS):
    """Return the headings of the columns that are aligned to the right."""
    return [heading for column, heading in headings.items() if column in NUMBERS]


def note(table):
    """Return what a reader needs to know to read the main ``table``."""
    notes = [NOTE]
    if table["n_lacking"].any():
        notes.append(LACKING_NOTE)
    if "dice_found_mean" in table:
        notes.append(FOUND_NOTE)
    if "selection" in table:
        notes.append(FACTS_NOTE)
    return " ".join(notes)


def markdown_page(text, numbers, title, note, footer):
    """Return a table of text as a Markdown page with ``note`` and ``footer`` below it.

    ``numbers`` are the headings of the columns that are aligned to the right.
    """
    lines = [
        f"# {title}",
        "",
        _markdown_row(text.columns),
        _markdown_row(["---:" if column in numbers else "---" for column in text]),
        *(_markdown_row(row) for row in text.itertuples(index=False)),
        "",
        note.replace("(*)", "(\\*)"),
        "",
        *(f"- {key}: {value}" for key, value in footer.items()),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


def in_order_of_appearance(table, rows):
    """Sort by dataset, organ and method, each in the order in which the metrics first name it."""

    def position(column):
        order = {name: place for place, name in enumerate(rows[column.name].unique())}
        return column.map(order)

    order = ["dataset", "modality", "organ", "method", "annotation"]
    return table.sort_values(order, key=position, kind="stable", ignore_index=True)


def mean_and_sd(mean, sd, decimals):
    """Return ``0.854 ± 0.045``; the mean alone where there is no deviation, nothing where there is no mean."""
    if math.isnan(mean):
        return ""
    return f"{mean:.{decimals}f}" if math.isnan(sd) else f"{mean:.{decimals}f} ± {sd:.{decimals}f}"


def _number(value, decimals):
    return "" if math.isnan(value) else f"{value:.{decimals}f}"


def _markdown_row(cells):
    return "| " + " | ".join(cells) + " |"
