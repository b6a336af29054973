"""Turn metrics into tables, figures and a report that opens offline.

Reads one long CSV of metrics, or every *.csv below a folder, and writes tables/main.csv, tables/main.md,
figures/dice_boxplot.png and report.html into the output folder. Pictures that 'overlay' has put under
figures/overlays/{dataset}/{organ}/{method}.png there are shown in the report. Methods, datasets and organs
appear in the order in which the metrics first name them.
"""

EXAMPLE = "  python -m weakseg3d report --metrics results/demo/9_metrics --out results/demo --footer experiment=demo"


def add_arguments(parser):
    """Declare the verb's arguments."""
    parser.add_argument("--metrics", required=True, metavar="PATH", help="CSV file, or a folder of them")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for tables, figures and report.html")
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
    """Write tables, figure and page, once all of them are made."""
    import io
    from pathlib import Path

    from weakseg3d.files import whole_file
    from weakseg3d.keyvalues import parse_pairs
    from weakseg3d.report.figures import dice_boxplot
    from weakseg3d.report.metrics_table import read_metrics
    from weakseg3d.report.page import find_overlays, render_page
    from weakseg3d.report.tables import main_table, table_csv, table_markdown

    footer = parse_pairs(args.footer, "--footer")
    rows = read_metrics(args.metrics)
    table = main_table(rows)
    boxplot = io.BytesIO()
    dice_boxplot(rows).savefig(boxplot, format="png", dpi=200)
    out = Path(args.out)
    overlays = find_overlays(out / "figures" / "overlays", rows)
    outputs = {
        "tables/main.csv": table_csv(table).encode(),
        "tables/main.md": table_markdown(table, args.title, footer).encode(),
        "figures/dice_boxplot.png": boxplot.getvalue(),
        "report.html": render_page(table, args.title, footer, boxplot.getvalue(), overlays).encode(),
    }
    for name, content in outputs.items():
        with whole_file(out / name) as partial:
            partial.write_bytes(content)
