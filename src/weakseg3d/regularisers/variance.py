"""Variance minimisation: voxels of one class should have similar intensities."""

import torch

from weakseg3d.losses.two_class import foreground_logit

AT_MINIMUM = 1e-5
"""Voxels whose intensity exceeds the image's minimum by at most this much are not tissue."""

MASS = 1e-19
"""Lower bound of a class's probability summed over all voxels; below it, the variance of the class tends to 0."""


def variance(logits: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
    """Return the variance of intensity within each of the two classes, which is to be small, averaged over samples.

    ``logits`` are (B, 1 or 2, *spatial), ``image`` is (B, 1, *spatial). Each variance is weighted by the probability of
    its class. The background's variance leaves out the voxels at the image's minimum, which are the air around a
    skull-stripped brain. A class without any weight has variance 0. PA-Seg, arXiv 2208.05669.
    """
    z = foreground_logit(logits)
    image = image.to(z.dtype)
    tissue = image - image.flatten(1).amin(dim=1).view(-1, *[1] * (image.ndim - 1)) > AT_MINIMUM
    background = _weighted_variance(image, torch.sigmoid(-z) * tissue)
    return (background + _weighted_variance(image, torch.sigmoid(z))).mean()


def _weighted_variance(image: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Return the weighted variance of each sample's intensity, (B, 1, 1, ...)."""
    voxels = tuple(range(1, image.ndim))
    mass = weight.sum(voxels, keepdim=True).clamp(min=MASS)
    mean = (image * weight).sum(voxels, keepdim=True) / mass
    return ((image - mean) ** 2 * weight).sum(voxels, keepdim=True) / mass
