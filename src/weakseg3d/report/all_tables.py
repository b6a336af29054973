"""All tables of a report: as numbers in CSV, and for readers as Markdown and LaTeX."""

import math
from dataclasses import dataclass, field

import pandas as pd

from weakseg3d.evaluation.long_table import LACKING
from weakseg3d.report.study.effort_for import effort_table, readable_efforts
from weakseg3d.report.study.table import factors, readable_study, study_table
from weakseg3d.report.tables.against_best import (
    against_best,
    best_methods,
    compared_rows,
    readable_against_best,
    with_significance,
)
from weakseg3d.report.tables.annotators import annotators_table, readable_annotators
from weakseg3d.report.tables.break_even import (
    break_even_sentences,
    break_even_table,
    paying_methods,
    readable_break_even,
)
from weakseg3d.report.tables.cell_statistics import cell_statistics
from weakseg3d.report.tables.cost import cost_table, readable_cost
from weakseg3d.report.tables.divergence import training_warnings, with_divergence
from weakseg3d.report.tables.gaps import gap_warnings
from weakseg3d.report.tables.latex import latex_table
from weakseg3d.report.tables.main import main_note, main_table, readable_main
from weakseg3d.report.tables.markdown import markdown_page
from weakseg3d.report.tables.measures import SHOWN
from weakseg3d.report.tables.method_facts import with_series_facts
from weakseg3d.report.tables.method_ranking import readable_ranking
from weakseg3d.report.tables.networks import compares_networks, networks_table, readable_networks
from weakseg3d.report.tables.overall_ranking import readable_overall_ranking
from weakseg3d.report.tables.overview import overview_table, readable_overview
from weakseg3d.report.tables.published import (
    published_note,
    published_table,
    readable_published,
    with_published,
)
from weakseg3d.report.tables.readable import ReadableTable
from weakseg3d.report.tables.risk_coverage import readable_risk_coverage, risk_coverage_table
from weakseg3d.report.tables.tried import readable_tried, setting_note, with_settings
from weakseg3d.report.tables.uncertainty import has_uncertainty, readable_uncertainty, uncertainty_table
from weakseg3d.report.tables.wide import readable_wide, wide_table
from weakseg3d.statistics.comparison import comparisons
from weakseg3d.statistics.overall_ranking import overall_ranking
from weakseg3d.statistics.ranking import ranking
from weakseg3d.statistics.variance_components import variance_components
from weakseg3d.texts import as_cell


@dataclass
class Tables:
    """The tables of a report by name, which is also their path below ``tables/`` without its suffix."""

    numbers: dict[str, pd.DataFrame] = field(default_factory=dict)
    readable: dict[str, ReadableTable] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    """Sentences about what is missing in the tables."""
    sentences: list[str] = field(default_factory=list)
    """Sentences that the page begins with, beside those on the best methods."""

    def files(self, title, footer):
        """Return all tables as ``{path: text}``; readable ones have the report's title and its footer."""
        files = {f"tables/{name}.csv": csv_text(table) for name, table in self.numbers.items()}
        for name, table in self.readable.items():
            files[f"tables/{name}.md"] = markdown_page(table, title, footer)
            files[f"tables/{name}.tex"] = latex_table(table, title, footer)
        return files


def all_tables(rows, results=None, published=None, means_without_missed=False, measures=SHOWN, tried=None):
    """Return the `Tables` of ``rows``, the table that `read_metrics` returns.

    ``published`` are the values that `read_published` returns. Without ``results``, a `Results`, there is no table of
    cost. With ``means_without_missed`` the main table also has the means over the evaluations that found the organ.
    ``measures`` are the metrics that tables show, and ``tried`` the settings that `read_tried` returns.
    """
    tables = Tables(warnings=gap_warnings(rows))
    main = main_table(rows, measures, means_without_missed)
    _add_comparisons(tables, rows, main, measures)
    tables.numbers["overview"] = overview_table(rows, main, tables.numbers["overall_ranking"], measures)
    tables.readable["overview"] = readable_overview(tables.numbers["overview"], measures)
    main = with_significance(main, rows, tables.numbers["against_best"])
    if results:
        tables.warnings += training_warnings(results)
        main = with_divergence(main, results)
    if published is not None:
        main = with_published(main, published)
        tables.numbers["published"] = published_table(published, cell_statistics(rows))
        tables.readable["published"] = readable_published(tables.numbers["published"], published)
    note = main_note(main) if published is None else f"{main_note(main)} {published_note(published)}"
    if tried is not None:
        main, note = with_settings(main, tried), f"{note} {setting_note(tried)}"
        tables.numbers["tried"] = tried.assign(chosen=tried["chosen"].map({True: "yes", False: "no"}))
        tables.readable["tried"] = readable_tried(tried)
    _add_main(tables, rows, main, note)
    if factors(rows):
        _add_study(tables, rows, main, note)
    if has_uncertainty(rows):
        _add_uncertainty(tables, rows)
    if results:
        if compares_networks(rows, results.methods):
            _add_networks(tables, results, measures[0])
        _add_cost(tables, main, results)
    return tables


