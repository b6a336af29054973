"""Trace a number in a table back to its origin, and print that as YAML.

Names the folder of an experiment and a cell, as in the tables. Prints the statistics of the cell, computed again from
the long table and compared with the main table; every evaluation with its value and its files (metrics, prediction,
reference, image) and their SHA-256; the models with the hashes of their weights, their recipe, commit and versions; the
split and the config.
"""

import argparse

EXAMPLE = "  python -m weakseg3d explain results/demo --dataset phantom_ct --organ liver --method paseg --metric hd95"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("results", metavar="DIR", help="folder of an experiment, such as results/demo")
    parser.add_argument("--dataset", required=True, metavar="NAME", help="dataset of the cell")
    parser.add_argument("--organ", required=True, metavar="NAME", help="organ of the cell")
    parser.add_argument(
        "--method", required=True, metavar="NAME", help="method of the cell; for a variant, its full name"
    )
    parser.add_argument("--metric", default="dice", metavar="NAME", help="metric of the cell (default dice)")
    parser.add_argument("--annotation", metavar="NAME", help="annotation of the cell, if the method has several")


def run(args: argparse.Namespace) -> None:
    """Print the origin of a cell."""
    import yaml

    from weakseg3d.report.explain import explain
    from weakseg3d.report.results import Results

    cell = {key: getattr(args, key) for key in ("dataset", "organ", "method", "metric", "annotation")}
    print(
        yaml.safe_dump(explain(Results(args.results), **cell), sort_keys=False, allow_unicode=True, width=120), end=""
    )
