"""The ranking of methods on each organ, and its stability, as a readable table."""

import math

from weakseg3d.report.tables.markup import bold, underlined
from weakseg3d.report.tables.measures import measure
from weakseg3d.report.tables.method_facts import with_readable_facts
from weakseg3d.report.tables.readable import ReadableTable, number_text
from weakseg3d.statistics.cells import ORGAN

HEADINGS = {
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
"""Columns of the readable table; the last two appear only if they are known."""

NUMBERS = ("mean", "rank", "average_rank", "kendall_tau", "n", "n_left_out")
"""Columns of the readable table that are aligned to the right."""

NOTE = (
    "Methods in the order of their means over the n cases that all of them have with all seeds ('left out' counts the "
    "others); controls, and methods that found the organ in no case, are not ranked. Stability: the cases are "
    "resampled 10 000 times; shown are the mean rank of a method over the resamples, and the mean Kendall's τ-b "
    "between the ranking of a resample and this one (1: always the same order). After Wiesenfarth et al. 2021, "
    "doi:10.1038/s41598-021-82017-6."
)
"""What readers need to know to understand the table."""


def readable_ranking(table):
    """Return the ranking (`weakseg3d.statistics.ranking.ranking`) as a `ReadableTable`, best method first."""
    table = table.rename(columns={"series": "method"})
    groups = table.groupby([*ORGAN, "metric"], sort=False).ngroup()
    order = table.assign(group=groups).sort_values(["group", "rank"], kind="stable")
    table = table.loc[order.index].reset_index(drop=True)
    shown = [measure(name) for name in table["metric"]]
    text = table.assign(metric=[each.label for each in shown]).astype(str)
    text["mean"] = [number_text(mean, each.decimals) for mean, each in zip(table["mean"], shown, strict=True)]
    text["rank"] = [_rank_text(rank) for rank in table["rank"]]
    for column in ("average_rank", "kendall_tau"):
        text[column] = [number_text(value, 2, missing="–") for value in table[column]]
    text = with_readable_facts(text, table, HEADINGS)
    return ReadableTable(text, [HEADINGS[column] for column in NUMBERS], NOTE, subtitle="ranking")


def _rank_text(rank):
    if math.isnan(rank):
        return "–"
    text = f"{rank:.0f}"
    return bold(text) if rank == 1 else underlined(text) if rank == 2 else text
