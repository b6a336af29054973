"""Losses by their name in a recipe: logits and target (B, 1, *spatial) in, a scalar out.

The target is the output of the recipe's pseudo label stage: soft in [0, 1], sparse with 2 for unknown, or a mask.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

from weakseg3d.losses import pw4medseg
from weakseg3d.losses.dense import dice_ce
from weakseg3d.losses.partial import partial_ce, partial_dice_ce

if TYPE_CHECKING:
    import torch

SPARSE_LOSSES: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "partial_ce": partial_ce,
    "partial_dice_ce": partial_dice_ce,
}
"""Losses that leave out unknown voxels."""

FULL_LOSSES: dict[str, Callable[..., torch.Tensor]] = {
    "weighted_ce_dice": pw4medseg.weighted_ce_dice,
    "soft_ce_dice": pw4medseg.soft_ce_dice,
    "focal": pw4medseg.focal,
    "ce": pw4medseg.ce,
    "dice": pw4medseg.dice,
    "soft_dice": pw4medseg.soft_dice,
    "ce_dice_boundary": pw4medseg.ce_dice_boundary,
    "dice_ce": dice_ce,
}
"""Losses that need a value in [0, 1] at every voxel, and a threshold above which it is foreground."""


def build_loss(name: str, threshold: float) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """Return the loss called ``name``; soft targets above ``threshold`` are foreground."""
    if name in SPARSE_LOSSES:
        return SPARSE_LOSSES[name]
    return functools.partial(FULL_LOSSES[name], threshold=threshold)
