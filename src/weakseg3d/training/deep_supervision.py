"""Deep supervision: the loss is also computed on the outputs of coarser levels."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def deep_supervision_loss(
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], outputs: torch.Tensor, target: torch.Tensor
) -> torch.Tensor:
    """Return the weighted mean of ``loss(logits, target)`` over a network's outputs, a scalar.

    ``outputs`` are logits (B, 1, z, y, x), or (B, outputs, 1, z, y, x) with the finest first, as MONAI's DynUNet
    returns them in training; ``target`` is (B, 1, z, y, x). The weights are 1, 1/2, 1/4 ..., normalised to a sum of 1,
    as in nnU-Net (doi:10.1038/s41592-020-01008-z). nnU-Net compares a coarse output with a target of the same size,
    whereas MONAI repeats each coarse logit over the voxels it covers and so compares it with all of them.
    """
    levels = heads(outputs).unbind(dim=1)
    weights = [0.5**level for level in range(len(levels))]
    losses = (w * loss(logits, target) for w, logits in zip(weights, levels, strict=True))
    return sum(losses, start=outputs.new_zeros(())) / sum(weights)


def full_resolution(outputs: torch.Tensor) -> torch.Tensor:
    """Return the finest (B, 1, z, y, x) of a network's outputs, which are those of `deep_supervision_loss`."""
    return outputs[:, 0] if outputs.ndim == 6 else outputs


def heads(outputs: torch.Tensor) -> torch.Tensor:
    """Return a network's outputs as (B, heads, 1, z, y, x), also if it has a single head."""
    return outputs if outputs.ndim == 6 else outputs[:, None]
