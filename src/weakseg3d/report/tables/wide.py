"""The main table in the layout of papers: a line for each method, a pair of columns for each organ."""

from weakseg3d.report.tables.cell_statistics import VALUES
from weakseg3d.report.tables.gaps import METHOD
from weakseg3d.report.tables.measures import measures_in
from weakseg3d.report.tables.method_facts import (
    FACTS,
    SELECTIONS,
    is_control,
    readable_annotation,
    readable_effort,
)
from weakseg3d.report.tables.readable import ReadableTable, means_with_best, organ_title
from weakseg3d.statistics.cells import ORGAN

TEXTS = ("Method", "Selection", "Annotation")
"""Headings of the columns that are not aligned to the right."""

COUNTS = ("n", "n_missed", "n_lacking")
"""Counts of the main table that become columns of each organ, as its means do."""


def wide_table(table, keys=METHOD):
    """Return the main ``table``, or that of a study, with one row per method, as numbers.

    ``keys`` are the columns that identify a row. Each dataset and organ has columns such as
    ``phantom_ct/spleen/dice_mean``. The columns of `FACTS` that ``table`` has are means over the organs, except that
    ``selection`` is that of the method.
    """
    wide = table[keys].drop_duplicates().set_index(keys)
    numbers = [*(f"{measure.name}_{value}" for measure in measures_in(table) for value in VALUES), *COUNTS]
    for (dataset, _, organ), part in table.groupby(ORGAN, sort=False):
        cells = part.set_index(keys)[numbers]
        wide = wide.join(cells.rename(columns={name: f"{dataset}/{organ}/{name}" for name in numbers}))
    groups = table.groupby(keys, sort=False)
    for fact in FACTS:
        if fact in table:
            wide[fact] = groups[fact].first() if fact == "selection" else groups[fact].mean()
    return wide.reset_index()


def readable_wide(table, note=""):
    """Return the main ``table`` as a `ReadableTable` with one line per method; a dash if a method lacks an organ."""
    measures = measures_in(table)
    marked = {measure.name: means_with_best(table, measure) for measure in measures}
    cells = table[[*ORGAN, *METHOD]].assign(**marked)
    wide = table[METHOD].drop_duplicates().set_index(METHOD)
    for organ, part in cells.groupby(ORGAN, sort=False):
        for measure in measures:
            heading = f"{organ_title(organ)}: {measure.title}{measure.arrow}"
            wide[heading] = part.set_index(METHOD)[measure.name]
    wide = wide.fillna("–").reset_index()
    wide["method"] = wide["method"].where(~is_control(wide["method"]), wide["method"] + " \\*")
    if "effort_clicks" in table:
        known = [column for column in ("effort_clicks", "effort_cm", "effort_seconds") if column in table]
        efforts = table.groupby(METHOD, sort=False)[known].mean().reset_index()
        wide.insert(1, "Effort", readable_effort(efforts))
    if "selection" in table:
        wide["Selection"] = table.drop_duplicates(METHOD)["selection"].map(SELECTIONS).to_numpy()
    annotation = wide.pop("annotation").map(readable_annotation)
    text = wide.assign(Annotation=annotation).rename(columns={"method": "Method"})
    return ReadableTable(text, [heading for heading in text if heading not in TEXTS], note)
