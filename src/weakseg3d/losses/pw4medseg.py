"""PW4MedSeg's loss on soft pseudo labels, and its published variants (arXiv 2403.02566 and its code).

In all of them, t is the soft target, y = [t > threshold] (published: 0.5) and p = sigmoid(logit). ``logits`` and
``target`` are (B, 1, z, y, x), and the result is a scalar. Dice terms are computed per sample and channel, with sums
over the spatial axes, and then averaged.
"""

import torch
from monai.transforms.utils import distance_transform_edt
from torch.nn.functional import binary_cross_entropy_with_logits as bce

SPATIAL = (2, 3, 4)
DENOMINATOR = 1e-6
BOUNDARY_WEIGHT = 0.01


def weighted_ce_dice(logits: torch.Tensor, target: torch.Tensor, threshold: float = 0.5) -> torch.Tensor:
    """Return mean(w BCE(y)) + Dice(y) with the confidence w, which is t where y = 1 and 1 - t elsewhere."""
    hard = _hard(target, threshold)
    confidence = torch.where(target > threshold, target, 1 - target)
    return (confidence * bce(logits, hard, reduction="none")).mean() + _dice(logits, hard, hard)


def soft_ce_dice(logits: torch.Tensor, target: torch.Tensor, threshold: float = 0.5) -> torch.Tensor:
    """Return mean(BCE(t)) + Dice(t); the threshold is not used."""
    return bce(logits, target) + _dice(logits, target, target)


def focal(logits: torch.Tensor, target: torch.Tensor, threshold: float = 0.5) -> torch.Tensor:
    """Return mean(f BCE(y)) with f = 0.25 (1 - p)^2 where y = 1, 0.75 p^2 where y = 0."""
    hard = _hard(target, threshold)
    p = logits.sigmoid()
    factor = torch.where(target > threshold, 0.25 * (1 - p) ** 2, 0.75 * p**2)
    return (factor * bce(logits, hard, reduction="none")).mean()


def ce(logits: torch.Tensor, target: torch.Tensor, threshold: float = 0.5) -> torch.Tensor:
    """Return mean(BCE(y))."""
    return bce(logits, _hard(target, threshold))


def dice(logits: torch.Tensor, target: torch.Tensor, threshold: float = 0.5) -> torch.Tensor:
    """Return the Dice loss of p against y."""
    hard = _hard(target, threshold)
    return _dice(logits, hard, hard)


def soft_dice(logits: torch.Tensor, target: torch.Tensor, threshold: float = 0.5) -> torch.Tensor:
    """Return the Dice loss of p against t, with sum t^2 in the denominator; the threshold is not used."""
    return _dice(logits, target, target**2)


def ce_dice_boundary(logits: torch.Tensor, target: torch.Tensor, threshold: float = 0.5) -> torch.Tensor:
    """Return mean(BCE(y)) + Dice(y) + 0.01 mean(softmax(-logit, logit) * distance), the mean over both channels.

    The distance, in voxels and within the patch, runs from each background voxel to the organ in the first channel
    and from each organ voxel to the background in the second. It is 0 in a patch with a single class. The term is kept
    as published: it penalises confident voxels far from the boundary, where the boundary loss after which it is named
    (Kervadec et al. 2019, arXiv 1812.07032) has the opposite sign.
    """
    hard = _hard(target, threshold)
    distance = torch.cat([_depth(1 - hard), _depth(hard)], dim=1)
    probability = torch.softmax(torch.cat([-logits, logits], dim=1), dim=1)
    boundary = (probability * distance).mean()
    return bce(logits, hard) + _dice(logits, hard, hard) + BOUNDARY_WEIGHT * boundary


def _hard(target: torch.Tensor, threshold: float) -> torch.Tensor:
    return (target > threshold).to(target.dtype)


def _depth(mask: torch.Tensor) -> torch.Tensor:
    """Return each voxel's distance, in voxels, to the nearest voxel outside ``mask`` (B, 1, *spatial)."""
    # as_tensor: MONAI declares more types than the tensor that it returns for a tensor.
    depths = [
        torch.as_tensor(distance_transform_edt(sample)) if not sample.all() else torch.zeros_like(sample)
        for sample in mask
    ]
    return torch.stack(depths).to(mask.dtype)


def _dice(logits: torch.Tensor, target: torch.Tensor, target_size: torch.Tensor) -> torch.Tensor:
    p = logits.sigmoid()
    overlap = (p * target).sum(dim=SPATIAL)
    total = (p * p).sum(dim=SPATIAL) + target_size.sum(dim=SPATIAL) + DENOMINATOR
    return (1 - 2 * overlap / total).mean()
