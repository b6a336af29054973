"""Coarser axial slices on the same grid."""

import math
from typing import Annotated

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from weakseg3d.errors import UserError
from weakseg3d.images.volumes import GRID_TOLERANCE, like, long_axis
from weakseg3d.perturbations.intensities import float_array
from weakseg3d.registry.parameters import Parameter, Perturbed


def thick_slices(
    image: sitk.Image, thickness: Annotated[float, Parameter("Thickness of a slice in mm.", above=0)]
) -> Annotated[sitk.Image, Perturbed()]:
    """Return the image as if its axial slices were thicker, interpolated back to the original slices.

    The thick slices are averages along the `long_axis`. As many as fit are placed side by side around the image's
    centre. Between their centres the interpolation is linear; beyond the outermost centres, these slices are repeated.
    Raises UserError unless ``thickness`` lies between the spacing and the extent along that axis.
    """
    axis = long_axis(image)
    number, spacing = image.GetSize()[2 - axis], image.GetSpacing()[2 - axis]
    # Headers store the spacing in single precision, hence the tolerance.
    if not spacing - GRID_TOLERANCE <= thickness <= number * spacing + GRID_TOLERANCE:
        raise UserError(
            f"thickness {thickness}: must lie between the slice spacing of {spacing:g} mm and the image's extent"
            f" of {number * spacing:g} mm"
        )
    weights = _thick_slice_weights(number, spacing, thickness).astype(np.float32)
    mixed = np.tensordot(weights, float_array(image), axes=(1, axis))
    return like(np.ascontiguousarray(np.moveaxis(mixed, 0, axis)), image)


def _thick_slice_weights(number: int, spacing: float, thickness: float) -> NDArray[np.float64]:
    """Return a (``number``, ``number``) matrix: the share of each old slice (column) in each new slice (row)."""
    blocks = max(1, math.floor((number * spacing + GRID_TOLERANCE) / thickness))
    slices = (np.arange(number) - (number - 1) / 2) * spacing
    centres = (np.arange(blocks) - (blocks - 1) / 2) * thickness
    upper = np.minimum(slices + spacing / 2, centres[:, None] + thickness / 2)
    lower = np.maximum(slices - spacing / 2, centres[:, None] - thickness / 2)
    averages = np.maximum(upper - lower, 0)
    averages /= averages.sum(axis=1, keepdims=True)
    interpolation = np.column_stack([np.interp(slices, centres, unit) for unit in np.eye(blocks)])
    return interpolation @ averages
