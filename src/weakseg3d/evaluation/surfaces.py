"""Distances between the surfaces of two masks, as defined by medpy, in millimetres.

A surface voxel is a voxel of the mask that has a face neighbour outside the mask; everything beyond the volume's border
counts as outside. Distances run between the centres of surface voxels.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

CROWDED = 0.05
"""Share of surface voxels in a volume above which a distance map of all voxels is faster than a k-d tree. Organs stay
below it; above it are noise-like predictions, for which a k-d tree would take minutes."""

CROWDED_WITHIN_LIMIT = 0.2
"""The same share if distances above a limit are not needed, which are those that a k-d tree is slow to find."""


def bounding_box(mask: NDArray[np.bool_]) -> tuple[slice, ...]:
    """Return the slices of the smallest box around the True voxels of ``mask`` (z, y, x), which must not be empty."""
    box: tuple[slice, ...] = ()
    for axis in range(mask.ndim):
        # The limits along the previous axes reduce the voxels to examine.
        others = tuple(other for other in range(mask.ndim) if other != axis)
        occupied = np.flatnonzero(mask[box].any(axis=others))
        box += (slice(int(occupied[0]), int(occupied[-1]) + 1),)
    return box


def surface(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the surface voxels of ``mask`` (z, y, x) as an array of the same shape."""
    padded = np.pad(mask, 1)
    inside = mask.copy()
    for axis in range(mask.ndim):
        for shift in (0, 2):
            window = [slice(1, -1)] * mask.ndim
            window[axis] = slice(shift, shift + mask.shape[axis])
            inside &= padded[tuple(window)]
    return mask ^ inside


def surface_distances(
    prediction: NDArray[np.bool_], reference: NDArray[np.bool_], spacing: Sequence[float] | NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the distance from each surface voxel of one mask to the nearest surface voxel of the other, both ways.

    ``prediction`` and ``reference`` are arrays (z, y, x), neither of them empty; ``spacing`` is (z, y, x) in mm.
    Returns two 1-D arrays in mm: from prediction to reference, and from reference to prediction.
    To save time, cut both masks to the `bounding_box` of their union first. This changes no value, since the voxels
    just outside the box are outside both masks, as is everything beyond the volume's border.
    """
    prediction_surface, reference_surface = surface(prediction), surface(reference)
    return (
        nearest_distances(prediction_surface, reference_surface, spacing),
        nearest_distances(reference_surface, prediction_surface, spacing),
    )


def nearest_distances(
    start: NDArray[np.bool_],
    target: NDArray[np.bool_],
    spacing: Sequence[float] | NDArray[np.floating],
    limit: float = np.inf,
) -> NDArray[np.float64]:
    """Return, for each True voxel of ``start``, the distance in mm to the nearest True voxel of ``target``.

    The result is exact and in the order of ``numpy.argwhere(start)``; ``spacing`` is (z, y, x) in mm. Distances of
    ``limit`` mm or more may be returned as infinite, which saves most of the time.
    """
    crowded = CROWDED if limit == np.inf else CROWDED_WITHIN_LIMIT
    if max(np.count_nonzero(start), np.count_nonzero(target)) > crowded * start.size:
        from scipy.ndimage import distance_transform_edt  # imported here, like KDTree, because SciPy is slow to load

        return distance_transform_edt(~target, sampling=spacing)[start]
    from scipy.spatial import KDTree

    distances = np.zeros(np.count_nonzero(start))
    not_in_target = ~target[start]
    tree = KDTree(np.argwhere(target) * spacing, leafsize=32, balanced_tree=False)
    distances[not_in_target] = tree.query(np.argwhere(start & ~target) * spacing, distance_upper_bound=limit)[0]
    return distances
