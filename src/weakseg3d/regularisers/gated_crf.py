"""The gated CRF as PA-Seg adds it to its loss: on all views, at half the resolution in plane."""

from typing import Annotated

import torch

from weakseg3d.registry.parameters import Parameter
from weakseg3d.regularisers.multi_view_crf import halve_in_plane, multi_view_gated_crf


def gated_crf(
    logits: torch.Tensor,
    image: torch.Tensor,
    radius: Annotated[
        int, Parameter("Radius of the neighbourhood in voxels, at half the resolution in plane.", at_least=1)
    ] = 5,
    sigma_xy: Annotated[float, Parameter("Reach in voxels, at half the resolution in plane.", above=0)] = 6.0,
    sigma_intensity: Annotated[float, Parameter("Tolerated difference of intensity.", above=0)] = 0.1,
) -> torch.Tensor:
    """Return PA-Seg's multi-view gated CRF: neighbours of similar intensity should have the same class.

    ``logits`` are (B, 1 or 2, z, y, x), ``image`` is (B, 1, z, y, x) with zero mean and unit variance; the result is a
    scalar. arXiv 2208.05669, after Obukhov et al. 2019 (arXiv 1906.04651).
    """
    return multi_view_gated_crf(halve_in_plane(logits), halve_in_plane(image), radius, sigma_xy, sigma_intensity)