def _add_comparisons(tables, rows, main, measures):
    """Add the comparisons of all pairs of methods, the comparisons with the best method, and the ranking."""
    pairs = comparisons(compared_rows(rows, measures))
    compared = against_best(pairs, best_methods(rows, main))
    ranks, shares = ranking(compared_rows(rows, measures))
    for name in ("first", "second"):
        pairs = with_series_facts(pairs, rows, name, f"{name}_")
    tables.numbers["comparisons"] = pairs
    tables.numbers["against_best"] = with_series_facts(
        with_series_facts(compared, rows, "method"), rows, "best", "best_"
    )
    tables.numbers["ranking"] = with_series_facts(ranks, rows)
    tables.numbers["ranking_shares"] = shares
    tables.readable["against_best"] = readable_against_best(tables.numbers["against_best"])
    overall, overall_shares, agreement = overall_ranking(compared_rows(rows, measures))
    tables.numbers |= {"overall_ranking": overall, "overall_ranking_shares": overall_shares}
    tables.numbers["metric_agreement"] = agreement
    tables.readable["overall_ranking"] = readable_overall_ranking(overall, agreement)
    tables.readable["ranking"] = readable_ranking(tables.numbers["ranking"])


def _add_main(tables, rows, main, note):
    """Add the main table, by cell and by method, and the statistics of all metrics."""
    tables.numbers["main"] = main
    tables.readable["main"] = readable_main(main, note)
    tables.numbers["main_wide"] = wide_table(main)
    tables.readable["main_wide"] = readable_wide(main, note)
    tables.numbers["statistics"] = cell_statistics(rows)
    tables.numbers["variance"] = variance_components(rows[rows["status"] != LACKING])


def _add_networks(tables, results, measure):
    """Add the table of networks by supervision, with the leading ``measure``."""
    tables.numbers["networks"] = networks_table(tables.numbers["statistics"], results.methods, measure)
    tables.readable["networks"] = readable_networks(tables.numbers["networks"], measure)


def _add_study(tables, rows, main, note):
    """Add the table of the study, by cell and by method."""
    study = study_table(rows, main)
    tables.numbers["study"] = study
    tables.numbers["study_wide"] = wide_table(study, ["method", *factors(rows)])
    tables.readable["study"] = readable_study(study, factors(rows), note)
    if (efforts := effort_table(rows)) is not None:
        tables.numbers["effort_for"] = efforts
        tables.readable["effort_for"] = readable_efforts(efforts)


def add_annotators(tables, agreement):
    """Add the table of how well annotators agree, from the rows that `read_agreement` returns."""
    tables.numbers["annotators"] = annotators_table(agreement)
    tables.readable["annotators"] = readable_annotators(tables.numbers["annotators"])


def add_break_even(tables, rows, scans):
    """Add the efforts and Dice of all methods, and when those paid once cost less than those paid per scan."""
    methods = paying_methods(rows, tables.numbers["statistics"])
    tables.numbers["effort_paid"] = methods
    tables.numbers["break_even"] = break_even_table(methods, scans)
    tables.readable["break_even"] = readable_break_even(tables.numbers["break_even"])
    tables.sentences += break_even_sentences(tables.numbers["break_even"])


def _add_uncertainty(tables, rows):
    tables.numbers["uncertainty"] = uncertainty_table(rows)
    tables.readable["uncertainty"] = readable_uncertainty(tables.numbers["uncertainty"])
    tables.numbers["risk_coverage"] = risk_coverage_table(rows)
    tables.readable["risk_coverage"] = readable_risk_coverage(tables.numbers["risk_coverage"])


def _add_cost(tables, main, results):
    """Add the table of cost; it has its own folder, because it is the only table that differs between two runs."""
    table, warnings = cost_table(main, results)
    tables.numbers["cost/cost"] = table
    tables.readable["cost/cost"] = readable_cost(table)
    tables.warnings += warnings


def csv_text(table):
    """Return a table as CSV, with four decimals, and p-values with four digits; equal numbers give equal text.

    Names that came from elsewhere are cells that no spreadsheet runs as a formula (`as_cell`).
    """
    p_columns = [column for column in table if column == "p" or column.endswith(("_p", "p_holm"))]
    texts = {column: ["" if math.isnan(p) else f"{p:.4g}" for p in table[column]] for column in p_columns}
    table = table.assign(**texts)
    for column in table.select_dtypes(exclude="number"):
        if column not in texts:
            table[column] = table[column].map(lambda cell: as_cell(cell) if isinstance(cell, str) else cell)
    return table.rename(columns=as_cell).to_csv(index=False, float_format="%.4f", lineterminator="\n")
