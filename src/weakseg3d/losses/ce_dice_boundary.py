"""Cross-entropy, Dice and a distance from the boundary."""

import torch
from monai.transforms.utils import distance_transform_edt
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from weakseg3d.losses.soft_labels import DENOMINATOR, SPATIAL, hard
from weakseg3d.registry.parameters import SoftTarget

BOUNDARY_WEIGHT = 0.01


def ce_dice_boundary(logits: torch.Tensor, target: SoftTarget, threshold: float = 0.5) -> torch.Tensor:
    """Return mean(BCE(t)) + 1 - 2 sum(p^2 y) / (sum p^2 + sum y) + 0.01 mean(softmax(-logit, logit) * distance).

    As in PW4MedSeg's released code, the cross-entropy is that of the soft target, and the overlap of the Dice term has
    p squared as well. The distance is `distance_map` of the target. Its term penalises confident voxels far from the
    boundary, where the boundary loss after which it is named (Kervadec et al. 2019, arXiv 1812.07032) has the opposite
    sign; it is kept as published.
    """
    labels = hard(target, threshold)
    boundary = (torch.softmax(torch.cat([-logits, logits], dim=1), dim=1) * distance_map(labels)).mean()
    return bce(logits, target) + _dice_of_squares(logits, labels) + BOUNDARY_WEIGHT * boundary


def distance_map(labels: torch.Tensor) -> torch.Tensor:
    """Return each voxel's distance, in voxels and within the patch, to the nearest voxel of the other class.

    ``labels`` are 0 and 1, (B, 1, z, y, x). The first channel of the result, (B, 2, z, y, x), holds the distances of
    the background to the organ and the second those of the organ to the background; all others are 0, and so is a patch
    with a single class.
    """
    return torch.cat([_depth(1 - labels), _depth(labels)], dim=1)


def _dice_of_squares(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    squares = logits.sigmoid() ** 2
    overlap, total = (squares * labels).sum(dim=SPATIAL), (squares + labels).sum(dim=SPATIAL)
    return (1 - 2 * overlap / (total + DENOMINATOR)).mean()


def _depth(mask: torch.Tensor) -> torch.Tensor:
    """Return each voxel's distance, in voxels, to the nearest voxel outside ``mask`` (B, 1, *spatial)."""
    # as_tensor: MONAI declares more types than the tensor that it returns for a tensor.
    depths = [
        torch.as_tensor(distance_transform_edt(sample)) if not sample.all() else torch.zeros_like(sample)
        for sample in mask
    ]
    return torch.stack(depths).to(mask.dtype)
