"""Cross-entropy and Dice against the soft label itself."""

import torch
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from weakseg3d.losses.soft_labels import squared_dice
from weakseg3d.registry.parameters import SoftTarget


def soft_ce_dice(logits: torch.Tensor, target: SoftTarget) -> torch.Tensor:
    """Return mean(BCE(t)) + Dice(t), cross-entropy and Dice against the soft label itself.

    ``logits`` and ``target`` are (B, 1, z, y, x); the result is a scalar. A variant of PW4MedSeg, arXiv 2403.02566.
    """
    return bce(logits, target) + squared_dice(logits, target, target)
