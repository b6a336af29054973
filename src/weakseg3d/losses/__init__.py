"""Losses by the name a recipe gives them: logits and target (B, 1, *spatial) in, a scalar out.

The target is what the recipe's pseudo label stage wrote: soft in [0, 1], sparse with 2 for unknown, or a mask.
"""

import functools

from weakseg3d.losses import pw4medseg
from weakseg3d.losses.dense import dice_ce
from weakseg3d.losses.partial import partial_ce, partial_dice_ce

SPARSE_LOSSES = {"partial_ce": partial_ce, "partial_dice_ce": partial_dice_ce}
"""Losses that know what is unknown."""

FULL_LOSSES = {
    "weighted_ce_dice": pw4medseg.weighted_ce_dice,
    "soft_ce_dice": pw4medseg.soft_ce_dice,
    "focal": pw4medseg.focal,
    "ce": pw4medseg.ce,
    "dice": pw4medseg.dice,
    "soft_dice": pw4medseg.soft_dice,
    "ce_dice_boundary": pw4medseg.ce_dice_boundary,
    "dice_ce": dice_ce,
}
"""Losses that want a value in [0, 1] at every voxel, and a threshold above which it is foreground."""


def build_loss(name, threshold):
    """Return the loss called ``name``; ``threshold`` says which soft targets are foreground."""
    if name in SPARSE_LOSSES:
        return SPARSE_LOSSES[name]
    return functools.partial(FULL_LOSSES[name], threshold=threshold)
