"""Methods and recipes: what a YAML under ``config/methods`` says, checked and completed."""

from pathlib import Path
from typing import Any

from weakseg3d.errors import UserError
from weakseg3d.files import PROJECT
from weakseg3d.pseudo_labels.kinds import ACCEPTED_ANNOTATIONS, SPARSE
from weakseg3d.schemas import choose, validated
from weakseg3d.texts import read_yaml

METHODS_FOLDER = PROJECT / "config" / "methods"
TRAINED_PARTS = ("network", "loss", "training")
"""What every training needs; only a distillation brings no network, it starts from those of others."""
RECIPE_PARTS = ("normalisation", "network", "loss", "training", "target", "selection", "distillation", "prediction")
"""What a training recipe takes from its method, as far as the method has it."""
CHOICES = ("annotation", "pseudo_label", "network", "optimizer", "train", "test")
"""Keys of the form ``{name: {parameter: value}}``."""
SPARSE_LOSSES = ("partial_ce", "partial_dice_ce")
"""Losses that leave unknown voxels out (`weakseg3d.losses.SPARSE_LOSSES`; not imported, it would load torch)."""


def load_method(name: str, overrides: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the method ``config/methods/{name}.yaml`` with ``overrides`` merged in and defaults filled.

    Raises UserError for an unknown method, an unknown key, or parts that do not go together.
    """
    choose(name, sorted(path.stem for path in METHODS_FOLDER.glob("*.yaml")), "method")
    path = METHODS_FOLDER / f"{name}.yaml"
    return checked_method(merged(read_yaml(path), overrides or {}), path)


def checked_method(content: dict[str, Any], source: str | Path) -> dict[str, Any]:
    """Return a method's ``content`` with defaults; ``source`` is the file named in the UserError raised otherwise."""
    method = validated(content, "method", source)
    if "control" in method:
        if method["control"] == "pseudo_label" and "pseudo_label" not in method:
            raise UserError(f"{source}: control 'pseudo_label' needs the key 'pseudo_label'; add it")
        if "pseudo_label" in method:
            check_pseudo_label(method, source)
        return method
    needed = [part for part in TRAINED_PARTS if part != "network" or "distillation" not in method]
    missing = [part for part in needed if part not in method]
    if missing:
        raise UserError(f"{source}: key '{missing[0]}' is missing; add it, or 'control' for a method without training")
    if "network" in method and "distillation" in method:
        raise UserError(f"{source}: a distillation starts from the networks of its students; remove 'network'")
    if method["supervision"] == "none":
        raise UserError(f"{source}: 'supervision: none' is for controls; a trained method needs 'weak' or 'dense'")
    if method["supervision"] == "weak":
        _check_weak_labels(method, source)
    elif method["selection"] == "weak_labels":
        raise UserError(f"{source}: 'selection: weak_labels' needs weak supervision; use 'last' or 'dense_validation'")
    if "network" in method:
        check_patch(method["training"]["patch_size"], method["network"], source)
    _check_augmentation(method["training"], source)
    _check_devices(method["training"], source)
    return method


def checked_recipe(content: dict[str, Any], source: str | Path) -> dict[str, Any]:
    """Return a training recipe's ``content`` with defaults; ``source`` names it in the UserError raised otherwise."""
    recipe = validated(content, "recipe", source)
    parts = {part: recipe[part] for part in RECIPE_PARTS if part in recipe}
    if "distillation" in parts:
        parts["distillation"] = parts["distillation"] | {"students": ["first", "second"]}
    # What it learns from does not concern a recipe: labels come as files.
    learns = {"supervision": "weak", "annotation": {"points": {}}, "pseudo_label": {"gaussian": {}}}
    method = checked_method({"description": recipe["method"], **learns, **parts}, source)
    return recipe | recipe_parts(method)


def recipe_parts(method: dict[str, Any]) -> dict[str, Any]:
    """Return what a training recipe takes from a checked ``method``; a distillation's students come as files."""
    parts = {part: method[part] for part in RECIPE_PARTS if part in method}
    if "distillation" in parts:
        parts["distillation"] = {k: v for k, v in parts["distillation"].items() if k != "students"}
    return parts


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return ``base`` with ``changes`` laid over it, mapping by mapping; another choice takes the place of one."""
    result = dict(base)
    for key, value in changes.items():
        nested = isinstance(value, dict) and isinstance(result.get(key), dict)
        another_choice = nested and key in CHOICES and not value.keys() & result[key].keys()
        result[key] = merged(result[key], value) if nested and not another_choice else value
    return result


def check_patch(size: list[int], network: dict[str, Any], source: str | Path) -> None:
    """Raise a UserError, naming ``source``, when a patch of ``size`` (z, y, x) does not fit a recipe's ``network``."""
    ((name, parameters),) = network.items()
    multiple = _patch_multiple(name, parameters)
    if any(n % m for n, m in zip(size, multiple, strict=True)):
        raise UserError(
            f"{source}: training.patch_size {size} must be divisible by {multiple}, axis by axis, for network '{name}'"
        )
    if "token_size" not in parameters and size == multiple:
        raise UserError(
            f"{source}: training.patch_size {size} leaves network '{name}' a single voxel on its coarsest level;"
            " enlarge it"
        )
    if "heads" in parameters and parameters["hidden_size"] % parameters["heads"]:
        raise UserError(f"{source}: network.{name}.heads must divide network.{name}.hidden_size")
    levels = len(parameters.get("channels", []))
    if parameters.get("deep_supervision", 0) > max(0, levels - 2):
        raise UserError(
            f"{source}: network.{name}.deep_supervision must be at most {levels - 2} for {levels} levels; lower it"
        )


def _patch_multiple(name: str, parameters: dict[str, Any]) -> list[int]:
    if "token_size" in parameters:
        return parameters["token_size"]
    levels = len(parameters["channels"]) if name == "unet" else parameters["levels"]
    return [2 ** (levels - 1)] * 3


def _check_weak_labels(method: dict[str, Any], source: str | Path) -> None:
    if "pseudo_label" not in method:
        raise UserError(f"{source}: weak supervision needs the key 'pseudo_label'; add it")
    if "none" in method["annotation"]:
        raise UserError(f"{source}: weak supervision needs an annotation other than 'none'; name one")
    check_pseudo_label(method, source)
    (label,), loss = method["pseudo_label"], method["loss"]["name"]
    if label in SPARSE and loss not in SPARSE_LOSSES:
        raise UserError(
            f"{source}: loss '{loss}' cannot leave out the unknown voxels of pseudo label '{label}';"
            f" use {' or '.join(SPARSE_LOSSES)}"
        )


def check_pseudo_label(method: dict[str, Any], source: str | Path) -> None:
    """Raise a UserError, naming ``source``, when a method's pseudo label cannot be made of its annotation."""
    (annotation,), (label,) = method["annotation"], method["pseudo_label"]
    if annotation not in ACCEPTED_ANNOTATIONS[label]:
        raise UserError(
            f"{source}: pseudo label '{label}' cannot be made of annotation '{annotation}';"
            f" it takes {' or '.join(ACCEPTED_ANNOTATIONS[label])}"
        )


def _check_augmentation(training: dict[str, Any], source: str | Path) -> None:
    size = training["patch_size"]
    if training["augmentation"]["rotate90"] and size[1] != size[2]:
        raise UserError(
            f"{source}: training.augmentation.rotate90 needs a patch square in y and x, not {size}; set it to 0"
        )


def _check_devices(training: dict[str, Any], source: str | Path) -> None:
    patches = training["volumes_per_step"] * training["patches_per_volume"]
    if patches % training["devices"]:
        raise UserError(
            f"{source}: training.devices must divide the patches of a step, {patches} (volumes_per_step times"
            f" patches_per_volume), and {training['devices']} does not; change one of them"
        )
