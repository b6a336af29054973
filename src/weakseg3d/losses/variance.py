"""Variance minimisation: voxels of one class look alike."""

import torch

from weakseg3d.losses.two_class import foreground_logit

AT_MINIMUM = 1e-5
"""Voxels whose intensity is at most this much above the image's minimum belong to no tissue."""

MASS = 1e-19
"""A class with less probability than this, summed over all voxels, counts less and less, down to 0."""


def variance_minimization(logits, image):
    """Return the variance of intensity in the background plus that in the foreground, the mean over samples.

    ``logits`` (B, 1 or 2, *spatial), ``image`` (B, 1, *spatial). Each variance is weighted by the probability of its
    class; that of the background leaves out the voxels at the image's minimum, the air round a skull-stripped
    brain. A class without any weight has variance 0. PA-Seg, arXiv 2208.05669.
    """
    z = foreground_logit(logits)
    image = image.to(z.dtype)
    tissue = image - image.flatten(1).amin(dim=1).view(-1, *[1] * (image.ndim - 1)) > AT_MINIMUM
    return (_variance(image, torch.sigmoid(-z) * tissue) + _variance(image, torch.sigmoid(z))).mean()


def _variance(image, weight):
    """Return the weighted variance of each sample's intensity, (B, 1, 1, ...)."""
    voxels = tuple(range(1, image.ndim))
    mass = weight.sum(voxels, keepdim=True).clamp(min=MASS)
    mean = (image * weight).sum(voxels, keepdim=True) / mass
    return ((image - mean) ** 2 * weight).sum(voxels, keepdim=True) / mass
