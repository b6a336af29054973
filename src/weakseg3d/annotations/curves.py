"""Curves of voxels in a slice, as a graph over their eight neighbours."""

import numpy as np
from scipy.sparse import coo_array

HALF_NEIGHBOURHOOD = ((0, 1), (1, -1), (1, 0), (1, 1))
"""Four of the eight neighbours; the others are the same edges walked the other way."""


def pixel_graph(pixels, spacing, weight=None):
    """Return the graph (n, n), sparse, each edge once, between neighbours among the n true ``pixels`` of a slice.

    An edge is as long as its step in mm, by ``spacing`` (rows, columns). With ``weight``, an array like ``pixels``, it
    costs its length times the mean weight of its two ends.
    """
    index = np.full(pixels.shape, -1, np.int32)
    index[pixels] = np.arange(np.count_nonzero(pixels), dtype=np.int32)
    tails, heads, costs = [], [], []
    for step in HALF_NEIGHBOURHOOD:
        here = tuple(slice(max(0, -d), min(0, -d) or None) for d in step)
        there = tuple(slice(max(0, d), min(0, d) or None) for d in step)
        joined = pixels[here] & pixels[there]
        length = np.hypot(*np.multiply(step, spacing))
        tails.append(index[here][joined])
        heads.append(index[there][joined])
        if weight is None:
            costs.append(np.full(len(tails[-1]), length))
        else:
            costs.append(length * (weight[here] + weight[there])[joined] / 2)
    number = np.count_nonzero(pixels)
    edges = (np.concatenate(costs), (np.concatenate(tails), np.concatenate(heads)))
    return coo_array(edges, shape=(number, number)).tocsr()
