"""Cross-entropy on the annotated voxels alone."""

import torch
from torch.nn import functional

from weakseg3d.images.labels import IGNORE
from weakseg3d.registry.parameters import SparseTarget


def partial_ce(logits: torch.Tensor, target: SparseTarget) -> torch.Tensor:
    """Return the mean cross-entropy over the annotated voxels; those with `IGNORE` are left out.

    ``logits`` and ``target`` are (B, 1, *spatial); the result is a scalar. A batch without any annotated voxel gives 0
    and no gradient.
    """
    known = target != IGNORE
    cross_entropy = functional.binary_cross_entropy_with_logits(
        logits, torch.where(known, target, 0.0), reduction="none"
    )
    return (cross_entropy * known).sum() / known.sum().clamp(min=1)
