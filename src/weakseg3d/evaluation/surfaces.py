"""Distances between the surfaces of two masks, by medpy's definition, in millimetres.

A surface voxel is a voxel of the mask that has a face neighbour outside it; beyond the volume's border
everything counts as outside. Distances run between the centres of surface voxels.
"""

import numpy as np

CROWDED = 0.05
"""Share of surface voxels in a volume above which a distance map of all voxels is the faster way. An organ
stays below; above lies a noise-like prediction, which would keep a k-d tree busy for minutes."""

CROWDED_WITHIN_LIMIT = 0.2
"""The same share where distances above a limit are not asked for, which is what takes a k-d tree long."""


def bounding_box(mask):
    """Return the slices of the smallest box around the True voxels of a boolean ``mask`` (z, y, x), not empty."""
    box = ()
    for axis in range(mask.ndim):
        # What was found along the axes before leaves less to look at.
        others = tuple(other for other in range(mask.ndim) if other != axis)
        hit = np.flatnonzero(mask[box].any(axis=others))
        box += (slice(int(hit[0]), int(hit[-1]) + 1),)
    return box


def surface(mask):
    """Return the surface voxels of a boolean ``mask`` (z, y, x) as a boolean array of its shape."""
    padded = np.pad(mask, 1)
    inside = mask.copy()
    for axis in range(mask.ndim):
        for shift in (0, 2):
            window = [slice(1, -1)] * mask.ndim
            window[axis] = slice(shift, shift + mask.shape[axis])
            inside &= padded[tuple(window)]
    return mask ^ inside


def surface_distances(prediction, reference, spacing):
    """Return the distance of each surface voxel of one mask to the nearest one of the other, both ways.

    ``prediction`` and ``reference`` are boolean arrays (z, y, x), neither of them empty; ``spacing`` is
    (z, y, x) in mm. Returns two 1-D arrays in mm: from prediction to reference, from reference to prediction.
    Cut both to the `bounding_box` of their union first: no value changes, since the voxels just beyond it are
    outside the mask, as is everything beyond the volume's border.
    """
    of_prediction, of_reference = surface(prediction), surface(reference)
    return (
        nearest_distances(of_prediction, of_reference, spacing),
        nearest_distances(of_reference, of_prediction, spacing),
    )


def nearest_distances(start, target, spacing, limit=np.inf):
    """Return, for each True voxel of ``start``, the distance in mm to the nearest True voxel of ``target``.

    The result is exact and in the order of ``numpy.argwhere(start)``; ``spacing`` is (z, y, x) in mm. A distance
    of ``limit`` mm or more may be given as infinite, which saves most of the time.
    """
    crowded = CROWDED if limit == np.inf else CROWDED_WITHIN_LIMIT
    if max(np.count_nonzero(start), np.count_nonzero(target)) > crowded * start.size:
        from scipy.ndimage import distance_transform_edt  # both here: SciPy takes longest to load

        return distance_transform_edt(~target, sampling=spacing)[start]
    from scipy.spatial import KDTree

    distances = np.zeros(np.count_nonzero(start))
    apart = ~target[start]
    tree = KDTree(np.argwhere(target) * spacing, leafsize=32, balanced_tree=False)
    distances[apart] = tree.query(np.argwhere(start & ~target) * spacing, distance_upper_bound=limit)[0]
    return distances
