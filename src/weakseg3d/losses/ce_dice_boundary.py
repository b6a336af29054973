"""Cross-entropy, Dice and a distance from the boundary."""

import torch
from monai.transforms.utils import distance_transform_edt
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from weakseg3d.losses.soft_labels import hard, squared_dice
from weakseg3d.registry.parameters import SoftTarget

BOUNDARY_WEIGHT = 0.01


def ce_dice_boundary(logits: torch.Tensor, target: SoftTarget, threshold: float = 0.5) -> torch.Tensor:
    """Return mean(BCE(y)) + Dice(y) + 0.01 mean(softmax(-logit, logit) * distance), the mean over both channels.

    The distance, in voxels and within the patch, runs from each background voxel to the organ in the first channel
    and from each organ voxel to the background in the second. It is 0 in a patch with a single class. The term is kept
    as published: it penalises confident voxels far from the boundary, where the boundary loss after which it is named
    (Kervadec et al. 2019, arXiv 1812.07032) has the opposite sign.
    """
    labels = hard(target, threshold)
    distance = torch.cat([_depth(1 - labels), _depth(labels)], dim=1)
    probability = torch.softmax(torch.cat([-logits, logits], dim=1), dim=1)
    boundary = (probability * distance).mean()
    return bce(logits, labels) + squared_dice(logits, labels, labels) + BOUNDARY_WEIGHT * boundary


def _depth(mask: torch.Tensor) -> torch.Tensor:
    """Return each voxel's distance, in voxels, to the nearest voxel outside ``mask`` (B, 1, *spatial)."""
    # as_tensor: MONAI declares more types than the tensor that it returns for a tensor.
    depths = [
        torch.as_tensor(distance_transform_edt(sample)) if not sample.all() else torch.zeros_like(sample)
        for sample in mask
    ]
    return torch.stack(depths).to(mask.dtype)
