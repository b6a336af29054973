"""Mixed supervision: which training cases a method outlines, which it scribbles on, and which it clicks.

A method's key ``mixed`` holds shares of the training cases, ``{name: {cases, supervision, annotation, pseudo_label}}``,
in the order of preference. All other cases have the method's own annotation and pseudo label, the share `REST`.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from weakseg3d.annotations import ANNOTATIONS, resembled
from weakseg3d.errors import UserError
from weakseg3d.experiment.paths import digest_of

REST = "rest"
"""The share of the cases that no other takes."""

SUPERVISION = ("supervision", "annotation", "pseudo_label")
"""What a share says of its cases in the method's stead."""


def shares_of(method: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return ``{share: method}`` of a checked method: itself, as it is for the cases of each share; `REST` is last."""
    alone = {key: value for key, value in method.items() if key != "mixed"}
    shares = {name: alone | _supervision(share) for name, share in method.get("mixed", {}).items()}
    return shares | {REST: alone}


def _supervision(share: Mapping[str, Any]) -> dict[str, Any]:
    if share["supervision"] == "dense":
        return {"supervision": "dense", "annotation": {"none": {}}}
    return {key: share[key] for key in SUPERVISION}


def divided(method: Mapping[str, Any], cases: Iterable[str], has: Callable[[str, str], bool]) -> dict[str, str | None]:
    """Return ``{case: share}``: for each case, the first share that is not full and whose annotation it has.

    ``has`` says so of a share and a case. A case that has none of them is given None.
    """
    left = {name: share.get("cases", math.inf) for name, share in method.get("mixed", {}).items()} | {REST: math.inf}
    found: dict[str, str | None] = {}
    for case in cases:
        found[case] = next((name for name in left if left[name] > 0 and has(name, case)), None)
        if name := found[case]:
            left[name] -= 1
    return found


def mixture_part(method: Mapping[str, Any], parts: Sequence[str]) -> str:
    """Return the path part of a mixture: its shares with their numbers of cases, and a digest of all path ``parts``."""
    named = [f"{name}-{share.get('cases', 'all')}" for name, share in method["mixed"].items()]
    rest = resembled(ANNOTATIONS.choice(method["annotation"]).entry)
    return "_".join(["mixed", *named, f"{REST}-{rest}", f"sha-{digest_of([method['mixed'], *parts])}"])


def check_mixture(method: Mapping[str, Any], source: Any) -> None:
    """Raise UserError, naming ``source``, for shares of a method that say too little, or something without effect."""
    for name, share in method["mixed"].items():
        missing = [key for key in SUPERVISION if key not in share]
        if share["supervision"] == "weak" and missing:
            raise UserError(f"{source}: mixed.{name} needs the key '{missing[0]}', or 'supervision: dense'; add it")
        idle = [key for key in ("annotation", "pseudo_label") if key in share]
        if share["supervision"] == "dense" and idle:
            raise UserError(f"{source}: mixed.{name}.{idle[0]} has no effect with dense supervision; remove it")
        if name == REST:
            raise UserError(f"{source}: 'mixed.{REST}' is what the other cases are called; choose another name")
