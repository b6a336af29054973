"""The reference of methods as Markdown, made from the schema and the registries: ``make reference`` writes it."""

from collections.abc import Iterator, Mapping
from typing import Any

from weakseg3d.experiment.method_schema import method_schema
from weakseg3d.files import whole_file
from weakseg3d.losses import takes_sparse_targets
from weakseg3d.networks import NETWORKS, is_stochastic
from weakseg3d.perturbations import PERTURBATIONS
from weakseg3d.pseudo_labels import PSEUDO_LABELS, accepted_annotations, is_soft, is_sparse
from weakseg3d.regularisers import COMMON

HEADING = """\
<!-- Written by `make reference`; edit the schema and the signatures instead. -->
# What a method may say

Everything here is read from the files it describes: `workflow/schemas/method.schema.yaml`, and the signatures of
the functions in `src/weakseg3d/{annotations,perturbations,pseudo_labels,networks,losses,regularisers}`. How to add one:
[extend.md](extend.md).
"""

SECTIONS = {
    "annotation": ("Annotations", "What a person clicks or draws: `annotation: {points: {number: 200}}`."),
    "images": (
        "Perturbations",
        "How images are worse than they were, in training (`images.train`) or in the test (`images.test`):"
        " `images: {test: {noise: {std: 0.1}}}`.",
    ),
    "pseudo_label": ("Pseudo labels", "How an annotation becomes a target: `pseudo_label: {gaussian: {sigma: 10}}`."),
    "network": ("Networks", "`network: {unet: {channels: [8, 16, 32, 64]}}`"),
    "loss": ("Losses", "What compares the network's output with the target: `loss: {focal: {}}`."),
    "regularisers": (
        "Regularisers",
        "Terms without labels, added to the loss: `regularisers: {gated_crf: {weight: 0.1, ramp_up: 0.5}}`. Each has a"
        f" `weight` ({COMMON['weight']['description'].rstrip('.').lower()}) and a `ramp_up`"
        f" ({COMMON['ramp_up']['description'].rstrip('.').lower()}; default 0).",
    ),
}


def reference() -> str:
    """Return the whole page."""
    rules = method_schema()["properties"]
    lines = [HEADING, "## Keys\n", "| Key | Value | Default | Meaning |", "|---|---|---|---|"]
    lines += [_row(name, value) for name, value in _keys(rules) if name not in SECTIONS]
    for key, (title, text) in SECTIONS.items():
        lines += [f"\n## {title}\n", text]
        described = PERTURBATIONS.json_schema() if key == "images" else rules[key]
        for name, entry in described["properties"].items():
            lines += _entry(key, name, entry)
    return "\n".join(lines) + "\n"


def _entry(key: str, name: str, rules: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines about one entry of a registry."""
    yield f"\n### `{name}`\n"
    yield " ".join(filter(None, [rules.get("description", "Nothing."), _nature(key, name)]))
    parameters = {k: v for k, v in rules["properties"].items() if key != "regularisers" or k not in COMMON}
    if parameters:
        yield "\n| Parameter | Value | Default | Meaning |\n|---|---|---|---|"
        for parameter, value in parameters.items():
            yield _row(parameter, value, required=parameter in rules.get("required", []))


def _nature(key: str, name: str) -> str:
    """Return what the registry says of an entry beyond its parameters."""
    if key == "pseudo_label":
        label = PSEUDO_LABELS.entry(name)
        values = "Soft" if is_soft(label) else "Sparse" if is_sparse(label) else "A mask"
        return f"{values}; made of {' or '.join(accepted_annotations(label))}."
    if key == "loss":
        return "For sparse targets." if takes_sparse_targets({name: {}}) else "For soft targets and masks."
    if key == "network":
        defaults = {k: v.default for k, v in NETWORKS.entry(name).parameters.items()}
        return "Draws noise, and so has a KL divergence." if is_stochastic({name: defaults}) else ""
    return ""


def _keys(rules: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every key of a schema with its rules, as ``training.patch_size``; choices are left to their sections."""
    for name, value in rules.items():
        path = f"{above}{name}"
        if "$ref" in value:
            definition = value["$ref"].removeprefix("#/$defs/")
            value = method_schema()["$defs"][definition] | value
        inside = value.get("properties")
        if inside and path not in SECTIONS:
            yield from _keys(inside, f"{path}.")
        else:
            yield path, value


def _row(name: str, rules: Mapping[str, Any], required: bool = False) -> str:
    default = "required" if required else _value(rules["default"]) if "default" in rules else ""
    meaning = " ".join(rules.get("description", "").split()).replace("|", "\\|")
    return f"| `{name}` | {_type(rules)} | {default} | {meaning} |"


def _type(rules: Mapping[str, Any]) -> str:
    if "anyOf" in rules:
        return " or ".join(_type(one) for one in rules["anyOf"])
    if isinstance(rules.get("additionalProperties"), Mapping):
        return "names, each with " + ", ".join(f"`{key}`" for key in rules["additionalProperties"]["properties"])
    if "properties" in rules:
        return ", ".join(f"`{key}:` {_type(value)}" for key, value in rules["properties"].items())
    if "enum" in rules:
        return ", ".join(f"`{value}`" for value in rules["enum"])
    if rules.get("type") == "array":
        least, most = rules.get("minItems"), rules.get("maxItems")
        number = f"{least} " if least is not None and least == most else f"at least {least} " if least else ""
        return f"{number}of: {_type(rules.get('items', {}))}"
    if isinstance(rules.get("type"), list):
        return " or ".join(_type({**rules, "type": kind}) for kind in rules["type"])
    words = {"integer": "whole number", "number": "number", "string": "text"}
    words |= {"boolean": "true or false", "null": "none"}
    bounds = {"minimum": "≥ {}", "exclusiveMinimum": "> {}", "maximum": "≤ {}", "exclusiveMaximum": "< {}"}
    limits = [text.format(rules[key]) for key, text in bounds.items() if key in rules]
    limits += [f"divisible by {rules['multipleOf']}"] if "multipleOf" in rules else []
    return " ".join([words.get(rules.get("type", ""), "see below"), ", ".join(limits)]).strip()


def write(path: str = "docs/reference.md") -> None:
    """Write the page."""
    with whole_file(path) as partial:
        partial.write_text(reference(), encoding="utf-8")


def _value(value: Any) -> str:
    return "" if value in ({}, "", None) else f"`{str(value).lower() if isinstance(value, bool) else value}`"
