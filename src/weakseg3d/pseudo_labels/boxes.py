"""Boxes on a grid, to which they may be oblique: their regions, the voxels inside, and the inscribed ellipsoids."""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from weakseg3d.annotations.markups import RAS_TO_LPS, Box
from weakseg3d.annotations.world import to_voxels, to_world, voxel_axes
from weakseg3d.errors import UserError
from weakseg3d.pseudo_labels.targets import RAS_LPS_HINT, Target, spanned_voxels

TOLERANCE = 1e-5
"""A voxel centre on a face of a box counts as inside; rounding in files moves a face by this share of a half size."""


def box_of_points(target: Target, image: sitk.Image) -> Box:
    """Return the `Box`, along the grid of ``image``, of the voxels spanned by the points of a seven-points target.

    Raises UserError for a target without background points.
    """
    if not len(target.background):
        raise UserError(
            "no background points to span a box; click six, one just beyond each face of the organ, or draw a box"
        )
    low, high = spanned_voxels(np.concatenate([target.organ, target.background]), image.GetSize()[::-1])
    size = (high - low + 1)[::-1] * np.array(image.GetSpacing())
    return Box(to_world((low + high) / 2, image)[0], size, np.array(image.GetDirection()).reshape(3, 3))


Located = tuple[tuple[slice, ...], NDArray[np.bool_], NDArray[np.float64]]
"""A box on a grid: its region, which voxels of the region are inside, and squared radii, 1 on the ellipsoid."""


def located(boxes: Sequence[Box], image: sitk.Image) -> Iterator[Located]:
    """Yield every box on the grid of ``image``; raise a UserError for a box without a size or without a voxel."""
    for number, box in enumerate(boxes, start=1):
        name = f"box {number}" if len(boxes) > 1 else "the box"
        if not (np.isfinite(box.size).all() and (np.asarray(box.size) > 0).all()):
            size = " x ".join(f"{side:g}" for side in box.size)
            raise UserError(f"{name} measures {size} mm; give it a size above 0 along each of its axes")
        region, inside, squared = _locate(box, image)
        if not inside.any():
            swapped = Box(box.center * RAS_TO_LPS, box.size, RAS_TO_LPS[:, None] * box.axes)
            if _locate(swapped, image)[1].any():
                raise UserError(f"{name} lies outside the image, {RAS_LPS_HINT}")
            raise UserError(f"{name} contains no voxel of the image; pass the image that was annotated")
        yield region, inside, squared


def _locate(box: Box, image: sitk.Image) -> Located:
    half = np.asarray(box.size) / 2
    center = to_voxels(box.center, image)[0]
    corners = to_voxels(box.center + np.array(list(itertools.product((-1, 1), repeat=3))) * half @ box.axes.T, image)
    low, high = spanned_voxels(corners, image.GetSize()[::-1])
    region = tuple(slice(first, last + 1) for first, last in zip(low, high, strict=True))
    # One voxel step along z, y, x in the coordinates of the box, in which its faces lie at -1 and 1.
    steps = box.axes.T @ voxel_axes(image) / half[:, None]
    z, y, x = (np.arange(first, last + 1) - c for first, last, c in zip(low, high, center, strict=True))
    inside, squared = np.ones(z.shape + y.shape + x.shape, bool), np.zeros(z.shape + y.shape + x.shape)
    for step in steps:
        along = step[0] * z[:, None, None] + step[1] * y[:, None] + step[2] * x
        inside &= np.abs(along) <= 1 + TOLERANCE
        squared += along**2
    return region, inside, squared
