"""Connected components, ordered by size."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from weakseg3d.images.voxel_counts import voxel_counts


def connected_components(array: NDArray[np.bool_]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the component labels (z, y, x) of a boolean array over 26 neighbours, and the sizes in voxels.

    Component 1 is the largest. Components of the same size keep their order in the array.
    """
    labels, number = ndimage.label(array, np.ones((3, 3, 3)))
    sizes = voxel_counts(labels)[1:]
    order = np.argsort(-sizes, kind="stable")
    ranks = np.zeros(number + 1, labels.dtype)
    ranks[order + 1] = np.arange(1, number + 1)
    return ranks[labels], sizes[order]
