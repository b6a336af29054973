"""The table of a study: the scores of every combination of factor levels, above those of the references."""

from weakseg3d.errors import UserError, quoted
from weakseg3d.experiment.variants import variant_parts
from weakseg3d.report.tables.main import headings, main_table, readable_main
from weakseg3d.statistics.cells import ORGAN


def factors(rows):
    """Return ``{factor: levels}`` of the study in ``rows``, all in order of first appearance.

    It is empty if no method is a variant, that is, if there is no study.
    """
    levels_of = {}
    for name in rows["method"].unique():
        for factor, level in variant_parts(name)[1].items():
            # A dict serves as an ordered set.
            levels_of.setdefault(factor, {})[level] = None
    return {factor: list(levels) for factor, levels in levels_of.items()}


def study_table(rows, table=None):
    """Return the table of the study as numbers: for each dataset and organ the variants, then the references.

    ``rows`` is the table that `read_metrics` returns, and ``table`` their main table, if it exists already. Columns:
    dataset, modality, organ, method, one for each of the `factors` with its level as text, and the statistics of
    `main_table`. All come in order of first appearance. A reference, that is, a method without levels, has empty text
    in the columns of the factors.
    Raises UserError for a method with more than one annotation, because this table could not distinguish them, and for
    a factor with the name of another column.
    """
    table = main_table(rows) if table is None else table
    repeated = table.duplicated([*ORGAN, "method"])
    if repeated.any():
        method = table.loc[repeated, "method"].iloc[0]
        raise UserError(
            f"metrics of {quoted(method)}: a study has one annotation per method; remove the rows of the others"
        )
    parts = [variant_parts(method) for method in table["method"]]
    table = table.drop(columns="annotation").assign(method=[method for method, _ in parts])
    for place, factor in enumerate(factors(rows), start=len(ORGAN) + 1):
        if factor in table:
            raise UserError(f"factor {quoted(factor)} of the study is also a column of its table; rename the factor")
        table.insert(place, factor, [levels.get(factor, "") for _, levels in parts])
    is_reference = [not levels for _, levels in parts]
    order = table.groupby(ORGAN, sort=False).ngroup().to_frame("organ").assign(is_reference=is_reference)
    return table.loc[order.sort_values(["organ", "is_reference"], kind="stable").index].reset_index(drop=True)


def readable_study(table, factor_names, note=""):
    """Return the table of the study as a `ReadableTable` with the headings of the main table and the factors."""
    columns = headings(table)
    head = {column: columns[column] for column in (*ORGAN, "method")}
    statistics = {column: text for column, text in columns.items() if column not in (*head, "annotation")}
    return readable_main(table, note, head | {name: name for name in factor_names} | statistics, subtitle="study")
