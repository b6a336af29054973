"""Methods and recipes: what a YAML under ``config/methods`` says, checked and completed."""

from weakseg3d.errors import UserError
from weakseg3d.files import PROJECT
from weakseg3d.validation import choose, read_yaml, validated

METHODS_FOLDER = PROJECT / "config" / "methods"
TRAINED_PARTS = ("network", "loss", "training")
FILLED_PARTS = (*TRAINED_PARTS, "target", "prediction")
SPARSE_LABELS = ("points", "geodesic", "slices")
"""Pseudo labels in which some voxels are unknown."""
SPARSE_LOSSES = ("partial_ce",)
"""Losses that leave unknown voxels out (`weakseg3d.losses.SPARSE_LOSSES`; not imported, it would load torch)."""


def load_method(name, overrides=None):
    """Return the method ``config/methods/{name}.yaml`` with ``overrides`` merged in and defaults filled.

    Raises UserError for an unknown method, an unknown key, or parts that do not go together.
    """
    choose(name, sorted(path.stem for path in METHODS_FOLDER.glob("*.yaml")), "method")
    path = METHODS_FOLDER / f"{name}.yaml"
    return checked_method(merged(read_yaml(path), overrides or {}), path)


def checked_method(content, source):
    """Return a method's ``content`` with defaults; ``source`` is the file named in the UserError raised otherwise."""
    method = validated(content, "method", source)
    if "control" in method:
        if method["control"] == "pseudo_label" and "pseudo_label" not in method:
            raise UserError(f"{source}: control 'pseudo_label' needs the key 'pseudo_label'; add it")
        return method
    missing = [part for part in TRAINED_PARTS if part not in method]
    if missing:
        raise UserError(f"{source}: key '{missing[0]}' is missing; add it, or 'control' for a method without training")
    if method["supervision"] == "none":
        raise UserError(f"{source}: 'supervision: none' is for controls; a trained method needs 'weak' or 'dense'")
    if method["supervision"] == "weak" and "pseudo_label" not in method:
        raise UserError(f"{source}: weak supervision needs the key 'pseudo_label'; add it")
    if method["supervision"] == "weak" and "none" in method["annotation"]:
        raise UserError(f"{source}: weak supervision needs an annotation other than 'none'; name one")
    if method["supervision"] == "weak":
        _check_label_and_loss(method, source)
    _check_training(method["training"], method["network"], source)
    return method


def checked_recipe(content, source):
    """Return a training recipe's ``content`` with defaults; ``source`` names it in the UserError raised otherwise."""
    recipe = validated(content, "recipe", source)
    parts = {part: recipe[part] for part in FILLED_PARTS}
    as_method = {"description": recipe["method"], "supervision": "dense", "annotation": {"none": {}}, **parts}
    method = checked_method(as_method, source)
    return recipe | {part: method[part] for part in parts}


def merged(base, changes):
    """Return ``base`` with ``changes`` laid over it, mapping by mapping."""
    result = dict(base)
    for key, value in changes.items():
        nested = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if nested else value
    return result


def _check_label_and_loss(method, source):
    (label,), loss = method["pseudo_label"], method["loss"]["name"]
    if label in SPARSE_LABELS and loss not in SPARSE_LOSSES:
        raise UserError(
            f"{source}: loss '{loss}' cannot leave out the unknown voxels of pseudo label '{label}';"
            f" use {' or '.join(SPARSE_LOSSES)}"
        )


def _check_training(training, network, source):
    (name,) = network
    size = training["patch_size"]
    multiple = [2 ** (len(network["unet"]["channels"]) - 1)] * 3 if name == "unet" else network[name]["token_size"]
    if any(n % m for n, m in zip(size, multiple, strict=True)):
        raise UserError(
            f"{source}: training.patch_size {size} must be divisible by {multiple}, axis by axis, for network '{name}'"
        )
    if name != "unet" and network[name]["hidden_size"] % network[name]["heads"]:
        raise UserError(f"{source}: network.{name}.heads must divide network.{name}.hidden_size")
    if training["augmentation"]["rotate90"] and size[1] != size[2]:
        raise UserError(
            f"{source}: training.augmentation.rotate90 needs a patch square in y and x, not {size}; set it to 0"
        )
