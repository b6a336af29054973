"""Train a method's network on the training cases.

Writes model.pt (weights and recipe), run.json (recipe, seed, versions, commit, wall time, steps/s, peak memory)
and losses.csv. The cases are a CSV with the columns case, image and target; relative paths are relative to the CSV.
Without the workflow, a method and what a recipe adds to it (spacing and intensities, seed) take the recipe's place.
"""

import argparse

from weakseg3d.errors import UserError
from weakseg3d.experiment.recipe_options import add_recipe_options, recipe_from

EXAMPLE = """\
  python -m weakseg3d train --recipe recipe.yaml --cases cases.csv --out model
  python -m weakseg3d train --method pw4medseg --preset cpu --spacing 3 --window -175 250 --cases cases.csv \\
      --out model"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    add_recipe_options(parser)
    parser.add_argument("--cases", required=True, metavar="CSV", help="training cases: case,image,target")
    parser.add_argument(
        "--validation",
        metavar="CSV",
        help="validation cases: case,image,target; for a recipe whose selection uses them",
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of the trained model")
    parser.add_argument("--resume", action="store_true", help="continue from a checkpoint in DIR if there is one")


def run(args: argparse.Namespace) -> None:
    """Train one model."""
    from weakseg3d.training.loading import read_cases

    recipe = recipe_from(args)
    if "distillation" in recipe:
        source = args.recipe or args.method
        raise UserError(f"{source}: the recipe is for distillation from two trained models; use 'distill'")
    read_cases(args.cases)  # before the import of torch, which takes seconds, so that a wrong path fails at once

    from weakseg3d.training.run import train

    train(recipe, args.cases, args.out, args.resume, args.validation)
