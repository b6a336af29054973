"""Choose one of several trained settings of a method by its scores on validation cases.

The setting with the highest mean Dice in its table of 'validate' is chosen; of equal ones, the one that is named first.
One that gave no finite probabilities has been tried, but is never chosen. All must have been scored on the same labels.
The folder --out gets model.pt, run.json and losses.csv of the chosen training, and tried.csv: every setting with its
score, and which one was chosen.
"""

import argparse

from weakseg3d.errors import UserError

EXAMPLE = """\
  python -m weakseg3d select --settings narrow wide --scores narrow.csv wide.csv \\
      --models narrow/model.pt wide/model.pt --out chosen"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    from weakseg3d.keyvalues import add_label_option

    parser.add_argument("--settings", nargs="+", required=True, metavar="NAME", help="names of the settings, in order")
    parser.add_argument("--scores", nargs="+", required=True, metavar="CSV", help="a table of 'validate' for each")
    parser.add_argument("--models", nargs="+", required=True, metavar="FILE", help="model.pt of each")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for the chosen model and the table")
    add_label_option(parser)


def run(args: argparse.Namespace) -> None:
    """Write the table and the chosen model."""
    from weakseg3d.keyvalues import leading_columns
    from weakseg3d.tuning.chosen import COLUMNS, Trial, select

    labels = leading_columns(args.label, COLUMNS)
    if not len(args.settings) == len(args.scores) == len(args.models):
        raise UserError(
            f"{len(args.settings)} --settings, {len(args.scores)} --scores and {len(args.models)} --models; give one of"
            " each for every setting"
        )
    trials = [Trial(*each) for each in zip(args.settings, args.scores, args.models, strict=True)]
    select(trials, args.out, labels)
