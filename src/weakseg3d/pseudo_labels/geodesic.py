"""PA-Seg's expansion: voxels near the target's click in geodesic distance become foreground."""

import itertools

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from weakseg3d.errors import UserError
from weakseg3d.images.labels import IGNORE
from weakseg3d.pseudo_labels.merging import merged
from weakseg3d.pseudo_labels.targets import nearest_voxels, spanned_voxels

NEIGHBOURS = [step for step in itertools.product((-1, 0, 1), repeat=3) if any(step)]
"""The steps (z, y, x) to a voxel's 26 neighbours."""

MOST_VOXELS = (2**31 - 1) // len(NEIGHBOURS)
"""Shortest paths are searched with 32-bit numbers of edges."""


def geodesic_distance(image, seeds, spacing, weight=0.5):
    """Return the exact shortest-path distance (z, y, x) to the voxels in ``seeds``, on the 26-neighbour grid.

    ``image`` (z, y, x) is the intensity, ``seeds`` a mask with at least one voxel, ``spacing`` (z, y, x) in mm. An
    edge costs length / ((1 - w) + w / (|dI| + 1e-5)). The published tool's raster scans overestimate this.
    PA-Seg, arXiv 2208.05669, section on geodesic expansion. Raises UserError for more than `MOST_VOXELS` voxels.
    """
    if image.size > MOST_VOXELS:
        raise UserError(
            f"the box to expand in holds {image.size} voxels, more than {MOST_VOXELS}; resample the image to a"
            " coarser spacing"
        )
    graph = _graph(np.asarray(image, float), spacing, weight)
    return dijkstra(graph, indices=np.flatnonzero(seeds), min_only=True).reshape(image.shape)


def geodesic_label(image, targets, spacing, weight=0.5, threshold=0.2, margin=0.0, minimum="anything"):
    """Return the expanded label (z, y, x), uint8: 1 near the organ's clicks, 2 unknown, 0 outside the boxes.

    Every one of ``targets`` (`weakseg3d.pseudo_labels.targets.Target`) is expanded in the box its points span, or,
    without background points, in the box of its organ's clicks widened by ``margin`` mm. Foreground is where the
    distance is below ``threshold`` times the largest in the box; the targets are then `merged`. With ``minimum``
    "background", voxels at the lowest value of the ``image`` (z, y, x) are background, as PA-Seg has it for BraTS.
    Without targets the label is all background. Raises UserError for a target that needs a margin and has none.
    """
    label = merged((_expanded(image, target, spacing, weight, threshold, margin) for target in targets), image.shape)
    if minimum == "background":
        label[image == image.min()] = 0
    return label


def _expanded(image, target, spacing, weight, threshold, margin):
    if not len(target.background) and margin <= 0:
        raise UserError(
            "no background points round the organ, so the expansion has no box; give it a --margin above 0 mm, or"
            " annotate with seven-points"
        )
    points = np.concatenate([target.organ, target.background])
    widening = 0.0 if len(target.background) else margin / np.array(spacing)
    low, high = spanned_voxels(points, image.shape, widening)
    box = tuple(slice(first, last + 1) for first, last in zip(low, high, strict=True))
    seeds = np.zeros(image[box].shape, bool)
    seeds[nearest_voxels(target.organ - low, seeds.shape)] = True
    distance = geodesic_distance(image[box], seeds, spacing, weight)
    label = np.zeros(image.shape, np.uint8)
    # A box of one voxel has no distances, but it has the click.
    label[box] = np.where(seeds | (distance < threshold * distance.max()), 1, IGNORE)
    return label


def _graph(image, spacing, weight):
    """Return the costs from every voxel to its neighbours as a sparse matrix, built slice by slice in its final form.

    Beyond the image its outermost voxels are repeated. So a voxel there has itself, or one neighbour twice, at the
    full length of the step that leaves the image: edges that are never the shortest.
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
