"""PW4MedSeg's loss on soft labels as the paper describes it."""

import torch
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from weakseg3d.losses.soft_labels import hard, squared_dice
from weakseg3d.registry.parameters import SoftTarget


def weighted_ce_dice(logits: torch.Tensor, target: SoftTarget, threshold: float = 0.5) -> torch.Tensor:
    """Return PW4MedSeg's loss on soft labels, mean(w BCE(y)) + Dice(y), with confidence as the weight of each voxel.

    The confidence w is t where y = 1 and 1 - t elsewhere. ``logits`` and ``target`` are (B, 1, z, y, x); the result is
    a scalar. arXiv 2403.02566.
    """
    labels = hard(target, threshold)
    confidence = torch.where(target > threshold, target, 1 - target)
    return (confidence * bce(logits, labels, reduction="none")).mean() + squared_dice(logits, labels, labels)
