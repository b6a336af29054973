"""Conversion between voxel indices (z, y, x) and world coordinates (LPS, mm)."""

import numpy as np
import SimpleITK as sitk
from numpy.typing import ArrayLike, NDArray


def voxel_axes(image: sitk.Image) -> NDArray[np.float64]:
    """Return a (3, 3) matrix whose columns are the world steps in mm of one voxel along z, y and x."""
    direction = np.array(image.GetDirection()).reshape(3, 3)
    return (direction * np.array(image.GetSpacing()))[:, ::-1]


def to_world(voxels: ArrayLike, image: sitk.Image) -> NDArray[np.float64]:
    """Return the world coordinates (n, 3) of voxel indices (n, 3) in (z, y, x), whole or fractional."""
    indices = np.asarray(voxels, float).reshape(-1, 3)
    return indices @ voxel_axes(image).T + np.array(image.GetOrigin())


def to_voxels(points: ArrayLike, image: sitk.Image) -> NDArray[np.float64]:
    """Return the fractional voxel indices (n, 3) in (z, y, x) of world coordinates (n, 3)."""
    coordinates = np.asarray(points, float).reshape(-1, 3)
    return (coordinates - np.array(image.GetOrigin())) @ np.linalg.inv(voxel_axes(image)).T
