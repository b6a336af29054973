"""Connected components in order of their size."""

import numpy as np
from scipy import ndimage


def connected_components(array):
    """Return labels (z, y, x) of the components of a boolean array over 26 neighbours, and their sizes in voxels.

    Component 1 is the largest; of components of one size the first in the array's order comes first.
    """
    labels, number = ndimage.label(array, np.ones((3, 3, 3)))
    sizes = np.bincount(labels.ravel(), minlength=number + 1)[1:]
    order = np.argsort(-sizes, kind="stable")
    ranks = np.zeros(number + 1, labels.dtype)
    ranks[order + 1] = np.arange(1, number + 1)
    return ranks[labels], sizes[order]
