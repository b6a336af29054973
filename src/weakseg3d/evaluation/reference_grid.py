"""A prediction brought to the grid of its reference, so that the reference is evaluated as it was drawn."""

import numpy as np
import SimpleITK as sitk

from weakseg3d.errors import UserError

HALF = 0.5 - 1e-4
"""Where an interpolated mask is organ. The slack makes a voxel midway between organ and background organ
everywhere, whatever the rounding of a volume's geometry makes of its half."""


def mask_on_reference_grid(prediction, reference, prediction_name, reference_name):
    """Return the mask ``prediction`` (uint8, 0 or 1) on the grid of the image ``reference``, uint8.

    The mask is interpolated linearly; where it reaches one half is organ. So surfaces stay smooth and stay in
    their place, where the nearest voxel would give them steps. Beyond the prediction's volume there is no organ.
    Raises UserError when the prediction's organ lies wholly outside the reference's volume.
    """
    resampled = map_on_reference_grid(sitk.Cast(prediction, sitk.sitkFloat32), reference) >= HALF
    if not sitk.GetArrayViewFromImage(resampled).any():
        voxels = np.argwhere(sitk.GetArrayViewFromImage(prediction))[:, ::-1]
        if len(voxels) and not _inside(_physical(voxels, prediction), reference).any():
            raise UserError(
                f"{prediction_name}: all of it lies outside the volume of {reference_name};"
                " compare a prediction with the reference of the same scan"
            )
    return resampled


def map_on_reference_grid(image, reference):
    """Return a float image on the grid of the image ``reference``, interpolated linearly, 0 beyond its volume."""
    return sitk.Resample(image, reference, sitk.Transform(), sitk.sitkLinear, 0.0, image.GetPixelID())


def _physical(indices, image):
    """Return the world coordinates (n, 3) in mm of voxel ``indices`` (n, 3) in (x, y, z)."""
    axes = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    return indices @ axes.T + image.GetOrigin()


def _inside(points, image):
    """Return which of the world coordinates (n, 3) lie within the voxels of ``image``."""
    axes = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    indices = (points - image.GetOrigin()) @ np.linalg.inv(axes).T
    return ((indices >= -0.5) & (indices <= np.subtract(image.GetSize(), 0.5))).all(axis=1)
