"""Check that a method of your own keeps its contract.

check reads the method's YAML and, if it has commands of its own (docs/external.md), for the method or for its pseudo
labels, runs them on two phantom cases, in the environment that they name, and says in one sentence what is wrong. A
program that gets the annotations of what it segments also gets a case without the organ, and so without a click.
"""

import argparse
from pathlib import Path

EXAMPLE = "  python -m weakseg3d method check config/methods/mine.yaml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    tasks = parser.add_subparsers(dest="task", required=True, metavar="check")
    check = tasks.add_parser("check", help="run a method's commands on two phantom cases")
    check.add_argument("method", metavar="FILE", help="the method's YAML")


def run(args: argparse.Namespace) -> None:
    """Check one method and say what was found."""
    from weakseg3d.experiment.external_facts import label_programs
    from weakseg3d.experiment.recipes import checked_method
    from weakseg3d.texts import read_yaml

    method = checked_method(read_yaml(args.method), args.method)
    if "external" not in method and not label_programs(method):
        print(f"{args.method}: a valid method; it has no commands of its own to run")
        return

    from weakseg3d.external.checking import check

    print(f"{args.method}: {check(Path(args.method).stem, method)}")
