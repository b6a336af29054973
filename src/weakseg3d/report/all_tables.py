"""All tables of a report, as files: what goes into ``tables/``."""

from weakseg3d.report.study.table import factors, study_headings, study_table
from weakseg3d.report.tables import comparisons as compared
from weakseg3d.report.tables import cost, uncertainty
from weakseg3d.report.tables.cell_statistics import cell_statistics
from weakseg3d.report.tables.latex import latex_table
from weakseg3d.report.tables.main import (
    MEASURES,
    markdown_page,
    note,
    number_headings,
    readable_table,
    table_csv,
)
from weakseg3d.report.tables.origin import table_footer
from weakseg3d.report.tables.wide import readable_wide, wide_table


def readable_files(name, text, numbers, title, note_text, footer):
    """Return a readable table as ``{path: text}``: Markdown and LaTeX."""
    return {
        f"tables/{name}.md": markdown_page(text, numbers, title, note_text, footer),
        f"tables/{name}.tex": latex_table(text, numbers, title, note_text, footer),
    }


def main_files(table, rows, title, told, footer):
    """Return the main table as ``{path: text}``: by cell, by method, and all statistics; ``told`` is its note."""
    text, wide = readable_table(table), readable_wide(table)
    return {
        "tables/main.csv": table_csv(table),
        **readable_files("main", text, number_headings(), title, told, footer),
        "tables/main_wide.csv": table_csv(wide_table(table)),
        **readable_files("main_wide", wide, set(wide) - {"Method", "Selection", "Annotation"}, title, told, footer),
        "tables/statistics.csv": table_csv(cell_statistics(rows)),
    }


def comparison_files(tables, title, footer):
    """Return the tables of `comparison_tables` as ``{path: text}``."""
    files = {f"tables/{name}.csv": table_csv(table) for name, table in tables.items()}
    for name, readable, headings, numbers, told in (
        (
            "against_best",
            compared.readable_against_best,
            compared.AGAINST_BEST,
            compared.AGAINST_BEST_NUMBERS,
            compared.AGAINST_BEST_NOTE,
        ),
        ("ranking", compared.readable_ranking, compared.RANKING, compared.RANKING_NUMBERS, compared.RANKING_NOTE),
    ):
        aligned = [headings[column] for column in numbers]
        files |= readable_files(
            name, readable(tables[name]), aligned, f"{title}: {name.replace('_', ' ')}", told, footer
        )
    return files


def study_files(rows, table, title, footer):
    """Return the table of the study in ``rows``, its headings, and both as ``{path: text}``; None without a study."""
    names = factors(rows)
    if not names:
        return None, {}
    study, headings = study_table(rows, table), study_headings(names)
    text = readable_table(study, headings)
    keys = ["method", *names]
    return (study, headings), {
        "tables/study.csv": table_csv(study),
        "tables/study_wide.csv": table_csv(wide_table(study, keys)),
        **readable_files("study", text, number_headings(headings), f"{title}: study", note(table), footer),
    }


def uncertainty_files(rows, title, footer):
    """Return the table of uncertainty and its files as ``{path: text}``; None where nothing is uncertain."""
    if not uncertainty.has_uncertainty(rows):
        return None, {}
    table = uncertainty.uncertainty_table(rows)
    text = uncertainty.readable_uncertainty(table)
    aligned = [uncertainty.HEADINGS[column] for column in uncertainty.NUMBERS]
    name = f"{title}: uncertainty"
    return table, {
        "tables/uncertainty.csv": table_csv(table),
        **readable_files("uncertainty", text, aligned, name, uncertainty.NOTE, footer),
    }


def cost_files(table, results, title, footer):
    """Return the table of cost, warnings, and its files as ``{path: text}``.

    They have a folder of their own: two runs of one experiment give the same tables, but not the same times.
    """
    costs, warnings = cost.cost_table(table, results)
    text = cost.readable_cost(costs)
    aligned = [cost.HEADINGS[column] for column in cost.NUMBERS]
    files = {"tables/cost/cost.csv": table_csv(costs)}
    return costs, warnings, files | readable_files("cost/cost", text, aligned, f"{title}: cost", cost.NOTE, footer)


def footer_of(given, rows):
    """Return the footer of all tables."""
    return table_footer(given, rows, [name for name in MEASURES if (rows["metric"] == name).any()])
