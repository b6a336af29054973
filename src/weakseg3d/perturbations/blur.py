"""A Gaussian blur."""

from typing import Annotated

import numpy as np
import SimpleITK as sitk
from scipy.ndimage import gaussian_filter

from weakseg3d.errors import UserError
from weakseg3d.images.volumes import like
from weakseg3d.perturbations.intensities import float_array
from weakseg3d.registry.parameters import Parameter, Perturbed


def blur(
    image: sitk.Image, sigma: Annotated[float, Parameter("Standard deviation in mm.", above=0)]
) -> Annotated[sitk.Image, Perturbed()]:
    """Return the image smoothed by a Gaussian, the same in all directions.

    The edge voxels are repeated outside. Raises UserError if ``sigma`` exceeds the largest extent of the image.
    """
    extent = max(n * s for n, s in zip(image.GetSize(), image.GetSpacing(), strict=True))
    if sigma > extent:
        raise UserError(f"sigma {sigma}: must be at most the image's extent of {extent:g} mm")
    sigmas = sigma / np.array(image.GetSpacing())[::-1]
    return like(gaussian_filter(float_array(image), sigmas, mode="nearest"), image)
