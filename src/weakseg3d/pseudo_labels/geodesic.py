"""PA-Seg's expansion: voxels near the target's click in geodesic distance become foreground."""

import itertools

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from weakseg3d.labels import IGNORE

HALF_NEIGHBOURHOOD = [step for step in itertools.product((-1, 0, 1), repeat=3) if step > (0, 0, 0)]
"""13 of the 26 neighbours; the others are the same edges walked the other way."""


def geodesic_distance(image, seeds, spacing, weight=0.5):
    """Return the exact shortest-path distance (z, y, x) to the voxels in ``seeds``, on the 26-neighbour grid.

    ``image`` (z, y, x) is the intensity, ``seeds`` a mask, ``spacing`` (z, y, x) in mm. An edge costs
    length / ((1 - w) + w / (|dI| + 1e-5)). The published tool's raster scans overestimate this.
    PA-Seg, arXiv 2208.05669, section on geodesic expansion.
    """
    image = np.asarray(image, float)
    index = np.arange(image.size, dtype=np.int32).reshape(image.shape)
    tails, heads, costs = [], [], []
    for step in HALF_NEIGHBOURHOOD:
        here, there = _shifted(step)
        length = np.sqrt(sum((d * s) ** 2 for d, s in zip(step, spacing, strict=True)))
        contrast = np.abs(image[there] - image[here]).ravel()
        tails.append(index[here].ravel())
        heads.append(index[there].ravel())
        costs.append(length / ((1 - weight) + weight / (contrast + 1e-5)))
    edges = (np.concatenate(costs), (np.concatenate(tails), np.concatenate(heads)))
    graph = coo_array(edges, shape=(image.size, image.size)).tocsr()
    distance = dijkstra(graph, directed=False, indices=np.flatnonzero(seeds), min_only=True)
    return distance.reshape(image.shape)


def geodesic_label(image, organ, background, spacing, weight=0.5, threshold=0.2):
    """Return the expanded label (z, y, x), uint8: 1 near the organ's click, 2 unknown, 0 outside the box.

    ``organ`` and ``background`` are fractional voxel indices (n, 3); the box is the one all points span.
    Foreground is where the distance is below ``threshold`` times the largest in the box. Without points the
    label is all background.
    """
    label = np.zeros(image.shape, np.uint8)
    if not len(organ):
        return label
    points = np.concatenate([organ, background])
    top = np.array(image.shape) - 1
    low = np.clip(np.floor(points.min(axis=0)).astype(int), 0, top)
    high = np.clip(np.ceil(points.max(axis=0)).astype(int), 0, top)
    box = tuple(slice(a, b + 1) for a, b in zip(low, high, strict=True))
    seeds = np.zeros(image[box].shape, bool)
    seeds[tuple((np.clip(np.round(organ).astype(int), low, high) - low).T)] = True
    distance = geodesic_distance(image[box], seeds, spacing, weight)
    label[box] = np.where(distance < threshold * distance.max(), 1, IGNORE)
    return label


def _shifted(step):
    """Return the index of all voxels that have a neighbour at ``step``, and of those neighbours."""
    here = tuple(slice(max(0, -d), min(0, -d) or None) for d in step)
    there = tuple(slice(max(0, d), min(0, d) or None) for d in step)
    return here, there
