"""The usual loss of full supervision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monai.losses import DiceCELoss

from weakseg3d.registry.parameters import SoftTarget

if TYPE_CHECKING:
    import torch

_dice_ce = DiceCELoss(sigmoid=True, batch=True)


def dice_ce(logits: torch.Tensor, target: SoftTarget, threshold: float = 0.5) -> torch.Tensor:
    """Return MONAI's Dice plus cross-entropy against the thresholded label, the usual loss of full supervision.

    ``logits`` and ``target`` are (B, 1, z, y, x); the result is a scalar.
    """
    return _dice_ce(logits, (target > threshold).to(logits.dtype))
