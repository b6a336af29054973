"""Losses on the voxels somebody annotated."""

import torch
from torch.nn import functional

from weakseg3d.labels import IGNORE


def partial_ce(logits, target):
    """Return the mean cross-entropy over voxels whose target is 0 or 1; voxels of `IGNORE` do not count.

    A batch without any annotated voxel gives 0 and no gradient.
    """
    known = target != IGNORE
    cross_entropy = functional.binary_cross_entropy_with_logits(
        logits, torch.where(known, target, 0.0), reduction="none"
    )
    return (cross_entropy * known).sum() / known.sum().clamp(min=1)
