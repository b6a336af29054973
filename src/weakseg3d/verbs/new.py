"""Write a commented YAML for a dataset, a method or an experiment of your own, below the current folder.

It passes its check as it is; change its values. A file that exists is never replaced.
"""

import argparse

EXAMPLE = """\
  python -m weakseg3d new dataset hospital     # config/datasets/hospital.yaml
  python -m weakseg3d new method mine          # config/methods/mine.yaml
  python -m weakseg3d new experiment first     # config/first.yaml"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("kind", choices=["dataset", "method", "experiment"], help="what to write")
    parser.add_argument("name", metavar="NAME", help="its name, which becomes the name of the file")


def run(args: argparse.Namespace) -> None:
    """Write the file and say how to check it."""
    from weakseg3d.experiment.templates import TEMPLATES, new_file

    path = new_file(args.kind, args.name)
    print(f"{path}: edit it, then check it with: {TEMPLATES[args.kind].check.format(name=args.name)}")
