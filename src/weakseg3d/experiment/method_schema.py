"""The schema of methods: that of ``workflow/schemas`` with what networks, losses and regularisers say of themselves.

Nothing here runs a network or loads torch: the registries read the text of their files.
"""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from weakseg3d.annotations import ANNOTATIONS
from weakseg3d.experiment.external_commands import with_program_digest
from weakseg3d.experiment.label_kinds import EXTERNAL
from weakseg3d.losses import LOSSES
from weakseg3d.networks import NETWORKS
from weakseg3d.perturbations import PERTURBATIONS
from weakseg3d.pseudo_labels import PSEUDO_LABELS
from weakseg3d.registry import own_files
from weakseg3d.registry.registry import Registry
from weakseg3d.regularisers import COMMON, REGULARISERS, regulariser
from weakseg3d.schemas import schema

REGISTRIES: dict[str, Registry] = {
    "annotation": ANNOTATIONS,
    "pseudo_label": PSEUDO_LABELS,
    "network": NETWORKS,
    "loss": LOSSES,
}
"""Keys of a method that are one choice of a registry."""

NONE = {"type": "object", "additionalProperties": False, "properties": {}}
"""The annotation of dense supervision and of controls that need none."""

OF_TRAINING = ("train", "resume")
"""What a program of somebody else's says of its training, as one that makes pseudo labels does not."""

OF_LABELS = {
    "name": {
        "type": "string",
        "pattern": r"\A[a-z][a-z0-9-]*\Z",
        "default": EXTERNAL,
        "description": "What paths, tables and messages call the label.",
    },
    "predict": {
        "description": "Command that segments the scans to learn from, with `{annotations}`, `{images}` and `{out}`."
    },
    "probabilities": {
        "description": "Whether the label is the foreground's probability of each image, `{case}_probability.nii.gz`,"
        " in place of the mask."
    },
}
"""What such a program says otherwise than a method's own."""

TRAINED = ("network", "loss", "regularisers")
"""What a training loads by name."""


def method_schema(content: Any = None) -> dict[str, Any]:
    """Return the schema of a method's ``content``, or of all methods that use no file of the user's.

    Raises UserError for such a file that is missing, is not Python, or lacks the function that ``content`` names.
    """
    content = content if isinstance(content, Mapping) else {}
    chosen: dict[str, Any] = {
        key: _choice(registry, content[key]) if _is_own(content.get(key)) else _all_choices(key)
        for key, registry in REGISTRIES.items()
    }
    chosen["regularisers"] = _regularisers(content.get("regularisers"))
    chosen["mixed"] = _mixed(content.get("mixed"))
    chosen["images"] = {"properties": _perturbations(content.get("images"))}
    rules = schema("method")
    described = {key: rules["properties"][key] | value for key, value in chosen.items()}
    return rules | {"properties": rules["properties"] | described}


def with_digests(content: dict[str, Any]) -> dict[str, Any]:
    """Return a method's ``content`` with the digest of each file of the user's that it names."""
    filled = {key: own_files.with_digest(content[key]) for key in REGISTRIES if key in content}
    if "mixed" in content:
        filled["mixed"] = {name: with_digests(share) for name, share in content["mixed"].items()}
    if "images" in content:
        filled["images"] = {part: own_files.with_digest(choice) for part, choice in content["images"].items()}
    terms = content.get("regularisers")
    if isinstance(terms, Mapping):
        filled["regularisers"] = {name: own_files.with_digest(settings) for name, settings in terms.items()}
    if "external" in content:
        filled["external"] = with_program_digest(content["external"])
    if EXTERNAL in content.get("pseudo_label", {}):
        filled["pseudo_label"] = {EXTERNAL: with_program_digest(content["pseudo_label"][EXTERNAL])}
    return content | filled


def chosen_modules(method: Mapping[str, Any], parts: Collection[str] = TRAINED) -> tuple[str, ...]:
    """Return the modules of this package that a method or recipe chose for its ``parts``, such as ``network``.

    A file of the user's is not a module; a recipe holds its digest instead.
    """
    entries = [
        registry.choice(method[key]).entry for key, registry in REGISTRIES.items() if key in parts and key in method
    ]
    if "regularisers" in parts:
        entries += [regulariser(*item).entry for item in method.get("regularisers", {}).items()]
    return tuple(sorted({entry.module for entry in entries if entry.module}))


def _is_own(choice: Any) -> bool:
    return isinstance(choice, Mapping) and isinstance(choice.get("file"), str)


def _choice(registry: Registry, choice: Any) -> dict[str, Any]:
    return _without_description(registry.json_schema(choice))


def _mixed(content: Any) -> dict[str, Any]:
    """Return the schema of the shares of mixed supervision by their names, also with files of the user's."""
    shares = content if isinstance(content, Mapping) else {}
    return {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": r"\A[a-z][a-z0-9]*\Z"},
        "additionalProperties": _share({}),
        "properties": {name: _share(share) for name, share in shares.items() if isinstance(name, str)},
    }


def _share(content: Any) -> dict[str, Any]:
    """Return the schema of some of the training cases and their supervision."""
    content = content if isinstance(content, Mapping) else {}
    choices = {
        key: _choice(REGISTRIES[key], content[key]) if _is_own(content.get(key)) else _all_choices(key)
        for key in ("annotation", "pseudo_label")
    }
    cases = "The most cases that are supervised so: the first ones of the split that have what it needs."
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "cases": {"type": "integer", "minimum": 1, "description": cases},
            "supervision": {"enum": ["weak", "dense"], "default": "weak"},
            **choices,
        },
    }


def _perturbations(content: Any) -> dict[str, Any]:
    """Return the schema of the perturbation of each part, also where it is in a file of the user's."""
    parts = content if isinstance(content, Mapping) else {}
    described = schema("method")["properties"]["images"]["properties"]
    return {part: PERTURBATIONS.json_schema(parts.get(part)) | rules for part, rules in described.items()}


@cache
def _all_choices(key: str) -> dict[str, Any]:
    rules = REGISTRIES[key].json_schema()
    if key == "annotation":
        return rules | {"properties": {"none": NONE} | rules["properties"]}
    if key == "pseudo_label":
        return rules | {"properties": rules["properties"] | {EXTERNAL: _label_program()}}
    return rules


def _label_program() -> dict[str, Any]:
    """Return the schema of a program of somebody else's that makes pseudo labels: that of a method's, but untrained."""
    rules = schema("method")["properties"]["external"]
    kept = {key: value for key, value in rules["properties"].items() if key not in OF_TRAINING}
    described = {key: kept.get(key, {}) | value for key, value in OF_LABELS.items()}
    meaning = "What a program of somebody else's segments, given the annotations of the scans to learn from."
    return rules | {"description": meaning, "properties": OF_LABELS | kept | described}


def _without_description(rules: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in rules.items() if key != "description"}


def _regularisers(content: Any) -> dict[str, Any]:
    """Return the schema of ``{name: {weight, ramp_up, parameter: value}}``, also for those in files of the user's."""
    entries = {name: entry.json_schema() for name, entry in REGULARISERS.entries.items()}
    for name, settings in content.items() if isinstance(content, Mapping) else ():
        if _is_own(settings) and isinstance(name, str):
            entries[name] = REGULARISERS.json_schema(dict(settings) | {"name": name})
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            name: rules
            | {
                "properties": COMMON | rules["properties"],
                "required": ["weight", *rules.get("required", [])],
            }
            for name, rules in entries.items()
        },
    }
