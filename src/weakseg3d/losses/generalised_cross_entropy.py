"""The generalised cross-entropy, which noisy labels disturb less."""

from typing import Annotated

import torch

from weakseg3d.losses.two_class import log_probabilities
from weakseg3d.registry.parameters import Parameter, SoftTarget


def generalised_cross_entropy(
    logits: torch.Tensor,
    target: SoftTarget,
    q: Annotated[
        float, Parameter("0 is the limit of cross-entropy, 1 the mean absolute error.", above=0, at_most=1)
    ] = 0.7,
) -> torch.Tensor:
    """Return the generalised cross-entropy against the soft label, which noise in labels disturbs less.

    It is the mean over voxels of the sum over both classes of t (1 - p^q) / q. ``logits`` are (B, 1 or 2, *spatial),
    ``target`` is (B, 1, *spatial). Zhang and Sabuncu 2018, arXiv 1805.07836.
    """
    label = torch.cat([1 - target, target], dim=1)
    return (label * (1 - torch.exp(q * log_probabilities(logits))) / q).sum(dim=1).mean()
