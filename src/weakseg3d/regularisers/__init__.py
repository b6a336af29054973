"""Regularisers by their name in a recipe: terms without labels that are added to the loss.

A file that defines a function of its own name is a regulariser: ``variance.py`` with ``variance``. It asks for what it
needs by the names of its arguments: ``logits`` (B, 1, *spatial) of the network's finest output, ``outputs`` of all of
its heads (B, heads, 1, *spatial), ``image`` (B, 1, *spatial), and ``divergence`` (B,) of the network's noise from its
prior. All other arguments are parameters of the recipe, besides the two that every regulariser has, its ``weight`` and
``ramp_up``. Importing this package loads neither torch nor a regulariser.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from weakseg3d.registry.registry import Choice, Registry

REGULARISERS = Registry("regularisers", "regulariser", inputs=("logits", "outputs", "image", "divergence"))

COMMON: dict[str, Any] = {
    "weight": {"type": "number", "minimum": 0, "description": "Weight of the term; 0 switches it off."},
    "ramp_up": {
        "type": "number",
        "minimum": 0,
        "maximum": 1,
        "default": 0.0,
        "description": "Share of the steps over which the weight grows.",
    },
}
"""The keys that every regulariser has, as JSON Schema."""


def regulariser(name: str, settings: Mapping[str, Any]) -> Choice:
    """Return a recipe's regulariser, ``{name: settings}``; with the key ``file``, ``name`` is the function in it."""
    parameters = {key: value for key, value in settings.items() if key not in COMMON}
    return REGULARISERS.choice(parameters | {"name": name} if "file" in parameters else {name: parameters})
