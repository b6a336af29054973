"""Methods and recipes: what a YAML under ``config/methods`` says, checked and completed."""

import math
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from weakseg3d.annotations import ANNOTATIONS, resembled
from weakseg3d.errors import UserError
from weakseg3d.experiment.external_commands import check_commands, check_label_command, check_pattern
from weakseg3d.experiment.external_facts import gets_annotations
from weakseg3d.experiment.idle_keys import (
    check_controls_keys,
    check_dense_keys,
    check_foreign_keys,
    check_idle_keys,
    check_passes,
    check_untrained_keys,
)
from weakseg3d.experiment.label_kinds import EXTERNAL, label_kind
from weakseg3d.experiment.method_schema import REGISTRIES, method_schema, with_digests
from weakseg3d.experiment.mixture import check_mixture, shares_of
from weakseg3d.losses import LOSSES, sparse_losses, takes_sparse_targets
from weakseg3d.named_files import named_file
from weakseg3d.networks import NETWORKS
from weakseg3d.pseudo_labels import sparse_kinds
from weakseg3d.registry.parameters import DivisibleBy
from weakseg3d.registry.registry import Registry
from weakseg3d.registry.signatures import call_with_known
from weakseg3d.regularisers import REGULARISERS
from weakseg3d.schemas import validated
from weakseg3d.texts import read_yaml

TRAINED_PARTS = ("network", "loss", "training")
"""What every training needs; only a distillation brings no network, it starts from those of others."""
RECIPE_PARTS = (
    "normalisation",
    "network",
    "loss",
    "regularisers",
    "training",
    "target",
    "selection",
    "distillation",
    "prediction",
)
"""What a training recipe takes from its method, as far as the method has it."""
ALTERNATIVES = (("steps", "epochs"), ("warmup_steps", "warmup_epochs"))
"""Keys for the same thing in different units, of which one replaces the other."""
CHOICES = ("annotation", "pseudo_label", "network", "loss", "optimizer", "train", "test")
"""Keys of the form ``{name: {parameter: value}}``."""
MOST_PASSES = 1000
"""Stochastic passes of a prediction; the mean of a thousand logits no longer changes with more of them."""
MOST_PATCH_VOXELS = 512**3
"""Voxels of a patch; the activations of a network of 16 channels would then fill 8 GiB on the finest level alone."""
MOST_THREADS = 1024
LARGEST_SEED = 2**32 - 1
"""NumPy's and Lightning's limit."""


