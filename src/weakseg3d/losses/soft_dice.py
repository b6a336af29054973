"""Dice against the soft label itself."""

import torch

from weakseg3d.losses.soft_labels import squared_dice
from weakseg3d.registry.parameters import SoftTarget


def soft_dice(logits: torch.Tensor, target: SoftTarget) -> torch.Tensor:
    """Return the Dice loss of p against the soft label t, with sum t^2 in the denominator.

    ``logits`` and ``target`` are (B, 1, z, y, x); the result is a scalar. A variant of PW4MedSeg, arXiv 2403.02566.
    """
    return squared_dice(logits, target, target**2)
