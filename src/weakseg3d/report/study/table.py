"""The study's table: what every combination of a method and its factors' levels scores, above the references."""

from weakseg3d.errors import UserError
from weakseg3d.experiment.variants import variant_parts
from weakseg3d.report.tables.main import HEADINGS, main_table

ORGAN = ["dataset", "modality", "organ"]
"""Columns that say what was segmented."""


def factors(rows):
    """Return ``{factor: its levels}`` of the study in ``rows``, all in order of first appearance.

    Empty where no method is a variant, so that there is no study.
    """
    found = {}
    for name in rows["method"].unique():
        for factor, level in variant_parts(name)[1].items():
            # A dict as an ordered set.
            found.setdefault(factor, {})[level] = None
    return {factor: list(levels) for factor, levels in found.items()}


def study_table(rows, table=None):
    """Return the study's table as numbers: for each dataset and organ the variants, then the references.

    ``rows`` is what `read_metrics` returns, and ``table`` their main table, if there is one. Columns: dataset,
    modality, organ, method, one for each of `factors` with the level as text, and the statistics of `main_table`. All
    come in order of first appearance.
    A reference, which is a method without levels, has empty text in the columns of the factors.
    Raises UserError for a method with more than one annotation, as nothing in this table tells them apart, and
    for a factor that has the name of another column.
    """
    table = main_table(rows) if table is None else table
    twice = table.duplicated([*ORGAN, "method"])
    if twice.any():
        method = table.loc[twice, "method"].iloc[0]
        raise UserError(f"metrics of '{method}': a study has one annotation per method; remove those of the others")
    parts = [variant_parts(method) for method in table["method"]]
    table = table.drop(columns="annotation").assign(method=[method for method, _ in parts])
    for place, factor in enumerate(factors(rows), start=len(ORGAN) + 1):
        if factor in table:
            raise UserError(f"factor '{factor}' of the study is the name of a column of its table; rename the factor")
        table.insert(place, factor, [levels.get(factor, "") for _, levels in parts])
    order = table.groupby(ORGAN, sort=False).ngroup().to_frame("organ").assign(reference=[not lv for _, lv in parts])
    return table.loc[order.sort_values(["organ", "reference"], kind="stable").index].reset_index(drop=True)


def study_headings(names):
    """Return the columns of a readable table of the study with the factors ``names``: those of `HEADINGS` and these."""
    head = {column: HEADINGS[column] for column in (*ORGAN, "method")}
    statistics = {column: text for column, text in HEADINGS.items() if column not in (*head, "annotation")}
    return head | {name: name for name in names} | statistics
