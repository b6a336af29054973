"""PA-Seg's second stage: two trained models teach themselves and each other on the training cases.

Writes the same files as 'train'; the model is the network of the first of the two models. The recipe has the key
'distillation' and no network.
"""

import argparse

from weakseg3d.errors import UserError
from weakseg3d.experiment.recipe_options import add_recipe_options, recipe_from

EXAMPLE = """\
  python -m weakseg3d distill --recipe recipe.yaml --cases cases.csv --models first/model.pt second/model.pt \\
      --out model"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    add_recipe_options(parser)
    parser.add_argument("--cases", required=True, metavar="CSV", help="training cases: case,image,target")
    parser.add_argument("--models", required=True, nargs=2, metavar="FILE", help="two models written by 'train'")
    parser.add_argument(
        "--validation",
        metavar="CSV",
        help="validation cases: case,image,target; for a recipe whose selection uses them",
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of the trained model")
    parser.add_argument("--resume", action="store_true", help="continue from a checkpoint in DIR if there is one")


def run(args: argparse.Namespace) -> None:
    """Train two models on each other."""
    from weakseg3d.files import existing_file
    from weakseg3d.training.loading import read_cases

    recipe = recipe_from(args)
    if "distillation" not in recipe:
        source = args.recipe or args.method
        raise UserError(f"{source}: the recipe has no key 'distillation'; use 'train', or add the key")
    read_cases(args.cases)  # before the import of torch, which takes seconds, so that a wrong path fails at once
    for model in args.models:
        existing_file(model)

    from weakseg3d.training.run import distill

    distill(recipe, args.cases, args.models, args.out, args.resume, args.validation)
