"""Turn metrics into tables, figures and a report that opens offline.

Reads one long CSV of metrics, or every *.csv below a folder, and writes into the output folder: under tables/ the main
table (main: a line per cell; main_wide: a line per method), the statistics of all metrics (statistics.csv), every
method against the best one (against_best), all pairs (comparisons.csv) and the ranking (ranking), each as CSV, Markdown
and LaTeX; figures/ as PNG and SVG; and report.html. Methods, datasets and organs appear in the order in which the
metrics first name them. Where a method lacks a case that others have, the tables have a gap and a warning is printed.

With --results, an experiment's folder, there are also tables/cost, the curves of the trainings, the reliability of
probabilities, panels of cases, and a viewer of slices in the page. An evaluation that the experiment should have and
has not leaves a gap, and jobs that came to no end are named with the last line of their log. Without --metrics the
metrics are those of the experiment's finished evaluations, so that there is a report although a training failed.
Pictures that 'overlay' has put there (or, without --results, into the output folder) under
figures/overlays/{dataset}/{organ}/{method}.png are shown, too.

Methods named {method}+{factor}-{level}+{factor}-{level}... are variants of a study. With any of them it also
writes tables/study and figures/study.

With metrics of 'evaluate --uncertainty' it also writes tables/uncertainty, and shows the pictures that
'overlay --uncertainty' has put under figures/uncertainty/{dataset}/{organ}/{method}.png.
"""

from weakseg3d.errors import UserError

EXAMPLE = "  python -m weakseg3d report --metrics results/demo/9_metrics --out results/demo --footer experiment=demo"


def add_arguments(parser):
    """Declare the verb's arguments."""
    parser.add_argument(
        "--metrics", metavar="PATH", help="CSV file, or a folder of them (default: what --results has finished)"
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for tables, figures and report.html")
    parser.add_argument("--effort", nargs="+", default=[], metavar="CSV", help="tables of 'effort', with its labels")
    parser.add_argument(
        "--selection",
        action="extend",
        nargs="+",
        default=[],
        metavar="METHOD=RULE",
        help="what selected a method's model: last, weak_labels or dense_validation",
    )
    parser.add_argument("--results", metavar="DIR", help="the experiment's folder, which says which file made what")
    parser.add_argument(
        "--means-without-missed", action="store_true", help="also show means that leave missed organs out"
    )
    parser.add_argument(
        "--viewer-cases",
        type=int,
        default=4,
        metavar="N",
        help="test cases of each dataset and organ that the page lets one scroll through (default 4; needs --results)",
    )
    parser.add_argument("--published", metavar="CSV", help="values that others published, shown in a marked column")
    parser.add_argument("--title", default="Weakly supervised 3-D segmentation", metavar="TEXT", help="heading")
    parser.add_argument(
        "--footer",
        action="extend",
        nargs="+",
        default=[],
        metavar="KEY=VALUE",
        help="line below the tables, such as experiment or commit (may be repeated)",
    )


def run(args):
    """Write tables, figures and page, once all of them are made."""
    import sys
    from pathlib import Path

    from weakseg3d.evaluation.long_table import read_metrics
    from weakseg3d.files import whole_file
    from weakseg3d.keyvalues import parse_pairs
    from weakseg3d.report.figures.all_figures import figures, shown_methods
    from weakseg3d.report.page.page import find_overlays, render_page
    from weakseg3d.report.page.results import Results
    from weakseg3d.report.page.summary import summary_sentences, warning_sentences
    from weakseg3d.report.page.unfinished import finished_metrics, unfinished_sentences, with_lacking
    from weakseg3d.report.tables import all_tables as products
    from weakseg3d.report.tables.comparisons import comparison_tables
    from weakseg3d.report.tables.gaps import gap_sentences, lacking
    from weakseg3d.report.tables.main import main_table, note
    from weakseg3d.report.tables.per_case import case_table
    from weakseg3d.report.tables.published import published_note, read_published, with_published

    if not (args.metrics or args.results):
        raise UserError("no metrics; name them with --metrics, or the folder of an experiment with --results")
    if args.viewer_cases < 0:
        raise UserError(f"--viewer-cases {args.viewer_cases}: must be 0 or more")
    given, title, out = parse_pairs(args.footer, "--footer"), args.title, Path(args.out)
    results = Results(args.results) if args.results else None
    rows = read_metrics(args.metrics) if args.metrics else finished_metrics(results)
    rows = _with_facts(with_lacking(rows, results) if results else rows, args)
    published = read_published(args.published) if args.published else None
    footer, methods = products.footer_of(given, rows), shown_methods(rows)

    warnings = unfinished_sentences(rows, results) if results else []
    warnings += gap_sentences(lacking(rows), rows["metric"].unique())
    table, compared = comparison_tables(rows, main_table(rows, args.means_without_missed))
    told = note(table)
    if published is not None:
        table, citations, unplaced = with_published(table, published)
        told += " " + published_note(citations)
        warnings += unplaced
    outputs = products.main_files(table, rows, title, told, footer)
    outputs |= products.comparison_files(compared, title, footer)
    study, files = products.study_files(rows, table, title, footer)
    outputs |= files
    uncertainty, files = products.uncertainty_files(rows, title, footer)
    outputs |= files
    cost, viewer = None, []
    if results:
        from weakseg3d.report.page.viewer import viewer_cases

        cost, missing, files = products.cost_files(table, results, title, footer)
        outputs |= files
        viewer, left_out = viewer_cases(results, rows, methods, args.viewer_cases)
        warnings += missing + left_out
    files, pictures = figures(rows, (compared["ranking"], compared["ranking_shares"]), results)
    outputs |= files
    pictured = (results.folder if results else out) / "figures"
    outputs["report.html"] = render_page(
        title,
        footer,
        table,
        told,
        summary_sentences(rows, table),
        warnings + warning_sentences(table, results),
        compared,
        case_table(rows),
        pictures,
        find_overlays(pictured / "overlays", rows),
        study,
        None if uncertainty is None else (uncertainty, find_overlays(pictured / "uncertainty", rows)),
        cost,
        viewer,
    )
    for name, content in outputs.items():
        with whole_file(out / name) as partial:
            partial.write_bytes(content if isinstance(content, bytes) else content.encode())
    for warning in warnings:
        print(f"weakseg3d report: warning: {warning}", file=sys.stderr)


def _with_facts(rows, args):
    """Return the metrics with the annotator's effort and the rules of selection, where the arguments give any."""
    from weakseg3d.keyvalues import parse_pairs
    from weakseg3d.report.tables.method_facts import SELECTIONS, read_effort, with_facts
    from weakseg3d.schemas import choose

    if not args.effort and not args.selection:
        return rows
    selections = parse_pairs(args.selection, "--selection")
    for rule in selections.values():
        choose(rule, [rule for rule in SELECTIONS if rule], "selection")
    return with_facts(rows, read_effort(args.effort) if args.effort else None, selections)
