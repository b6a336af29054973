"""Curves of voxels in a slice, as a graph over their eight neighbours."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

HALF_NEIGHBOURHOOD = ((0, 1), (1, -1), (1, 0), (1, 1))
"""Four of the eight neighbours; the other four give the same edges in the opposite direction."""


def pixel_graph(
    pixels: NDArray[np.bool_],
    spacing: Sequence[float] | NDArray[np.float64],
    weight: NDArray[np.float64] | None = None,
) -> csr_array:
    """Return the sparse graph (n, n) between neighbours among the n true ``pixels`` of a slice, each edge once.

    An edge costs the length of its step in mm, with ``spacing`` (rows, columns). With ``weight``, an array shaped
    like ``pixels``, it costs this length times the mean weight of its two ends.
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
