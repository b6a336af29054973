"""PW4MedSeg's loss on soft pseudo labels, and its published variants (arXiv 2403.02566 and its code).

Throughout, t is the soft target, y = [t > 0.5], p = sigmoid(logit). Dice terms are taken per sample and channel,
then averaged; their sums run over the spatial axes.
"""

import torch
from torch.nn.functional import binary_cross_entropy_with_logits as bce

SPATIAL = (2, 3, 4)
DENOMINATOR = 1e-6


def weighted_ce_dice(logits, target):
    """Return mean(w BCE(y)) + Dice(y) with the confidence w = t where y = 1, else 1 - t."""
    hard = _hard(target)
    confidence = torch.where(target > 0.5, target, 1 - target)
    return (confidence * bce(logits, hard, reduction="none")).mean() + _dice(logits, hard, hard)


def soft_ce_dice(logits, target):
    """Return mean(BCE(t)) + Dice(t)."""
    return bce(logits, target) + _dice(logits, target, target)


def focal(logits, target):
    """Return mean(f BCE(y)) with f = 0.25 (1 - p)^2 where y = 1, 0.75 p^2 where y = 0."""
    hard = _hard(target)
    p = logits.sigmoid()
    factor = torch.where(target > 0.5, 0.25 * (1 - p) ** 2, 0.75 * p**2)
    return (factor * bce(logits, hard, reduction="none")).mean()


def ce(logits, target):
    """Return mean(BCE(y))."""
    return bce(logits, _hard(target))


def dice(logits, target):
    """Return the Dice loss of p against y."""
    hard = _hard(target)
    return _dice(logits, hard, hard)


def soft_dice(logits, target):
    """Return the Dice loss of p against t, with sum t^2 in the denominator."""
    return _dice(logits, target, target**2)


def _hard(target):
    return (target > 0.5).to(target.dtype)


def _dice(logits, target, target_size):
    p = logits.sigmoid()
    overlap = (p * target).sum(dim=SPATIAL)
    total = (p * p).sum(dim=SPATIAL) + target_size.sum(dim=SPATIAL) + DENOMINATOR
    return (1 - 2 * overlap / total).mean()
