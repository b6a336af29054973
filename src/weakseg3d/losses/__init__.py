"""Losses by their name in a recipe: logits and target (B, 1, *spatial) in, a scalar out.

A file that defines a function of its own name is a loss: ``focal.py`` with ``focal``. It asks for what it needs by the
names of its arguments:

- ``logits``, or ``outputs`` for those of all heads of the network at once, (B, heads, 1, *spatial);
- ``target``, the output of the recipe's pseudo label stage or a mask, annotated as `SoftTarget` or `SparseTarget`;
- ``threshold``, above which a soft target is foreground;
- ``image``.

All other arguments are parameters of the recipe. Importing this package loads neither torch nor a loss.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from weakseg3d.registry.parameters import SparseTarget
from weakseg3d.registry.registry import Registry

LOSSES = Registry("losses", "loss", inputs=("logits", "outputs", "target", "threshold", "image"))


def build_loss(loss: Mapping[str, Any]) -> Callable[..., Any]:
    """Return the loss of a recipe's ``loss`` entry; it is called with its inputs by name."""
    return LOSSES.choice(loss).bound()


def takes_sparse_targets(loss: Mapping[str, Any]) -> bool:
    """Return whether a recipe's loss leaves unknown voxels out, and so learns from them alone that are known."""
    return LOSSES.choice(loss).entry.signature.arguments["target"].kind is SparseTarget


def sparse_losses() -> list[str]:
    """Return the names of the losses that leave unknown voxels out."""
    return [name for name, entry in LOSSES.entries.items() if takes_sparse_targets({name: {}})]
