"""What a program of somebody else's is told, in the JSON of ``{recipe}``, and whether it gets annotations of scans."""

from collections.abc import Mapping
from typing import Any

from weakseg3d.experiment.external_commands import ANNOTATIONS, placeholders
from weakseg3d.experiment.label_kinds import EXTERNAL, label_kind
from weakseg3d.experiment.mixture import shares_of
from weakseg3d.images.labels import IGNORE


def gets_annotations(method: Mapping[str, Any]) -> bool:
    """Return whether a checked method's program gets the annotations of the very scans that it segments."""
    return "external" in method and ANNOTATIONS in placeholders(method["external"]["predict"])


def label_programs(method: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the shares of a checked method, as if they were methods, whose pseudo labels a program makes."""
    return [share for share in shares_of(method).values() if EXTERNAL in share.get("pseudo_label", {})]


def target_of(method: Mapping[str, Any]) -> str | None:
    """Return what a checked method learns from: ``mask``, ``sparse``, ``soft`` or, without a label, ``annotation``.

    It is None for a program that learns from nothing.
    """
    if method["supervision"] == "none":
        return None
    if method["supervision"] == "dense":
        return "mask"
    if "pseudo_label" not in method:
        return "annotation"
    label = label_kind(method["pseudo_label"])
    return "soft" if label.soft else "sparse" if label.sparse else "mask"


def label_facts(program: Mapping[str, Any], annotation: Mapping[str, Any], /, **scans: Any) -> dict[str, Any]:
    """Return the facts for a program that makes pseudo labels of an ``annotation``, which may serve several methods.

    ``scans`` are those about the dataset, the organ and the seed. Nothing is learnt by it.
    """
    return facts_of({"external": program, "supervision": "none", "annotation": annotation}, method=None, **scans)


def facts_of(method: Mapping[str, Any], /, **cell: Any) -> dict[str, Any]:
    """Return the facts about a checked method and, from ``cell``, those about its dataset, organ and seed.

    Where the program and its environment lie is not among them: only what they contain counts.
    """
    external, target = method["external"], target_of(method)
    return {
        **cell,
        "supervision": method["supervision"],
        "annotation": method["annotation"],
        "pseudo_label": method.get("pseudo_label"),
        "target": target,
        "unknown": IGNORE if target == "sparse" else None,
        "gpus": external["gpus"],
        "settings": external["settings"],
        "program_sha256": external.get("sha256"),
    }
