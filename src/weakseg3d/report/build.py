"""The whole report, from the long table of metrics to the content of every file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from weakseg3d.report.all_figures import all_figures, methods_with_pictures, pictures_on_page
from weakseg3d.report.all_tables import Tables, add_annotators, add_break_even, all_tables
from weakseg3d.report.label_warnings import label_warnings
from weakseg3d.report.page.answer import answer, question
from weakseg3d.report.page.contents import Contents
from weakseg3d.report.page.new_scans import new_scans
from weakseg3d.report.page.render import find_overlays, render_page
from weakseg3d.report.page.summary import case_warnings, summary_sentences
from weakseg3d.report.page.viewer import viewer_cases, within_size
from weakseg3d.report.tables.break_even import has_both_payments
from weakseg3d.report.tables.measures import SHOWN, Measure
from weakseg3d.report.tables.origin import table_footer
from weakseg3d.report.tables.per_case import case_table
from weakseg3d.report.unfinished import unfinished_warnings
from weakseg3d.report.witnesses import agreement


@dataclass(frozen=True)
class ReportOptions:
    """How a report is to look."""

    title: str
    """Heading of the page and of all tables."""

    footer: dict[str, str]
    """Entries below every table, such as the experiment, in addition to those of `table_footer`."""

    software: dict[str, str]
    """The software that makes the tables, as `origin` describes it."""

    pictures: Path
    """The folder in which the verb 'overlay' has put its pictures."""

    published: pd.DataFrame | None = None
    """Values that others published, as `read_published` returns them."""

    agreement: pd.DataFrame | None = None
    """How well annotators agree, as `read_agreement` returns it."""

    tried: pd.DataFrame | None = None
    """The settings of methods that were tried, as `read_tried` returns them."""

    means_without_missed: bool = False
    """Whether means that leave missed organs out are shown, too."""

    measures: Sequence[Measure] = SHOWN
    """The metrics shown in tables and figures, the leading one first."""

    scans_to_come: int = 300
    """Number of new scans for which efforts that are paid once and per scan are compared."""

    viewer_cases: int = 4
    """Number of test cases of each dataset and organ in the viewer."""

    scans: bool = True
    """Whether scans are shown: in the viewer, in panels of cases, and in the pictures of 'overlay'."""


@dataclass(frozen=True)
class Tabulated:
    """The tables of a report, and what stands below them."""

    tables: Tables

    footer: dict[str, str]

    warnings: list[str]
    """Sentences on what is missing in the tables."""

    def files(self, title):
        """Return all tables as ``{path: text}``."""
        return self.tables.files(title, self.footer)


@dataclass(frozen=True)
class Report:
    """A finished report."""

    files: dict[str, str | bytes]
    """The content of each file, by its path relative to the report's folder."""

    warnings: list[str]
    """Sentences on what is missing in the report."""


def tabulate(rows, options, results=None):
    """Return the tables on ``rows`` as `Tabulated`; the parameters are those of `build_report`."""
    tables = all_tables(rows, results, options.published, options.means_without_missed, options.measures, options.tried)
    if options.agreement is not None:
        add_annotators(tables, options.agreement)
    if has_both_payments(rows):
        add_break_even(tables, rows, options.scans_to_come)
    footer, warnings = dict(options.footer), list(tables.warnings)
    if results:
        witness, witness_warnings = agreement(results)
        footer |= {"witness": witness} if witness else {}
        warnings += witness_warnings
    return Tabulated(tables, table_footer(footer, rows, options.measures, options.software), warnings)


def build_report(rows, options, results=None):
    """Return the `Report` on ``rows``, the table that `read_metrics` returns.

    ``options`` are `ReportOptions`. Without ``results``, a `Results`, the report has only what follows from the metrics
    and the pictures.
    """
    warnings = unfinished_warnings(rows, results) if results else []
    tabulated = tabulate(rows, options, results)
    tables, warnings = tabulated.tables, warnings + tabulated.warnings
    if results:
        warnings += label_warnings(results)
    pictures = all_figures(rows, tables, results, options.measures, options.scans_to_come, options.scans)
    viewer, overlays, uncertainty_overlays = [], {}, {}
    if options.scans:
        overlays = find_overlays(options.pictures / "overlays", rows)
        uncertainty_overlays = find_overlays(options.pictures / "uncertainty", rows)
    if options.scans and results:
        shown = methods_with_pictures(rows)
        tested, viewer_warnings = viewer_cases(results, rows, shown, options.viewer_cases)
        viewer, without_room = within_size(tested + new_scans(results, shown, options.viewer_cases))
        warnings += viewer_warnings
        if without_room:
            warnings.append(f"the viewer has no room for {', '.join(without_room)}; lower 'viewer_cases'")
    main, overview = tables.numbers["main"], tables.numbers["overview"]
    contents = Contents(
        title=options.title,
        footer=tabulated.footer,
        question=question(rows, overview),
        answer=answer(rows, overview, options.measures[0]),
        summary=[*summary_sentences(rows, main), *tables.sentences],
        warnings=warnings + case_warnings(main, results),
        tables=tables.readable,
        cases=case_table(rows, options.measures),
        pictures=pictures_on_page(pictures, rows),
        overlays=overlays,
        uncertainty_overlays=uncertainty_overlays,
        viewer=viewer,
    )
    files = tabulated.files(options.title)
    for picture in pictures.values():
        files |= picture.files()
    return Report(files | {"report.html": render_page(contents)}, warnings)
