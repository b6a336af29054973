"""The points of an annotation on the grid of an image."""

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from weakseg3d.annotations.markups import RAS_TO_LPS, Annotation
from weakseg3d.annotations.world import to_voxels
from weakseg3d.errors import UserError

ROUNDING = 1e-3
"""Distance in voxels by which a point may miss a whole index because files round its coordinates."""

RAS_LPS_HINT = (
    "but inside it with the signs of x and y swapped: the file mixes up RAS and LPS; correct its coordinateSystem"
)
"""End of the message about points or boxes that lie inside the image only if read in the other system."""


@dataclass(frozen=True)
class Target:
    """The clicks of a target on ``organ`` and ``background``: (n, 3) fractional voxel indices (z, y, x)."""

    organ: NDArray[np.float64]
    background: NDArray[np.float64]


def targets_on(annotation: Annotation, image: sitk.Image) -> list[Target]:
    """Return each `Target` of a markups ``annotation`` on the grid of ``image``.

    Raises UserError for points outside the image, which ends half a voxel beyond its outermost voxel centres.
    """
    targets = [
        Target(*(to_voxels(target.get(name, ()), image) for name in ("organ", "background")))
        for target in annotation.targets
    ]
    points = np.concatenate([np.zeros((0, 3)), *(points for t in targets for points in (t.organ, t.background))])
    outside = np.count_nonzero(~_inside(points, image))
    if outside:
        subject = "1 point lies" if outside == 1 else f"{outside} points lie"
        swapped = np.concatenate([annotation.points_of(name) for name in ("organ", "background")]) * RAS_TO_LPS
        if _inside(to_voxels(swapped, image), image).all():
            raise UserError(f"{subject} outside the image, {RAS_LPS_HINT}")
        raise UserError(f"{subject} outside the image; pass the image that was annotated")
    return targets


def nearest_voxels(points: NDArray[np.float64], shape: tuple[int, ...]) -> tuple[NDArray[np.int64], ...]:
    """Return an index into arrays of ``shape`` that selects the voxels nearest to ``points`` (n, 3)."""
    return tuple(np.clip(np.round(points), 0, np.array(shape) - 1).astype(int).T)


def spanned_voxels(
    points: NDArray[np.float64], shape: tuple[int, ...], margin: float | NDArray[np.float64] = 0.0
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first and the last voxel (z, y, x) of the box, along the grid, that contains ``points`` (n, 3).

    The box is widened by ``margin`` (in voxels, one number or one per axis) on each side and clipped to ``shape``.
    """
    top = np.array(shape) - 1
    low = np.floor(points.min(axis=0) - margin + ROUNDING).astype(int)
    high = np.ceil(points.max(axis=0) + margin - ROUNDING).astype(int)
    return np.clip(low, 0, top), np.clip(high, 0, top)


def _inside(points: NDArray[np.float64], image: sitk.Image) -> NDArray[np.bool_]:
    edge = 0.5 + ROUNDING
    last = np.array(image.GetSize())[::-1] - 1
    return np.all((points >= -edge) & (points <= last + edge), axis=1)
