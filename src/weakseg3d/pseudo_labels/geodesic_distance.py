"""The shortest path between voxels, where steps between different intensities are cheap or dear."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from weakseg3d.errors import UserError

NEIGHBOURS = [step for step in itertools.product((-1, 0, 1), repeat=3) if any(step)]
"""The steps (z, y, x) to a voxel's 26 neighbours."""

MAX_VOXELS = (2**31 - 1) // len(NEIGHBOURS)
"""Largest number of voxels, as the shortest-path search numbers its edges with 32 bits."""


def distance_from(
    image: NDArray[Any],
    seeds: NDArray[np.bool_],
    spacing: Sequence[float] | NDArray[np.float64],
    weight: float = 0.5,
) -> NDArray[np.float64]:
    """Return the exact shortest-path distance (z, y, x) to the voxels in ``seeds``, on the 26-neighbour grid.

    ``image`` (z, y, x) holds the intensities, ``seeds`` is a mask with at least one voxel, and ``spacing`` (z, y, x)
    is in mm. With w = ``weight`` and the difference of intensity dI, an edge costs
    length / ((1 - w) + w / (|dI| + 1e-5)). The raster scans of the published tool overestimate the distance.
    PA-Seg, arXiv 2208.05669, section on geodesic expansion. Raises UserError for more than `MAX_VOXELS` voxels.
    """
    if image.size > MAX_VOXELS:
        raise UserError(
            f"the box for the expansion has {image.size} voxels, more than {MAX_VOXELS}; resample the image to a"
            " coarser spacing"
        )
    graph = _graph(np.asarray(image, float), spacing, weight)
    return dijkstra(graph, indices=np.flatnonzero(seeds), min_only=True).reshape(image.shape)


def _graph(image: NDArray[np.float64], spacing: Sequence[float] | NDArray[np.float64], weight: float) -> csr_array:
    """Return the costs from every voxel to its neighbours as a sparse matrix, built slice by slice in its final form.

    The outermost voxels of the image are repeated beyond its border. A voxel on the border is therefore linked to
    itself, or twice to the same neighbour, at the full length of a step that leaves the image: such edges are never
    the shortest.
    """
    intensity = np.pad(image, 1, mode="edge")
    number = np.pad(np.arange(image.size, dtype=np.int32).reshape(image.shape), 1, mode="edge")
    heads = np.empty((*image.shape, len(NEIGHBOURS)), np.int32)
    costs = np.empty(heads.shape)
    lengths = np.sqrt(((np.array(NEIGHBOURS) * spacing) ** 2).sum(axis=1))
    ny, nx = image.shape[1:]
    for z in range(len(image)):
        for k, (dz, dy, dx) in enumerate(NEIGHBOURS):
            there = (z + 1 + dz, slice(1 + dy, 1 + dy + ny), slice(1 + dx, 1 + dx + nx))
            contrast = np.abs(intensity[there] - image[z])
            heads[z, ..., k] = number[there]
            costs[z, ..., k] = lengths[k] / ((1 - weight) + weight / (contrast + 1e-5))
    rows = np.arange(0, heads.size + 1, len(NEIGHBOURS), dtype=np.int32)
    return csr_array((costs.ravel(), heads.ravel(), rows), shape=(image.size, image.size))
