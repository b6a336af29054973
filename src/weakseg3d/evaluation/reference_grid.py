"""Resampling a prediction to the grid of its reference, so that the reference is evaluated as it was drawn."""

import os

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from weakseg3d.errors import UserError
from weakseg3d.images.resampling import map_on_reference_grid

HALF = 0.5 - 1e-4
"""Interpolated masks are organ from this value on. With the slack, a voxel midway between organ and background is
always organ, even if rounding of the volume's geometry has lowered its value slightly."""


def mask_on_reference_grid(
    prediction: sitk.Image,
    reference: sitk.Image,
    prediction_name: str | os.PathLike[str],
    reference_name: str | os.PathLike[str],
) -> sitk.Image:
    """Return the mask ``prediction`` (uint8, 0 or 1) on the grid of the image ``reference``, uint8.

    The mask is interpolated linearly and is organ where it reaches one half. This keeps surfaces smooth and in place,
    whereas nearest-neighbour interpolation would give them steps. There is no organ beyond the prediction's volume.
    Raises UserError, naming ``prediction_name`` and ``reference_name``, when the organ of the prediction lies entirely
    outside the volume of the reference.
    """
    resampled = map_on_reference_grid(sitk.Cast(prediction, sitk.sitkFloat32), reference) >= HALF
    if not sitk.GetArrayViewFromImage(resampled).any():
        voxels = np.argwhere(sitk.GetArrayViewFromImage(prediction))[:, ::-1]
        if len(voxels) and not _inside(_physical(voxels, prediction), reference).any():
            raise UserError(
                f"{prediction_name}: the organ lies entirely outside the volume of {reference_name};"
                " compare a prediction with the reference of the same scan"
            )
    return resampled


def _physical(indices: NDArray[np.integer], image: sitk.Image) -> NDArray[np.float64]:
    """Return the world coordinates (n, 3) in mm of voxel ``indices`` (n, 3) in (x, y, z)."""
    axes = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    return indices @ axes.T + image.GetOrigin()


def _inside(points: NDArray[np.float64], image: sitk.Image) -> NDArray[np.bool_]:
    """Return for each of the world coordinates (n, 3) in mm whether it lies within the voxels of ``image``, (n,)."""
    axes = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    indices = (points - image.GetOrigin()) @ np.linalg.inv(axes).T
    return ((indices >= -0.5) & (indices <= np.subtract(image.GetSize(), 0.5))).all(axis=1)
