"""Cross-entropy against the thresholded label."""

import torch
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from weakseg3d.losses.soft_labels import hard
from weakseg3d.registry.parameters import SoftTarget


def ce(logits: torch.Tensor, target: SoftTarget, threshold: float = 0.5) -> torch.Tensor:
    """Return the cross-entropy mean(BCE(y)) against the thresholded label.

    ``logits`` and ``target`` are (B, 1, z, y, x); the result is a scalar. A variant of PW4MedSeg, arXiv 2403.02566.
    """
    return bce(logits, hard(target, threshold))
