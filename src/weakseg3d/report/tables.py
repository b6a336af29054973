"""The main table: every method on every dataset and organ, with its missed and its absent cases."""

import math
import re

import pandas as pd

from weakseg3d.controls import CONTROLS
from weakseg3d.report.method_facts import FACTS, SELECTIONS, readable_effort
from weakseg3d.report.method_facts import NOTE as FACTS_NOTE
from weakseg3d.report.metrics_table import WITH_ORGAN
from weakseg3d.variants import variant_parts

GROUP = ["dataset", "modality", "organ", "method", "annotation"]
"""Columns that make one row of the main table."""

MEASURES = ("dice", "hd95")
"""Metrics the main table shows."""

DECIMALS = {"dice": 3, "hd95": 2}
"""Decimals shown in Markdown and HTML; values that agree in them are equally good."""

HEADINGS = {
    "dataset": "Dataset",
    "modality": "Modality",
    "organ": "Organ",
    "method": "Method",
    "effort": "Effort",
    "dice": "Dice ↑",
    "hd95": "HD95 (mm) ↓",
    "n": "n",
    "n_missed": "missed",
    "n_absent": "absent",
    "n_seeds": "seeds",
    "selection": "Selection",
    "annotation": "Annotation",
}
"""Columns of the readable table; effort and selection only where they are known."""

NUMBERS = ("effort", *MEASURES, "n", "n_missed", "n_absent", "n_seeds", "selection")
"""Columns of the readable table that are aligned to the right."""

NOTE = (
    "Mean ± sample standard deviation over n cases whose reference holds the organ (cases × seeds where there is "
    "more than one seed). A missed organ counts with Dice 0 and the diagonal of the volume as its HD95, and is "
    "counted under 'missed'; cases without the organ are left out and counted under 'absent'. Bold: best mean on "
    "that organ, controls (*) aside."
)
"""What a reader needs to know to read the table."""


def main_table(rows):
    """Return the main table as numbers, one row per dataset, organ and method, in order of first appearance.

    ``rows`` is what `read_metrics` returns. Columns: those of `GROUP`; mean and sample standard deviation
    (``ddof=1``; NaN for fewer than two values) of each of `MEASURES`, Dice as a ratio and HD95 in mm; ``n``
    evaluations whose reference holds the organ, ``n_missed`` of them with an empty prediction, ``n_absent``
    further ones without the organ, and the number of seeds; and those of `FACTS` that ``rows`` has.
    """
    lines = []
    for key, group in rows.groupby(GROUP, sort=False):
        evaluations = group.drop_duplicates(["seed", "case"])
        with_organ = evaluations["status"].isin(WITH_ORGAN)
        line = dict(zip(GROUP, key, strict=True))
        for measure in MEASURES:
            values = group.loc[(group["metric"] == measure) & group["status"].isin(WITH_ORGAN), "value"]
            line[f"{measure}_mean"], line[f"{measure}_sd"] = values.mean(), values.std(ddof=1)
        line["n"] = int(with_organ.sum())
        line["n_missed"] = int((evaluations["status"] == "empty_prediction").sum())
        line["n_absent"] = int((~with_organ).sum())
        line["n_seeds"] = evaluations["seed"].nunique()
        line |= {fact: group[fact].iloc[0] for fact in FACTS if fact in group}
        lines.append(line)
    return in_order_of_appearance(pd.DataFrame(lines), rows)


def is_control(methods):
    """Return which of ``methods``, a series of names, are controls or variants of one."""
    return methods.map(lambda name: variant_parts(name)[0]).isin(CONTROLS)


def known_headings(table, headings=HEADINGS):
    """Return those of ``headings`` (column to text) whose columns the main ``table`` has or can be made to have."""
    unknown = {"effort": "effort_clicks" not in table, "selection": "selection" not in table}
    return {column: text for column, text in headings.items() if not unknown.get(column)}


def readable_table(table, headings=HEADINGS):
    """Return the main table as text for a reader: the `known_headings`, ``mean ± sd``, best in ``**``.

    Controls carry an asterisk and are never best. ``headings`` maps columns to what is written above them.
    """
    headings = known_headings(table, headings)
    text = table[[column for column in headings if column in table]].astype(str)
    control = is_control(table["method"])
    for measure, sign in zip(MEASURES, (1, -1), strict=True):
        text[measure] = means_with_best(table, measure, sign, DECIMALS[measure])
    if "effort" in headings:
        text["effort"] = readable_effort(table)
    if "selection" in headings:
        text["selection"] = text["selection"].map(SELECTIONS)
    if "annotation" in headings:
        text["annotation"] = text["annotation"].map(readable_annotation)
    text["method"] = text["method"].where(~control, text["method"] + " \\*")
    return text[list(headings)].rename(columns=headings)


def means_with_best(table, measure, sign, decimals):
    """Return ``mean ± sd`` of a measure for each row of ``table``, the best of every organ in ``**``.

    ``table`` has the columns ``{measure}_mean`` and ``{measure}_sd``; ``sign`` is 1 where higher is better, else -1.
    """
    means = table[f"{measure}_mean"].round(decimals)
    ranked = (sign * means).where(~is_control(table["method"]))
    best = ranked.groupby([table["dataset"], table["modality"], table["organ"]]).transform("max")
    cells = [
        _mean_and_sd(mean, sd, decimals)
        for mean, sd in zip(table[f"{measure}_mean"], table[f"{measure}_sd"], strict=True)
    ]
    return [f"**{cell}**" if is_best else cell for cell, is_best in zip(cells, ranked == best, strict=True)]


def readable_annotation(path_part):
    """Return ``points_number-100_seed-0``, as an annotation is called in paths, as ``points, number 100, seed 0``."""
    kind, _, parameters = path_part.partition("_")
    pairs = re.findall(r"([a-z_]+)-([^_]+)", parameters)
    return ", ".join([kind, *(f"{key.strip('_').replace('_', ' ')} {value}" for key, value in pairs)])


def table_csv(table):
    """Return the main table as CSV text with four decimals, the same for the same numbers."""
    return table.to_csv(index=False, float_format="%.4f", lineterminator="\n")


def table_markdown(table, title, footer, headings=HEADINGS):
    """Return the main table as a Markdown page with the columns of ``headings``; ``footer`` is printed below it."""
    numbers = [heading for column, heading in headings.items() if column in NUMBERS]
    return markdown_page(readable_table(table, headings), numbers, title, note(table), footer)


def note(table):
    """Return what a reader needs to know to read the main ``table``."""
    return " ".join([NOTE, FACTS_NOTE] if "selection" in table else [NOTE])


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


def _mean_and_sd(mean, sd, decimals):
    if math.isnan(mean):
        return ""
    return f"{mean:.{decimals}f}" if math.isnan(sd) else f"{mean:.{decimals}f} ± {sd:.{decimals}f}"


def _markdown_row(cells):
    return "| " + " | ".join(cells) + " |"
