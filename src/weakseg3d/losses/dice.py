"""Dice against the thresholded label."""

import torch

from weakseg3d.losses.soft_labels import hard, squared_dice
from weakseg3d.registry.parameters import SoftTarget


def dice(logits: torch.Tensor, target: SoftTarget, threshold: float = 0.5) -> torch.Tensor:
    """Return the Dice loss of p against the thresholded label y.

    ``logits`` and ``target`` are (B, 1, z, y, x); the result is a scalar. A variant of PW4MedSeg, arXiv 2403.02566.
    """
    labels = hard(target, threshold)
    return squared_dice(logits, labels, labels)