def load_method(name: str, overrides: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the method ``config/methods/{name}.yaml`` with ``overrides`` merged in and defaults filled.

    Raises UserError for an unknown method, an unknown key, or parts that do not go together.
    """
    path = named_file("methods", name)
    return checked_method(merged(read_yaml(path), overrides or {}), path)


def checked_method(content: dict[str, Any], source: str | Path) -> dict[str, Any]:
    """Return a method's ``content`` with defaults; ``source`` is the file named in the UserError raised otherwise."""
    _check_spelling(content, source)
    return _with_checked_parts(with_digests(validated(content, method_schema(content), source)), source)


def _check_spelling(content: Mapping[str, Any], source: str | Path) -> None:
    """Raise UserError for a loss as it was written before losses had parameters."""
    loss = content.get("loss") if isinstance(content, Mapping) else None
    if isinstance(loss, Mapping) and "name" in loss and "file" not in loss:
        raise UserError(
            f"{source}: write the loss as 'loss: {{{loss['name']}: {{}}}}', and the weights of other terms under"
            f" 'regularisers' ({', '.join(REGULARISERS.entries)}), as in 'regularisers: {{gated_crf: {{weight: 0.1}}}}'"
        )


def _with_checked_parts(method: dict[str, Any], source: str | Path) -> dict[str, Any]:
    """Return a ``method`` that fits its schema, unless its parts do not go together."""
    _check_rules(method, source)
    kinds = [key for key in ("control", "external", "predictions") if key in method]
    if len(kinds) > 1:
        raise UserError(f"{source}: give '{kinds[0]}' or '{kinds[1]}', not both")
    if kinds and "mixed" in method:
        raise UserError(f"{source}: 'mixed' has no effect beside '{kinds[0]}'; remove it")
    if kinds and kinds != ["control"]:
        _check_foreign(method, source)
        return method
    if "control" in method:
        if method["control"] == "pseudo_label" and "pseudo_label" not in method:
            raise UserError(f"{source}: control 'pseudo_label' needs the key 'pseudo_label'; add it")
        if "pseudo_label" in method:
            check_pseudo_label(method, source)
            if EXTERNAL in method["pseudo_label"]:
                raise UserError(
                    f"{source}: control 'pseudo_label' cannot show what a program makes of test cases; give the"
                    " program under 'external' in place of 'control' and 'pseudo_label'"
                )
        check_controls_keys(method, source)
        return method
    needed = [part for part in TRAINED_PARTS if part != "network" or "distillation" not in method]
    missing = [part for part in needed if part not in method]
    if missing:
        raise UserError(f"{source}: key '{missing[0]}' is missing; add it, or 'control', 'external' or 'predictions'")
    if "network" in method and "distillation" in method:
        raise UserError(f"{source}: a distillation starts from the networks of its students; remove 'network'")
    if method["supervision"] == "none":
        raise UserError(f"{source}: 'supervision: none' is for controls; a trained method needs 'weak' or 'dense'")
    if "mixed" in method:
        _check_mixed(method, source)
    if method["supervision"] == "weak":
        for share in shares_of(method).values():
            if share["supervision"] == "weak":
                _check_weak_labels(share, source)
    elif method["selection"] == "weak_labels":
        raise UserError(f"{source}: 'selection: weak_labels' needs weak supervision; use 'last' or 'dense_validation'")
    if "network" in method:
        check_patch(method["training"]["patch_size"], method["network"], source)
        check_passes(method["prediction"], method["network"], source)
    _check_length(method["training"], source)
    check_idle_keys(method, source)
    _check_augmentation(method["training"], source)
    _check_devices(method["training"], source)
    return method


def _check_foreign(method: dict[str, Any], source: str | Path) -> None:
    """Raise UserError, naming ``source``, for a method outside this package whose parts do not go together."""
    check_foreign_keys(method, source)
    if "predictions" in method:
        check_pattern(method["predictions"], source)
        return
    check_commands(method["external"], source)
    if "train" not in method["external"]:
        _check_untrained(method, source)
        return
    if method["supervision"] == "none":
        raise UserError(f"{source}: 'supervision: none' is for controls; a trained method needs 'weak' or 'dense'")
    if method["supervision"] == "weak":
        if "none" in method["annotation"]:
            raise UserError(f"{source}: weak supervision needs an annotation other than 'none'; name one")
        if "pseudo_label" in method:
            check_pseudo_label(method, source)
    else:
        check_dense_keys(method, source)


def _check_untrained(method: dict[str, Any], source: str | Path) -> None:
    """Raise UserError, naming ``source``, for a program without a training that says what it would learn from."""
    check_untrained_keys(method, source)
    if method["supervision"] != "none":
        raise UserError(
            f"{source}: without external.train nothing is learnt; set 'supervision: none', or add a command that trains"
        )
    annotated = "none" not in method["annotation"]
    if gets_annotations(method) and not annotated:
        raise UserError(
            f"{source}: external.predict names {{annotations}}, but 'annotation' is none; say there what people give"
        )
    if annotated and not gets_annotations(method):
        raise UserError(
            f"{source}: an annotation has no effect without external.train; set it to 'none: {{}}', or name"
            " {annotations} in external.predict"
        )


def checked_recipe(content: dict[str, Any], source: str | Path) -> dict[str, Any]:
    """Return a training recipe's ``content`` with defaults; ``source`` names it in the UserError raised otherwise.

    The values that could crash, hang or silently spoil a run are checked even if jsonschema is not installed.
    """
    try:
        return _checked_recipe(content, source)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        if find_spec("jsonschema"):
            raise
        # Without jsonschema, nothing has checked the types of the other values.
        raise UserError(
            f"{source}: a value is missing or of the wrong type ({error}); install jsonschema, which names it"
        ) from None


def _checked_recipe(content: dict[str, Any], source: str | Path) -> dict[str, Any]:
    _check_spelling(content, source)
    recipe = validated(content, "recipe", source)
    _check_values(recipe, ["method", "spacing", "seed", "threads", "loss"], source)
    parts = {part: recipe[part] for part in RECIPE_PARTS if part in recipe}
    if "distillation" in parts:
        parts["distillation"] = parts["distillation"] | {"students": ["first", "second"]}
    # A recipe does not say what its labels are made of, as they come as files: here they are of a kind that the loss
    # accepts, and `weakseg3d.training.loading` checks the files themselves.
    label = "points" if takes_sparse_targets(recipe["loss"]) else "gaussian"
    learns = {"supervision": "weak", "annotation": {"points": {}}, "pseudo_label": {label: {}}}
    described = {"description": recipe["method"], **learns, **parts}
    method = with_digests(validated(described, method_schema(described), source))
    recipe = recipe | recipe_parts(method)
    length = ["training.steps", "training.epochs"]
    _check_values(recipe, [key for key in RULES if key not in length and (key != "network" or key in recipe)], source)
    _check_values(recipe, [key for key in length if key.split(".")[1] in recipe["training"]], source)
    _check_finite(recipe, source)
    _with_checked_parts(method, source)
    return recipe


def checked_model_recipe(content: dict[str, Any], source: str | Path) -> dict[str, Any]:
    """Return the recipe in a trained model, checked as `checked_recipe` does.

    After a distillation it names the network of the first student as well.
    """
    if not isinstance(content, dict) or "distillation" not in content:
        return checked_recipe(content, source)
    second_stage = checked_recipe({key: value for key, value in content.items() if key != "network"}, source)
    as_first_stage = checked_recipe({key: value for key, value in content.items() if key != "distillation"}, source)
    return as_first_stage | {"distillation": second_stage["distillation"]}


def recipe_parts(method: dict[str, Any]) -> dict[str, Any]:
    """Return what a training recipe takes from a checked ``method``; a distillation's students come as files."""
    parts = {part: method[part] for part in RECIPE_PARTS if part in method}
    if "distillation" in parts:
        parts["distillation"] = {k: v for k, v in parts["distillation"].items() if k != "students"}
    return parts


def recipe_of(
    name: str, method: dict[str, Any], *, seed: int, threads: int, spacing: float, intensity: dict[str, Any]
) -> dict[str, Any]:
    """Return the training recipe of a checked ``method``, as `checked_recipe` reads it.

    ``intensity`` is how images are scaled; a method without ``clipping`` scales from their lowest to highest value.
    """
    return {
        "method": name,
        "seed": seed,
        "threads": threads,
        "spacing": spacing,
        "intensity": scaling_of(intensity, method["clipping"]),
        **recipe_parts(method),
    }


def scaling_of(intensity: dict[str, Any], clipping: bool) -> dict[str, Any]:
    """Return how images are scaled: as ``intensity`` says or, without ``clipping``, from lowest to highest value."""
    return intensity if clipping else {"percentiles": [0, 100]}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(value: object, low: int, high: float = math.inf) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _is_inside(value: Any, low: float, high: float) -> bool:
    return _is_number(value) and low < value < high


def _choices(*keys: str) -> list[str]:
    """Return the values that the schema of methods allows for a key."""
    rules = method_schema()
    for key in keys:
        rules = rules["properties"][key]
    return rules["enum"]


def _is_patch(size: Any) -> bool:
    if not isinstance(size, Sequence) or isinstance(size, str) or len(size) != 3:
        return False
    return all(_is_whole(n, 8) for n in size) and math.prod(size) <= MOST_PATCH_VOXELS


def _is_choice(registry: Registry) -> Callable[[Any], bool]:
    def holds(value: Any) -> bool:
        return isinstance(value, dict) and (
            "file" in value or (len(value) == 1 and value.keys() <= set(registry.entries))
        )

    return holds


def _is_interval(value: Any) -> bool:
    if isinstance(value, dict):
        return value.keys() == {"every_steps"} and _is_whole(value["every_steps"], 1)
    return value == "every_epoch" or _is_whole(value, 1)


def _is_scaling(intensity: Any) -> bool:
    if not isinstance(intensity, dict) or len(intensity) != 1:
        return False
    ((way, limits),) = intensity.items()
    if not isinstance(limits, list | tuple) or len(limits) != 2 or not all(map(_is_number, limits)):
        return False
    low, high = limits
    return low < high and (way == "window" or (way == "percentiles" and low >= 0 and high <= 100))


RULES = {
    "method": (lambda value: isinstance(value, str), "a name"),
    "network": (_is_choice(NETWORKS), f"one of {', '.join(NETWORKS.entries)} with its parameters"),
    "loss": (_is_choice(LOSSES), f"one of {', '.join(LOSSES.entries)} with its parameters"),
    "spacing": (lambda value: _is_inside(value, 0, math.inf), "a finite number above 0"),
    "seed": (lambda value: _is_whole(value, 0, LARGEST_SEED), f"a whole number from 0 to {LARGEST_SEED}"),
    "threads": (lambda value: _is_whole(value, 1, MOST_THREADS), f"a whole number from 1 to {MOST_THREADS}"),
    "intensity": (_is_scaling, "a window or percentiles with two finite numbers, the lower one first"),
    "normalisation": (lambda value: value in ("none", "z_score"), "'none' or 'z_score'"),
    "training.patch_size": (_is_patch, f"three whole numbers from 8 with a product of at most {MOST_PATCH_VOXELS}"),
    "training.steps": (lambda value: _is_whole(value, 1), "a whole number above 0"),
    "training.epochs": (lambda value: _is_whole(value, 1), "a whole number above 0"),
    "training.validations": (_is_interval, "a whole number above 0, 'every_epoch' or 'every_steps: N'"),
    "training.foreground_share": (
        lambda value: value == "none" or (_is_number(value) and 0 <= value <= 1),
        "a number from 0 to 1 or 'none'",
    ),
    "selection": (lambda value: value in _choices("selection"), "a rule of selection"),
    "target.form": (lambda value: value in _choices("target", "form"), "'soft' or 'hard'"),
    "target.threshold": (lambda value: _is_inside(value, 0, 1), "a number between 0 and 1"),
    "prediction.threshold": (lambda value: _is_inside(value, 0, 1), "a number between 0 and 1"),
    "prediction.overlap": (lambda value: value == 0 or _is_inside(value, 0, 1), "a number from 0 and below 1"),
    "prediction.blending": (lambda value: value in _choices("prediction", "blending"), "'gaussian' or 'constant'"),
    "prediction.passes": (lambda value: _is_whole(value, 1, MOST_PASSES), f"a whole number from 1 to {MOST_PASSES}"),
}
"""What is required, with the words for it, of the values of a recipe that could crash, hang or silently spoil a run."""


def _check_values(recipe: dict[str, Any], keys: Sequence[str], source: str | Path) -> None:
    """Raise a UserError, naming ``source``, for the first of ``keys`` whose value does not follow its rule."""
    for key in keys:
        value: Any = recipe
        for part in key.split("."):
            if not isinstance(value, dict) or part not in value:
                raise UserError(f"{source}: key '{key}' is missing; add it")
            value = value[part]
        is_valid, requirement = RULES[key]
        if not is_valid(value):
            raise UserError(f"{source}: {key} must be {requirement}, not {str(value)[:80]}")


def _check_finite(content: Any, source: str | Path, key: str = "") -> None:
    """Raise a UserError, naming ``source`` and the key, for a number in ``content`` that is NaN or infinite."""
    if isinstance(content, float) and not math.isfinite(content):
        raise UserError(f"{source}: {key} must be a finite number, not {content}")
    if isinstance(content, dict | list | tuple):
        entries = content.items() if isinstance(content, dict) else enumerate(content)
        for name, value in entries:
            _check_finite(value, source, f"{key}.{name}" if key else str(name))


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return ``base`` with ``changes`` laid over it, mapping by mapping; another choice takes the place of one.

    So does a key the place of its alternative: ``epochs`` that of ``steps``.
    """
    replaced = {key for pair in ALTERNATIVES for key in pair if set(pair) & changes.keys()}
    result = {key: value for key, value in base.items() if key not in replaced or key in changes}
    for key, value in changes.items():
        nested = isinstance(value, dict) and isinstance(result.get(key), dict)
        another_choice = nested and key in CHOICES and not value.keys() & result[key].keys()
        result[key] = merged(result[key], value) if nested and not another_choice else value
    return result


def _check_rules(method: dict[str, Any], source: str | Path) -> None:
    """Raise UserError, naming ``source``, where parameters of a choice do not go together; networks: `check_patch`."""
    places = [("", method), *((f"mixed.{name}.", share) for name, share in method.get("mixed", {}).items())]
    for place, parts in places:
        for key in ("annotation", "pseudo_label", "loss"):
            if key in parts and not parts[key].keys() & {"none", EXTERNAL}:
                choice = REGISTRIES[key].choice(parts[key])
                named = place + key if "file" in parts[key] else f"{place}{key}.{choice.entry.name}"
                choice.entry.check_rules(choice.values, source, named)


def check_patch(size: list[int], network: dict[str, Any], source: str | Path) -> None:
    """Raise a UserError, naming ``source``, when a patch of ``size`` (z, y, x) does not fit a recipe's ``network``."""
    choice = NETWORKS.choice(network)
    entry, parameters = choice.entry, choice.entry.with_defaults(choice.values)
    entry.check_rules(parameters, source, "network" if "file" in network else f"network.{entry.name}")
    patch = entry.signature.arguments.get("patch_size")
    rule = patch.note(DivisibleBy) if patch else None
    if rule is None:
        return
    divisor = call_with_known(rule.by, parameters)
    multiple = [divisor] * 3 if isinstance(divisor, int) else list(divisor)
    if any(n % m for n, m in zip(size, multiple, strict=True)):
        raise UserError(
            f"{source}: training.patch_size {size} must be divisible by {multiple}, axis by axis, for network"
            f" '{entry.name}'"
        )
    if rule.several and list(size) == multiple:
        raise UserError(
            f"{source}: training.patch_size {size} leaves network '{entry.name}' a single voxel on its coarsest level;"
            " enlarge it"
        )


def _check_weak_labels(method: dict[str, Any], source: str | Path) -> None:
    if "pseudo_label" not in method:
        raise UserError(f"{source}: weak supervision needs the key 'pseudo_label'; add it")
    if "none" in method["annotation"]:
        raise UserError(f"{source}: weak supervision needs an annotation other than 'none'; name one")
    check_pseudo_label(method, source)
    label, loss = label_kind(method["pseudo_label"]), LOSSES.choice(method["loss"]).entry.name
    sparse = takes_sparse_targets(method["loss"])
    if label.sparse and not sparse:
        raise UserError(
            f"{source}: loss '{loss}' cannot leave out the unknown voxels of pseudo label '{label.name}';"
            f" use {' or '.join(sparse_losses())}"
        )
    if label.soft and sparse:
        raise UserError(
            f"{source}: loss '{loss}' counts only voxels labelled exactly 0 or 1, of which the soft pseudo label"
            f" '{label.name}' has hardly any; use a loss for soft targets, or a pseudo label among"
            f" {', '.join(sparse_kinds())}"
        )


def check_pseudo_label(method: dict[str, Any], source: str | Path) -> None:
    """Raise a UserError, naming ``source``, when a method's pseudo label cannot be made of its annotation."""
    if EXTERNAL in method["pseudo_label"]:
        check_label_command(method["pseudo_label"][EXTERNAL], source)
    label = label_kind(method["pseudo_label"])
    kind = "none" if "none" in method["annotation"] else resembled(ANNOTATIONS.choice(method["annotation"]).entry)
    if kind not in label.annotations:
        raise UserError(
            f"{source}: pseudo label '{label.name}' cannot be made of annotation '{kind}';"
            f" it takes {' or '.join(label.annotations)}"
        )


def _check_mixed(method: dict[str, Any], source: str | Path) -> None:
    """Raise a UserError, naming ``source``, for mixed supervision that says too little or weighs cases by voxels."""
    if method["supervision"] != "weak":
        raise UserError(f"{source}: 'mixed' needs 'supervision: weak' for the other cases; change one of the two")
    check_mixture(method, source)
    if takes_sparse_targets(method["loss"]) and method["training"]["volumes_per_step"] > 1:
        raise UserError(
            f"{source}: with 'mixed', loss '{LOSSES.choice(method['loss']).entry.name}' would count a case by its"
            " annotated voxels; set training.volumes_per_step to 1, so that every case counts alike"
        )


def _check_length(training: dict[str, Any], source: str | Path) -> None:
    given = [key for key in ("steps", "epochs") if key in training]
    if len(given) != 1:
        problem = "give 'epochs' or 'steps', not both" if given else "key 'steps' or 'epochs' is missing; add one"
        raise UserError(f"{source}: training: {problem}")
    schedule = training["schedule"]
    if schedule["warmup_steps"] and schedule.get("warmup_epochs"):
        raise UserError(f"{source}: training.schedule: give 'warmup_epochs' or 'warmup_steps', not both")


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
