"""One ranking over all organs, modalities and datasets, as a readable table."""

import math

from weakseg3d.report.tables.markup import bold
from weakseg3d.report.tables.measures import measure
from weakseg3d.report.tables.readable import ReadableTable, number_text

HEADINGS = {
    "metric": "Metric",
    "rank": "rank",
    "series": "Method",
    "mean_rank": "mean rank over organs",
    "group": "group",
    "better_than": "better than",
    "average_rank_cases": "mean rank, cases resampled",
    "average_rank_organs": "mean rank, organs resampled",
    "tau_cases": "Kendall's τ, cases",
    "tau_organs": "Kendall's τ, organs",
    "n_organs": "organs",
    "n_cases": "cases",
    "reason": "no rank or group because",
}
"""Columns of the readable table."""

TEXTS = ("metric", "series", "reason")

NOTE = (
    "Methods are ranked on each organ of each dataset and modality by their means over the cases that all of them "
    "have, and then by the mean of these ranks, so that every organ counts the same. A method that found an organ in "
    "no case is last there; controls, and methods without results on some organ, are not ranked. Groups: a method "
    "opens a new group if it is significantly worse than the first of the group above (Wilcoxon signed-rank test over "
    "cases, on the mean rank over the organs of a case; Holm over all pairs); 'better than' is the number of methods "
    "it is significantly better than. Stability: cases, or organs, are resampled 10 000 times; τ: Kendall's τ-b "
    "between the ranking of a resample and this one; – for fewer than three cases or organs. After Maier-Hein et al. "
    "2018, doi:10.1038/s41467-018-07619-7, and Wiesenfarth et al. 2021, doi:10.1038/s41598-021-82017-6."
)
"""What readers need to know to understand the table."""


def readable_overall_ranking(table, agreement):
    """Return the ranking as a `ReadableTable`, best method first; its note ends with the ``agreement`` of metrics."""
    order = table.groupby("metric", sort=False).ngroup()
    table = table.assign(order=order).sort_values(["order", "rank"], kind="stable").reset_index(drop=True)
    text = table.assign(metric=[measure(name).label for name in table["metric"]]).astype(str)
    for column in HEADINGS:
        if column not in TEXTS:
            decimals = 2 if column.startswith(("mean", "average", "tau")) else 0
            text[column] = [number_text(value, decimals, missing="–") for value in table[column].astype(float)]
    text["rank"] = [bold(rank) if rank == "1" else rank for rank in text["rank"]]
    text = text[list(HEADINGS)].rename(columns=HEADINGS)
    note = " ".join([NOTE, *_agreement_sentences(agreement)])
    numbers = [heading for column, heading in HEADINGS.items() if column not in TEXTS]
    return ReadableTable(text, numbers, note, subtitle="one ranking over all organs")


def _agreement_sentences(agreement):
    """Return a sentence on each pair of metrics whose rankings over all organs can be compared."""
    overall = agreement[agreement["organ"] == ""]
    return [
        f"Kendall's τ-b between the rankings by {measure(row.first).title} and by {measure(row.second).title}:"
        f" {row.kendall_tau:.2f}."
        for row in overall.itertuples()
        if not math.isnan(row.kendall_tau)
    ]
