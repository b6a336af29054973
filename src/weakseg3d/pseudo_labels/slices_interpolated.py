"""Shape-based interpolation between annotated slices."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, distance_transform_edt

from weakseg3d.errors import UserError
from weakseg3d.images.labels import IGNORE
from weakseg3d.registry.parameters import MadeOf, Parameter, SoftLabel


def slices_interpolated(
    labels: NDArray[np.uint8],
    grid: sitk.Image,
    softness: Annotated[
        float, Parameter("Distance from the outline in mm at which the label is certain.", above=0)
    ] = 5.0,
) -> Annotated[SoftLabel, MadeOf(("slices",))]:
    """Return the signed distance to the outlines, interpolated between the annotated slices.

    The label is (z, y, x), as `interpolated_label` describes it.
    """
    return interpolated_label(labels, grid.GetSpacing()[::-1], softness)


def interpolated_label(
    labels: NDArray[np.uint8], spacing: Sequence[float] | NDArray[np.float64], softness: float = 5.0
) -> NDArray[np.float32]:
    """Return a soft label (z, y, x) in [0, 1] from a few slices that are fully annotated.

    ``labels`` (z, y, x) has the values 0, 1 and `IGNORE`; ``spacing`` (z, y, x) and ``softness`` are in mm. The
    annotated axis is the one with the most slices without `IGNORE`. On each of these slices, d is the signed in-plane
    distance to the outline, positive inside. Between neighbouring slices d is interpolated linearly; beyond the
    outermost slices it falls by the distance from them. The label is 0.5 + 0.5 * clip(d / softness, -1, 1), hence 0.5
    on the interpolated outline. Annotated voxels keep their values 0 and 1. If no slice shows the organ, the label is
    zero everywhere. Raises UserError if no slice is fully annotated. After Raya and Udupa, doi 10.1109/42.52980.
    """
    soft = np.zeros(labels.shape, np.float32)
    if not (labels == 1).any():
        return soft
    axis, annotated = _annotated_slices(labels)
    masks = np.moveaxis(labels, axis, 0)[annotated] == 1
    if masks.any():
        positions = annotated * spacing[axis]
        distances = _signed_distances(masks, positions, np.delete(spacing, axis))
        for number, target in enumerate(np.moveaxis(soft, axis, 0)):
            distance = _interpolated(distances, positions, number * spacing[axis])
            target[:] = 0.5 + 0.5 * np.clip(distance / softness, -1, 1)
    known = labels != IGNORE
    soft[known] = labels[known]
    return soft


def _annotated_slices(labels: NDArray[np.uint8]) -> tuple[int, NDArray[np.int64]]:
    """Return the axis with the most fully annotated slices, and the positions of these slices."""
    others = [tuple({0, 1, 2} - {axis}) for axis in range(3)]
    complete = [np.flatnonzero((labels != IGNORE).all(axis=plane)) for plane in others]
    axis = int(np.argmax([len(positions) for positions in complete]))
    if not len(complete[axis]):
        raise UserError(
            "no slice is fully annotated, so there are no outlines to interpolate between; annotate whole slices, or"
            " use 'scribbles-gaussian' for scribbles"
        )
    return axis, complete[axis]


def _signed_distances(
    masks: NDArray[np.bool_], positions: NDArray[np.float64], spacing: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the signed in-plane distances (n, y, x) in mm, positive inside, to the outlines of ``masks`` (n, y, x).

    A slice without an outline gets a distance in space to the other slices instead: a slice without organ the
    negative distance to the organ, a slice full of organ the distance to the background.
    """
    signed = np.stack([np.where(mask, 1, -1) * _distance_to_outline(mask, spacing) for mask in masks])
    distances = signed.copy()
    for k in np.flatnonzero(np.isinf(signed).any(axis=(1, 2))):
        sign = 1 if masks[k].all() else -1
        apart = (positions - positions[k])[:, None, None]
        distances[k] = sign * np.hypot(np.maximum(sign * signed, 0), apart).min(axis=0)
    # The distances are infinite if every voxel is organ: take the diagonal of the slices instead.
    return np.nan_to_num(distances, posinf=np.hypot(*(masks.shape[1:] * spacing)))


def _distance_to_outline(mask: NDArray[np.bool_], spacing: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distance (y, x) in mm from each pixel's centre to the outline of ``mask``; infinite without outline.

    The outline runs along the edges of pixels. Its point nearest to a centre is a corner or the middle of an edge,
    so the distance is exact on a grid that is twice as fine.
    """
    both = np.stack([mask, ~mask])
    if not both.any(axis=(1, 2)).all():
        return np.full(mask.shape, np.inf)
    fine = np.zeros((2, *(2 * n + 1 for n in mask.shape)), bool)
    fine[:, 1::2, 1::2] = both
    outline = binary_dilation(fine, np.ones((1, 3, 3))).all(axis=0)
    return distance_transform_edt(~outline, sampling=spacing / 2)[1::2, 1::2]


def _interpolated(
    distances: NDArray[np.float64], positions: NDArray[np.float64], position: float
) -> NDArray[np.float64]:
    """Return the distances (y, x) at ``position``, interpolated from those (n, y, x) at ``positions``, all in mm."""
    after = np.searchsorted(positions, position)
    if after == 0:
        return distances[0] - (positions[0] - position)
    if after == len(positions):
        return distances[-1] - (position - positions[-1])
    before = after - 1
    share = (position - positions[before]) / (positions[after] - positions[before])
    return (1 - share) * distances[before] + share * distances[after]
