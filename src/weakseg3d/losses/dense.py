"""The usual loss of full supervision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monai.losses import DiceCELoss

if TYPE_CHECKING:
    import torch

_dice_ce = DiceCELoss(sigmoid=True, batch=True)


def dice_ce(logits: torch.Tensor, target: torch.Tensor, threshold: float = 0.5) -> torch.Tensor:
    """Return MONAI's Dice plus cross-entropy of ``logits`` against [target > threshold]."""
    return _dice_ce(logits, (target > threshold).to(logits.dtype))
