"""What PW4MedSeg's losses on soft labels share (arXiv 2403.02566 and its code).

In all of them, t is the soft target, y = [t > threshold] (published: 0.5) and p = sigmoid(logit).
"""

import torch

SPATIAL = (2, 3, 4)
DENOMINATOR = 1e-6


def hard(target: torch.Tensor, threshold: float) -> torch.Tensor:
    """Return y, 1 where the ``target`` is above the ``threshold`` and 0 elsewhere."""
    return (target > threshold).to(target.dtype)


def squared_dice(logits: torch.Tensor, target: torch.Tensor, target_size: torch.Tensor) -> torch.Tensor:
    """Return 1 - 2 sum(p t) / (sum p^2 + sum ``target_size``), per sample and channel and then averaged, a scalar.

    ``logits``, ``target`` and ``target_size`` are (B, 1, z, y, x).
    """
    p = logits.sigmoid()
    overlap = (p * target).sum(dim=SPATIAL)
    total = (p * p).sum(dim=SPATIAL) + target_size.sum(dim=SPATIAL) + DENOMINATOR
    return (1 - 2 * overlap / total).mean()
