"""DMPLS: two decoders learn from the thresholded mixture of their own predictions."""

import torch

from weakseg3d.losses.two_class import class_probabilities, mixture

SMOOTH = 1e-5


def dmpls(outputs: torch.Tensor) -> torch.Tensor:
    """Return the Dice loss of two decoders against the class of a random mixture of their probabilities.

    ``outputs`` (B, 2, 1, *spatial) are the logits of a network with two decoders; the result is a scalar, averaged over
    both. Luo et al. 2022, Dynamically Mixed Pseudo Labels Supervision (arXiv 2203.02106), with PyMIC's Dice over the
    batch.
    """
    first, second = class_probabilities(outputs[:, 0]), class_probabilities(outputs[:, -1])
    mixed = mixture(first, second, torch.rand((), device=outputs.device))
    # The background wins a tie, as the first class.
    organ = (mixed[:, 1:] > mixed[:, :1]).to(mixed.dtype)
    label = torch.cat([1 - organ, organ], dim=1)
    return (_dice_loss(first, label) + _dice_loss(second, label)) / 2


def _dice_loss(p: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
    """Return 1 - Dice over all voxels of the batch, averaged over the two classes."""
    voxels = (0, *range(2, p.ndim))
    dice = (2 * (p * label).sum(voxels) + SMOOTH) / (p.sum(voxels) + label.sum(voxels) + SMOOTH)
    return 1 - dice.mean()
