"""Between voxel indices (z, y, x) and world coordinates (LPS, mm)."""

import numpy as np


def voxel_axes(image):
    """Return (3, 3): the world step in mm of one voxel along z, y, x, as columns."""
    direction = np.array(image.GetDirection()).reshape(3, 3)
    return (direction * np.array(image.GetSpacing()))[:, ::-1]


def to_world(voxels, image):
    """Return the world coordinates (n, 3) of voxel indices (n, 3) in (z, y, x), whole or fractional."""
    voxels = np.asarray(voxels, float).reshape(-1, 3)
    return voxels @ voxel_axes(image).T + np.array(image.GetOrigin())


def to_voxels(points, image):
    """Return fractional voxel indices (n, 3) in (z, y, x) of world coordinates (n, 3)."""
    points = np.asarray(points, float).reshape(-1, 3)
    return (points - np.array(image.GetOrigin())) @ np.linalg.inv(voxel_axes(image)).T
