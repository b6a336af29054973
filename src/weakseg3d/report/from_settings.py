"""From the settings of a report to what it is built of; report, release and recomputation share this way."""

from pathlib import Path

import pandas as pd

from weakseg3d.evaluation.annotators import with_one_cell_per_method
from weakseg3d.evaluation.long_table import read_metrics
from weakseg3d.evaluation.metrics import METRICS
from weakseg3d.experiment.payment_times import PAID
from weakseg3d.report.build import ReportOptions, tabulate
from weakseg3d.report.results import Results
from weakseg3d.report.settings import Settings
from weakseg3d.report.tables.annotators import read_agreement
from weakseg3d.report.tables.measures import measure
from weakseg3d.report.tables.method_facts import SELECTIONS, read_effort, with_facts, with_mean_efforts
from weakseg3d.report.tables.published import read_published
from weakseg3d.report.tables.tried import read_tried
from weakseg3d.report.unfinished import finished_metrics, with_missing_evaluations
from weakseg3d.schemas import choose


def tables_from(settings: Settings, results: Results) -> dict[str, bytes]:
    """Return every table of the report with these ``settings`` as ``{path: content}``.

    The paths of the inputs are seen from the current folder, those of the tables from that of the report.
    """
    options = options_from(settings, results.folder / "figures")
    tabulated = tabulate(rows_from(settings, results), options, results)
    return {path: text.encode() for path, text in tabulated.files(options.title).items()}


def options_from(settings: Settings, pictures: Path, scans: bool = True) -> ReportOptions:
    """Return the options of a report; ``pictures`` is the folder in which the verb 'overlay' has put its pictures.

    Without ``scans`` the report shows no picture of a scan.
    """
    return ReportOptions(
        title=settings.title,
        footer=settings.footer,
        software=settings.software,
        pictures=pictures,
        published=read_published(settings.published) if settings.published else None,
        agreement=read_agreement(settings.agreement) if settings.agreement else None,
        tried=read_tried(settings.tried) if settings.tried else None,
        means_without_missed=settings.means_without_missed,
        measures=[measure(choose(name, METRICS, "metric in --show")) for name in dict.fromkeys(settings.show)],
        scans_to_come=settings.scans_to_come,
        viewer_cases=settings.viewer_cases,
        scans=scans,
    )


def rows_from(settings: Settings, results: Results | None) -> pd.DataFrame:
    """Return the metrics, including those that are missing from ``results``, and the facts that the settings give."""
    rows = read_metrics(settings.metrics) if settings.metrics else finished_metrics(results)
    if results:
        rows = with_missing_evaluations(rows, results)
    if not settings.effort and not settings.selection and not settings.paid:
        return with_one_cell_per_method(rows)
    for rule in settings.selection.values():
        choose(rule, [rule for rule in SELECTIONS if rule], "selection")
    for when in settings.paid.values():
        choose(when, PAID, "time of payment in --paid")
    effort = read_effort(settings.effort) if settings.effort else None
    rows = with_facts(rows, effort, settings.selection, settings.paid)
    return with_mean_efforts(with_one_cell_per_method(rows))
