"""What a method may say, from its schema and from the registries."""

from collections.abc import Iterator, Mapping
from typing import Any

from weakseg3d.experiment.label_kinds import EXTERNAL
from weakseg3d.experiment.method_schema import method_schema
from weakseg3d.experiment.reference.schema_tables import KEYS, keys, resolved, row
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


def page() -> str:
    """Return the whole page."""
    schema = method_schema()
    schema = resolved(schema, schema.get("$defs", {}))
    rules = schema["properties"]
    lines = [HEADING, "## Keys\n", KEYS]
    lines += [row(name, value) for name, value in keys(schema, SECTIONS) if name not in SECTIONS]
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
        yield "\n" + KEYS.replace("Key", "Parameter")
        for parameter, value in parameters.items():
            yield row(parameter, value, required=parameter in rules.get("required", []))


def _nature(key: str, name: str) -> str:
    """Return what the registry says of an entry beyond its parameters."""
    if key == "pseudo_label":
        if name == EXTERNAL:
            return "A mask or, with `probabilities`, soft; made of any annotation."
        label = PSEUDO_LABELS.entry(name)
        values = "Soft" if is_soft(label) else "Sparse" if is_sparse(label) else "A mask"
        return f"{values}; made of {' or '.join(accepted_annotations(label))}."
    if key == "loss":
        return "For sparse targets." if takes_sparse_targets({name: {}}) else "For soft targets and masks."
    if key == "network":
        defaults = {k: v.default for k, v in NETWORKS.entry(name).parameters.items()}
        return "Draws noise, and so has a KL divergence." if is_stochastic({name: defaults}) else ""
    return ""
