"""Turn metrics into tables, figures and a report that opens offline.

Reads one long CSV of metrics, or every *.csv below a folder, and writes tables/main.csv, tables/main.md,
figures/dice_boxplot.png and report.html into the output folder. Pictures that 'overlay' has put under
figures/overlays/{dataset}/{organ}/{method}.png there are shown in the report. Methods, datasets and organs
appear in the order in which the metrics first name them.

Methods named {method}+{factor}-{level}+{factor}-{level}... are variants of a study. With any of them it also
writes tables/study.csv, tables/study.md and figures/study.png.

With metrics of 'evaluate --uncertainty' it also writes tables/uncertainty.csv and tables/uncertainty.md, and shows
the pictures that 'overlay --uncertainty' has put under figures/uncertainty/{dataset}/{organ}/{method}.png.
"""

EXAMPLE = "  python -m weakseg3d report --metrics results/demo/9_metrics --out results/demo --footer experiment=demo"

MOST_SERIES = 16
"""With more methods than these, the page of a study leaves the box plot to its file."""


def add_arguments(parser):
    """Declare the verb's arguments."""
    parser.add_argument("--metrics", required=True, metavar="PATH", help="CSV file, or a folder of them")
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
    from pathlib import Path

    from weakseg3d.files import whole_file
    from weakseg3d.keyvalues import parse_pairs
    from weakseg3d.report.figures import dice_boxplot
    from weakseg3d.report.method_facts import SELECTIONS, read_effort, with_facts
    from weakseg3d.report.metrics_table import read_metrics, series_names
    from weakseg3d.report.page import find_overlays, render_page
    from weakseg3d.report.study import factors, study_headings, study_table
    from weakseg3d.report.study_figures import study_figure
    from weakseg3d.report.tables import main_table, table_csv, table_markdown
    from weakseg3d.report.uncertainty import has_uncertainty, uncertainty_markdown, uncertainty_table
    from weakseg3d.validation import choose

    footer = parse_pairs(args.footer, "--footer")
    rows = read_metrics(args.metrics)
    if args.effort or args.selection:
        selections = parse_pairs(args.selection, "--selection")
        for rule in selections.values():
            choose(rule, [rule for rule in SELECTIONS if rule], "selection")
        rows = with_facts(rows, read_effort(args.effort) if args.effort else None, selections)
    table = main_table(rows)
    boxplot = _png(dice_boxplot(rows), dpi=200)
    out = Path(args.out)
    outputs = {
        "tables/main.csv": table_csv(table).encode(),
        "tables/main.md": table_markdown(table, args.title, footer).encode(),
        "figures/dice_boxplot.png": boxplot,
    }
    study = None
    if factors(rows):
        study = study_table(rows), study_headings(factors(rows)), _png(study_figure(rows), dpi=300)
        outputs |= {
            "tables/study.csv": table_csv(study[0]).encode(),
            "tables/study.md": table_markdown(study[0], f"{args.title}: study", footer, study[1]).encode(),
            "figures/study.png": study[2],
        }
        if series_names(rows).nunique() > MOST_SERIES:
            boxplot = None
    uncertainty = None
    if has_uncertainty(rows):
        uncertainty = uncertainty_table(rows), find_overlays(out / "figures" / "uncertainty", rows)
        outputs |= {
            "tables/uncertainty.csv": table_csv(uncertainty[0]).encode(),
            "tables/uncertainty.md": uncertainty_markdown(
                uncertainty[0], f"{args.title}: uncertainty", footer
            ).encode(),
        }
    overlays = find_overlays(out / "figures" / "overlays", rows)
    outputs["report.html"] = render_page(table, args.title, footer, boxplot, overlays, study, uncertainty).encode()
    for name, content in outputs.items():
        with whole_file(out / name) as partial:
            partial.write_bytes(content)


def _png(figure, dpi):
    """Return a figure as the bytes of a PNG."""
    import io

    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=dpi)
    return stream.getvalue()
