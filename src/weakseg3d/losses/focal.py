"""The focal loss against the thresholded label."""

import torch
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from weakseg3d.losses.soft_labels import hard
from weakseg3d.registry.parameters import SoftTarget


def focal(logits: torch.Tensor, target: SoftTarget, threshold: float = 0.5) -> torch.Tensor:
    """Return the focal loss mean(f BCE(y)) with f = 0.25 (1 - p)^2 where y = 1 and 0.75 p^2 where y = 0.

    ``logits`` and ``target`` are (B, 1, z, y, x); the result is a scalar. A variant of PW4MedSeg, arXiv 2403.02566.
    """
    p = logits.sigmoid()
    factor = torch.where(target > threshold, 0.25 * (1 - p) ** 2, 0.75 * p**2)
    return (factor * bce(logits, hard(target, threshold), reduction="none")).mean()
