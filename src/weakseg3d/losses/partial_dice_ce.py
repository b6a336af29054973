"""Dice and cross-entropy on the annotated voxels alone, PA-Seg's first stage."""

import torch
from torch.nn import functional

from weakseg3d.losses.two_class import foreground_logit
from weakseg3d.registry.parameters import SparseTarget

DENOMINATOR = 1e-19


def partial_dice_ce(logits: torch.Tensor, target: SparseTarget) -> torch.Tensor:
    """Return Dice plus mean cross-entropy on the annotated voxels, as in PA-Seg's first stage (arXiv 2208.05669).

    ``logits`` are (B, 1 or 2, *spatial), ``target`` is (B, 1, *spatial) with 0, 1 and `IGNORE`. Both terms are computed
    per sample and averaged over the samples with an annotated voxel; a batch without any gives 0 and no gradient. The
    Dice loss is 1 - 2 sum(p t) / (sum p + sum t), averaged over background and foreground. The result is a
    scalar.
    """
    z = foreground_logit(logits)
    background, foreground = ((target == value).to(z.dtype) for value in (0, 1))
    known = background + foreground
    voxels = tuple(range(1, z.ndim))

    cross_entropy = functional.binary_cross_entropy_with_logits(z, foreground, reduction="none")
    annotated = known.sum(voxels)
    background_dice, foreground_dice = (
        2 * (p * t).sum(voxels) / ((p * known).sum(voxels) + t.sum(voxels) + DENOMINATOR)
        for p, t in ((torch.sigmoid(-z), background), (torch.sigmoid(z), foreground))
    )
    loss = 1 - (background_dice + foreground_dice) / 2 + (cross_entropy * known).sum(voxels) / annotated.clamp(min=1)
    return (loss * (annotated > 0)).sum() / (annotated > 0).sum().clamp(min=1)
