"""Distances between the surfaces of two masks, by medpy's definition, in millimetres.

A surface voxel is a voxel of the mask that has a face neighbour outside it; beyond the volume's border
everything counts as outside. Distances run between the centres of surface voxels.
"""

import numpy as np
from scipy.ndimage import binary_erosion, distance_transform_edt, find_objects

CROWDED = 0.05
"""Share of surface voxels in a volume above which a distance map of all voxels is the faster way. An organ
stays below; above lies a noise-like prediction, which would keep a k-d tree busy for minutes."""


def surface(mask):
    """Return the surface voxels of a boolean ``mask`` as a boolean array of its shape."""
    return mask ^ binary_erosion(mask)


def surface_distances(prediction, reference, spacing):
    """Return the distance of each surface voxel of one mask to the nearest one of the other, both ways.

    ``prediction`` and ``reference`` are boolean arrays (z, y, x), neither of them empty; ``spacing`` is
    (z, y, x) in mm. Returns two 1-D arrays in mm: from prediction to reference, from reference to prediction.
    Only the box around both masks is looked at. That changes no value: the voxels just beyond a box are
    outside the mask, as is everything beyond the volume's border.
    """
    box = find_objects((prediction | reference).view(np.uint8), max_label=1)[0]
    of_prediction, of_reference = surface(prediction[box]), surface(reference[box])
    return (
        nearest_distances(of_prediction, of_reference, spacing),
        nearest_distances(of_reference, of_prediction, spacing),
    )


def nearest_distances(start, target, spacing):
    """Return, for each True voxel of ``start``, the distance in mm to the nearest True voxel of ``target``.

    The result is exact and in the order of ``numpy.argwhere(start)``; ``spacing`` is (z, y, x) in mm.
    """
    if max(np.count_nonzero(start), np.count_nonzero(target)) > CROWDED * start.size:
        return distance_transform_edt(~target, sampling=spacing)[start]
    from scipy.spatial import KDTree  # here, since it adds 0.1 s to the start and small organs do without

    tree = KDTree(np.argwhere(target) * spacing)
    return tree.query(np.argwhere(start) * spacing)[0]
