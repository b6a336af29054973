"""Go from a number in a table back to what made it, and print that as YAML.

Names an experiment's folder and a cell, as the tables have them. Printed are the cell's statistics, computed anew from
the long table and held against the main one; every evaluation with its value and its files (metrics, prediction,
reference, image) and their SHA-256; the models with the hashes of their weights, their recipe, commit and versions; the
split and the config.
"""

EXAMPLE = "  python -m weakseg3d explain results/demo --dataset phantom_ct --organ spleen --method paseg --metric hd95"


def add_arguments(parser):
    """Declare the verb's arguments."""
    parser.add_argument("results", metavar="DIR", help="folder of an experiment, such as results/demo")
    parser.add_argument("--dataset", required=True, metavar="NAME", help="dataset of the cell")
    parser.add_argument("--organ", required=True, metavar="NAME", help="organ of the cell")
    parser.add_argument(
        "--method", required=True, metavar="NAME", help="method of the cell, a variant by its full name"
    )
    parser.add_argument("--metric", default="dice", metavar="NAME", help="metric of the cell (default dice)")
    parser.add_argument("--annotation", metavar="NAME", help="annotation of the cell, where the method has several")


def run(args):
    """Print what made a cell."""
    import yaml

    from weakseg3d.report.page.explain import explain
    from weakseg3d.report.page.results import Results

    told = explain(Results(args.results), args.dataset, args.organ, args.method, args.metric, args.annotation)
    print(yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=120), end="")
