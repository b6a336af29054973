"""A training recipe by hand: a file of the workflow's, or a method with what a recipe adds, as options of a verb."""

import argparse
from pathlib import Path
from typing import Any

from weakseg3d.errors import UserError, quoted
from weakseg3d.experiment.presets import preset_changes
from weakseg3d.experiment.recipes import checked_method, checked_recipe, merged, recipe_of
from weakseg3d.keyvalues import parse_pairs
from weakseg3d.named_files import named_file
from weakseg3d.option_types import finite_number, whole_number
from weakseg3d.texts import parse_yaml, read_yaml

YAML = (".yaml", ".yml")
"""How the path of a method's file ends; anything else is a name under ``config/methods``."""
NEEDS_METHOD = ("preset", "set", "spacing", "window", "percentiles", "seed", "threads")
"""Options that a recipe, which says all of it, leaves no place for."""


def add_recipe_options(parser: argparse.ArgumentParser) -> None:
    """Declare ``--recipe`` and, in its place, ``--method`` with all that a recipe adds to a method."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--recipe", metavar="FILE", help="training recipe (YAML), as the workflow writes it")
    source.add_argument(
        "--method", metavar="METHOD", help="name under config/methods, or the path of such a YAML file; needs --spacing"
    )
    parser.add_argument("--preset", metavar="NAME", help="sizes laid over the method, such as cpu")
    parser.add_argument(
        "--set", nargs="+", metavar="KEY=VALUE", help="keys of the method to change, such as training.steps=500"
    )
    parser.add_argument("--spacing", type=finite_number, metavar="MM", help="voxel size of the images")
    intensity = parser.add_mutually_exclusive_group()
    for way, unit in (("window", "intensities"), ("percentiles", "percentiles of each image")):
        intensity.add_argument(
            f"--{way}", nargs=2, type=finite_number, metavar=("LOW", "HIGH"), help=f"{unit} that become 0 and 1"
        )
    parser.add_argument("--seed", type=whole_number, help="seed of weights and patches (default: 0)")
    parser.add_argument("--threads", type=whole_number, metavar="N", help="CPU threads (default: 1)")


def recipe_from(args: argparse.Namespace) -> dict[str, Any]:
    """Return the checked recipe that the options of `add_recipe_options` describe.

    Raises UserError for a mistake in the file or in an option, and for options that contradict each other.
    """
    if args.recipe:
        for name in NEEDS_METHOD:
            if getattr(args, name) is not None:
                raise UserError(f"--{name} belongs to --method, and a recipe says it itself; change it there")
        return checked_recipe(read_yaml(args.recipe), args.recipe)
    intensity = {way: getattr(args, way) for way in ("window", "percentiles") if getattr(args, way) is not None}
    for name, given in (("--spacing", args.spacing is not None), ("--window or --percentiles", bool(intensity))):
        if not given:
            raise UserError(f"--method needs {name} as well; add it")
    name, method = _method(args)
    if "training" not in method:
        raise UserError(f"--method {quoted(args.method)}: is not trained here; name a method with a network")
    recipe = recipe_of(
        name,
        method,
        seed=0 if args.seed is None else args.seed,
        threads=1 if args.threads is None else args.threads,
        spacing=args.spacing,
        intensity=intensity,
    )
    return checked_recipe(recipe, f"--method {quoted(args.method)}")


def _method(args: argparse.Namespace) -> tuple[str, dict[str, Any]]:
    """Return the name and the checked content of the method, with preset and changes laid over it."""
    path = Path(args.method) if args.method.endswith(YAML) else named_file("methods", args.method)
    content = read_yaml(path)
    if args.preset is not None:
        content = merged(content, preset_changes(args.preset, []).get(path.stem, {}))
    return path.stem, checked_method(merged(content, _changes(args.set or [])), path)


def _changes(pairs: list[str]) -> dict[str, Any]:
    """Return ``["training.steps=5"]`` as ``{"training": {"steps": 5}}``."""
    changes: dict[str, Any] = {}
    for key, text in parse_pairs(pairs, "--set").items():
        value = parse_yaml(text, f"--set {key}")
        for part in reversed(key.split(".")):
            value = {part: value}
        changes = merged(changes, value)
    return changes
