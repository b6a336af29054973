"""The points of an annotation on the grid of an image."""

from dataclasses import dataclass

import numpy as np

from weakseg3d.annotations.markups import RAS_TO_LPS
from weakseg3d.annotations.world import to_voxels
from weakseg3d.errors import UserError

ROUNDING = 1e-3
"""Voxels by which a point may miss a whole index because files round its coordinates."""

IN_RAS = "but inside it with the signs of x and y turned: the file mixes up RAS and LPS, correct its coordinateSystem"
"""What to say of points or boxes outside the image that, read in the other system, lie inside."""


@dataclass(frozen=True)
class Target:
    """An annotated target: its clicks on ``organ`` and ``background``, (n, 3) fractional voxel indices (z, y, x)."""

    organ: np.ndarray
    background: np.ndarray


def targets_on(annotation, image):
    """Return the `Target` s of a markups ``annotation`` on the grid of ``image``.

    Raises UserError for points outside the image; half a voxel beyond its outermost voxel centres is still inside.
    """
    targets = [
        Target(*(to_voxels(target.get(name, ()), image) for name in ("organ", "background")))
        for target in annotation.targets
    ]
    points = np.concatenate([np.zeros((0, 3)), *(points for t in targets for points in (t.organ, t.background))])
    outside = np.count_nonzero(~_inside(points, image))
    if outside:
        turned = np.concatenate([annotation.of(name) for name in ("organ", "background")]) * RAS_TO_LPS
        if _inside(to_voxels(turned, image), image).all():
            raise UserError(f"{outside} points lie outside the image, {IN_RAS}")
        raise UserError(f"{outside} points lie outside the image; is it the image that was annotated?")
    return targets


def nearest_voxels(points, shape):
    """Return the index into arrays of ``shape`` of the voxels nearest to ``points`` (n, 3)."""
    return tuple(np.clip(np.round(points), 0, np.array(shape) - 1).astype(int).T)


def spanned_voxels(points, shape, margin=0.0):
    """Return the first and the last voxel (z, y, x) of the box along the grid that holds ``points`` (n, 3).

    The box is widened by ``margin``, in voxels, on each side, then cut to the image of that ``shape``.
    """
    top = np.array(shape) - 1
    low = np.floor(points.min(axis=0) - margin + ROUNDING).astype(int)
    high = np.ceil(points.max(axis=0) + margin - ROUNDING).astype(int)
    return np.clip(low, 0, top), np.clip(high, 0, top)


def _inside(points, image):
    edge = 0.5 + ROUNDING
    return ((points >= -edge) & (points <= np.array(image.GetSize())[::-1] - 1 + edge)).all(axis=1)
