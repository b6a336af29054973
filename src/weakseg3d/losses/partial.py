"""Losses on the annotated voxels alone."""

import torch
from torch.nn import functional

from weakseg3d.images.labels import IGNORE
from weakseg3d.losses.two_class import foreground_logit

DENOMINATOR = 1e-19


def partial_ce(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return the mean cross-entropy over the voxels whose target is 0 or 1, a scalar; those with `IGNORE` are left out.

    ``logits`` and ``target`` are (B, 1, *spatial). A batch without any annotated voxel gives 0 and no gradient.
    """
    known = target != IGNORE
    cross_entropy = functional.binary_cross_entropy_with_logits(
        logits, torch.where(known, target, 0.0), reduction="none"
    )
    return (cross_entropy * known).sum() / known.sum().clamp(min=1)


def partial_dice_ce(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return Dice loss plus mean cross-entropy on the voxels whose target is 0 or 1, a scalar.

    ``logits`` are (B, 1 or 2, *spatial), ``target`` is (B, 1, *spatial) with 0, 1 and `IGNORE`. Both terms are computed
    per sample and averaged over the samples with an annotated voxel; a batch without any gives 0 and no gradient. The
    Dice loss is 1 - 2 sum(p t) / (sum p + sum t), averaged over background and foreground. PA-Seg's first stage,
    arXiv 2208.05669.
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
