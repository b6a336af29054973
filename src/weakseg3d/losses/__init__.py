"""Losses by the name a recipe gives them: logits and target (B, 1, *spatial) in, a scalar out.

The target is what the recipe's pseudo label stage wrote: soft in [0, 1], sparse with 2 for unknown, or a mask.
"""

from weakseg3d.losses import pw4medseg
from weakseg3d.losses.dense import dice_ce
from weakseg3d.losses.partial import partial_ce

LOSSES = {
    "weighted_ce_dice": pw4medseg.weighted_ce_dice,
    "soft_ce_dice": pw4medseg.soft_ce_dice,
    "focal": pw4medseg.focal,
    "ce": pw4medseg.ce,
    "dice": pw4medseg.dice,
    "soft_dice": pw4medseg.soft_dice,
    "dice_ce": dice_ce,
    "partial_ce": partial_ce,
}
