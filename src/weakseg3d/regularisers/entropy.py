"""Entropy minimisation: predictions should be certain."""

import math

import torch

from weakseg3d.losses.two_class import class_probabilities


def entropy(logits: torch.Tensor) -> torch.Tensor:
    """Return the mean entropy of the class probabilities as a share of its maximum.

    ``logits`` are (B, 1 or 2, *spatial); the result is a scalar. The probabilities are drawn in from 0 and 1 by 0.0005,
    as in PyMIC. Grandvalet and Bengio, Semi-supervised learning by entropy minimization, NeurIPS 2004.
    """
    p = class_probabilities(logits) * 0.999 + 5e-4
    return -(p * p.log()).sum(dim=1).mean() / math.log(2)
