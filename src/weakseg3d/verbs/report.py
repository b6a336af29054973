"""Turn metrics into tables, figures and a report that opens offline.

Reads one long CSV of metrics, or every *.csv below a folder, and writes into the output folder: under tables/ the main
table (main: a line for each cell; main_wide: a line for each method), the statistics of all metrics (statistics.csv),
every method against the best one (against_best), all pairs of methods (comparisons.csv) and the ranking (ranking), as
CSV, and those for readers also as Markdown and LaTeX; figures/ as PNG and SVG; and report.html. Methods, datasets and
organs appear in the order in which the metrics first name them. If a method lacks a case that others have, the tables
have a gap and a warning is printed. tables/settings.json records the inputs and options that the tables were made with.

With --results, the folder of an experiment, there are also tables/cost, training curves, the reliability of
probabilities, panels of cases, and a viewer of slices in the page. An evaluation that the experiment should have but
does not have leaves a gap, and jobs that did not finish are named with the last line of their log. Without --metrics,
the metrics are those of the experiment's finished evaluations, so that there is a report even if a training failed.
Pictures that 'overlay' has put there (or, without --results, into the output folder) under
figures/overlays/{dataset}/{organ}/{method}.png are shown, too.

Methods named {method}+{factor}-{level}+{factor}-{level}... are variants of a study. If there are any, the verb also
writes tables/study and figures/study.

With metrics from 'evaluate --uncertainty' it also writes tables/uncertainty, and shows the pictures that
'overlay --uncertainty' has put under figures/uncertainty/{dataset}/{organ}/{method}.png.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from weakseg3d.errors import UserError
from weakseg3d.option_types import whole_number

if TYPE_CHECKING:
    from weakseg3d.report.settings import Settings

EXAMPLE = "  python -m weakseg3d report --metrics results/demo/9_metrics --out results/demo --footer experiment=demo"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument(
        "--metrics", metavar="PATH", help="CSV file, or a folder of them (default: finished evaluations of --results)"
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for tables, figures and report.html")
    parser.add_argument(
        "--agreement", nargs="+", default=[], metavar="CSV", help="tables from 'agree', with the workflow's labels"
    )
    parser.add_argument(
        "--tried", nargs="+", default=[], metavar="CSV", help="tables from 'select', with the workflow's labels"
    )
    parser.add_argument("--effort", nargs="+", default=[], metavar="CSV", help="tables from 'effort', with its labels")
    parser.add_argument(
        "--selection",
        action="extend",
        nargs="+",
        default=[],
        metavar="METHOD=RULE",
        help="rule that selected a method's model: last, weak_labels or dense_validation",
    )
    parser.add_argument(
        "--paid",
        action="extend",
        nargs="+",
        default=[],
        metavar="METHOD=WHEN",
        help="when a method's effort is paid: once (training scans), per_scan (every scan that it segments) or never",
    )
    parser.add_argument(
        "--scans-to-come",
        type=whole_number,
        default=300,
        metavar="N",
        help="number of new scans for which efforts paid once and per scan are compared (default 300)",
    )
    parser.add_argument(
        "--show",
        nargs="+",
        default=["dice", "hd95"],
        metavar="METRIC",
        help="metrics in tables and figures, the leading one first (default: dice hd95)",
    )
    parser.add_argument("--results", metavar="DIR", help="folder of the experiment, to find the files behind numbers")
    parser.add_argument(
        "--means-without-missed", action="store_true", help="also show means that leave missed organs out"
    )
    parser.add_argument(
        "--viewer-cases",
        type=whole_number,
        default=4,
        metavar="N",
        help="number of test cases of each dataset and organ in the page's viewer (default 4; needs --results)",
    )
    parser.add_argument(
        "--published",
        metavar="CSV",
        help="values published by others, shown in a marked column and in a table of their own",
    )
    parser.add_argument("--title", default="Weakly supervised 3-D segmentation", metavar="TEXT", help="heading")
    parser.add_argument(
        "--footer",
        action="extend",
        nargs="+",
        default=[],
        metavar="KEY=VALUE",
        help="line below the tables, such as experiment or commit (may be repeated)",
    )


def run(args: argparse.Namespace) -> None:
    """Write tables, figures and page, once all of them are complete."""
    import sys
    from pathlib import Path

    from weakseg3d.files import whole_file
    from weakseg3d.ownership import claim
    from weakseg3d.report import settings as recorded
    from weakseg3d.report.build import build_report
    from weakseg3d.report.from_settings import options_from, rows_from
    from weakseg3d.report.results import Results

    if not (args.metrics or args.results):
        raise UserError("no metrics; name them with --metrics, or name the folder of an experiment with --results")
    if args.scans_to_come < 1:
        raise UserError(f"--scans-to-come {args.scans_to_come}: must be 1 or more")
    if args.viewer_cases < 0:
        raise UserError(f"--viewer-cases {args.viewer_cases}: must be 0 or more")
    out = Path(args.out)
    results = Results(args.results) if args.results else None
    settings = _settings(args)
    options = options_from(settings, (results.folder if results else out) / "figures")
    report = build_report(rows_from(settings, results), options, results)
    files = report.files | {recorded.NAME: settings.seen_from(results.folder if results else out).text()}
    claim(out, files)
    for name, content in files.items():
        with whole_file(out / name) as partial:
            partial.write_bytes(content if isinstance(content, bytes) else content.encode())
    for warning in report.warnings:
        print(f"weakseg3d report: warning: {warning}", file=sys.stderr)


def _settings(args: argparse.Namespace) -> Settings:
    """Return what the arguments say, and which software runs."""
    from weakseg3d.keyvalues import parse_pairs
    from weakseg3d.report.settings import Settings
    from weakseg3d.report.tables.origin import origin

    return Settings(
        metrics=args.metrics,
        effort=args.effort,
        agreement=args.agreement,
        tried=args.tried,
        published=args.published,
        title=args.title,
        footer=parse_pairs(args.footer, "--footer"),
        software=origin(),
        selection=parse_pairs(args.selection, "--selection"),
        paid=parse_pairs(args.paid, "--paid"),
        show=args.show,
        scans_to_come=args.scans_to_come,
        means_without_missed=args.means_without_missed,
        viewer_cases=args.viewer_cases,
    )
