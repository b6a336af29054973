"""Shape-based interpolation between annotated slices."""

import numpy as np
from scipy.ndimage import binary_dilation, distance_transform_edt

from weakseg3d.errors import UserError
from weakseg3d.images.labels import IGNORE


def interpolated_label(labels, spacing, softness=5.0):
    """Return a soft label (z, y, x), float32 in [0, 1], from a few slices that are annotated throughout.

    ``labels`` (z, y, x) is 0, 1 and `IGNORE`, ``spacing`` (z, y, x) and ``softness`` are in mm. The annotated axis is
    the one with most slices without `IGNORE`. Each of these has its signed distance d to the outline in the slice,
    positive inside; d is interpolated linearly between neighbouring slices, and beyond the outermost it falls by the
    distance from them. The label is 0.5 + 0.5 * clip(d / softness, -1, 1), so 0.5 on the interpolated outline;
    annotated voxels keep their 0 or 1. Where no slice shows the organ the label is zero. Raises UserError where no
    slice is annotated throughout. After Raya and Udupa, doi 10.1109/42.52980.
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


def _annotated_slices(labels):
    """Return the axis along which most slices are annotated throughout, and their positions."""
    others = [tuple({0, 1, 2} - {axis}) for axis in range(3)]
    complete = [np.flatnonzero((labels != IGNORE).all(axis=plane)) for plane in others]
    axis = int(np.argmax([len(positions) for positions in complete]))
    if not len(complete[axis]):
        raise UserError(
            "no slice is annotated throughout, so there are no outlines to interpolate between; fill whole slices, or"
            " make 'scribbles-gaussian' of scribbles"
        )
    return axis, complete[axis]


def _signed_distances(masks, positions, spacing):
    """Return in mm the signed in-plane distance (n, y, x), positive inside, to the outlines of ``masks`` (n, y, x).

    A slice without an outline has instead the distance in space to what it lacks in the other slices: one without
    organ minus that to the organ, one full of organ that to the outside.
    """
    signed = np.stack([np.where(mask, 1, -1) * _distance_to_outline(mask, spacing) for mask in masks])
    distances = signed.copy()
    for k in np.flatnonzero(np.isinf(signed).any(axis=(1, 2))):
        sign = 1 if masks[k].all() else -1
        apart = (positions - positions[k])[:, None, None]
        distances[k] = sign * np.hypot(np.maximum(sign * signed, 0), apart).min(axis=0)
    # Organ in every voxel of every slice: farther from any outline than the slices are wide.
    return np.nan_to_num(distances, posinf=np.hypot(*(masks.shape[1:] * spacing)))


def _distance_to_outline(mask, spacing):
    """Return in mm the distance (y, x) from each pixel's centre to the outline of ``mask``; infinite without one.

    The outline runs along the edges of pixels. Its point nearest to a centre is the middle of an edge or a corner,
    so on a grid twice as fine the distance is exact.
    """
    both = np.stack([mask, ~mask])
    if not both.any(axis=(1, 2)).all():
        return np.full(mask.shape, np.inf)
    fine = np.zeros((2, *(2 * n + 1 for n in mask.shape)), bool)
    fine[:, 1::2, 1::2] = both
    outline = binary_dilation(fine, np.ones((1, 3, 3))).all(axis=0)
    return distance_transform_edt(~outline, sampling=spacing / 2)[1::2, 1::2]


def _interpolated(distances, positions, position):
    """Return the distances (y, x) at ``position`` from those (n, y, x) at ``positions``, all in mm."""
    after = np.searchsorted(positions, position)
    if after == 0:
        return distances[0] - (positions[0] - position)
    if after == len(positions):
        return distances[-1] - (position - positions[-1])
    before = after - 1
    share = (position - positions[before]) / (positions[after] - positions[before])
    return (1 - share) * distances[before] + share * distances[after]
