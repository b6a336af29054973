"""Cross-entropy on the annotated voxels, of every head of a network alike."""

import torch

from weakseg3d.losses.partial_ce import partial_ce
from weakseg3d.registry.parameters import SparseTarget


def partial_ce_of_heads(outputs: torch.Tensor, target: SparseTarget) -> torch.Tensor:
    """Return the mean cross-entropy over the annotated voxels and over all heads of the network, which count alike.

    ``outputs`` are logits (B, heads, 1, *spatial), ``target`` is (B, 1, *spatial); the result is a scalar.
    """
    return torch.stack([partial_ce(logits, target) for logits in outputs.unbind(dim=1)]).mean()
