"""Farthest point sampling, exact to the tie, without a look at every candidate in every step."""

import numpy as np

BLOCK = 128
"""Candidates that are updated or passed over together."""

CELL_BITS = 5
"""The candidates' bounding cube is cut into 2**5 cells per axis, so that a cell's number fits 16 bits."""


def farthest_point_sampling(candidates, number):
    """Return the indices (``number``,) of candidates chosen one after the other, each farthest from the chosen.

    ``candidates`` is (n, 3). The first is the candidate farthest from the barycentre; ties go to the first
    candidate. With fewer candidates than ``number`` all are chosen. PW4MedSeg, arXiv 2403.02566.

    A new choice matters only to candidates nearer to it than to all earlier choices. So neighbours are kept in
    blocks, and a block whose bounding box is farther from the new choice than that is passed over.
    """
    columns = np.ascontiguousarray(np.asarray(candidates, float).T)
    number = min(number, columns.shape[1])
    chosen = np.zeros(number, np.int64)
    if not number:
        return chosen
    chosen[0] = _squared_length(columns - columns.mean(axis=1)[:, None]).argmax()

    columns = _compact(columns)
    order = _neighbours_together(columns).reshape(-1, BLOCK)
    blocks = columns.take(order, axis=1)
    low, high = blocks.min(axis=2), blocks.max(axis=2)
    nearest = np.full(order.shape, np.inf, blocks.dtype)
    farthest = nearest.max(axis=1)
    for k in range(1, number):
        point = columns[:, chosen[k - 1], None]
        # Rounding is monotone: no candidate's distance is computed to be below that of its bounding box.
        to_box = np.maximum(np.maximum(low - point, point - high), 0)
        near = np.flatnonzero(_squared_length(to_box) < farthest)
        updated = np.minimum(nearest[near], _squared_length(blocks.take(near, axis=1) - point[:, None]))
        nearest[near] = updated
        farthest[near] = updated.max(axis=1)
        ties = np.flatnonzero(farthest == farthest.max())
        chosen[k] = order[ties][nearest[ties] == farthest.max()].min()
    return chosen


def _squared_length(vectors):
    dz, dy, dx = vectors
    return dz * dz + dy * dy + dx * dx


def _compact(columns):
    """Return grid coordinates (3, n) counted from their corner as float32 if their squared distances fit exactly."""
    from_corner = columns - columns.min(axis=1, keepdims=True)
    exact = (columns == np.rint(columns)).all() and _squared_length(from_corner.max(axis=1)) < 2**24
    return from_corner.astype(np.float32) if exact else columns


def _neighbours_together(columns):
    """Return an order of the candidates along a Z-order curve, its last repeated until the blocks are full."""
    from_corner = columns - columns.min(axis=1, keepdims=True)
    last = 2**CELL_BITS - 1
    cells = (from_corner / (from_corner.max() or 1) * last).astype(np.uint8)
    bits = np.arange(CELL_BITS)
    spread = ((np.arange(last + 1)[:, None] >> bits & 1) << 3 * bits).sum(axis=1).astype(np.uint16)
    z, y, x = spread[cells]
    order = np.argsort(z << 2 | y << 1 | x, kind="stable")
    return np.pad(order, (0, -len(order) % BLOCK), mode="edge")
