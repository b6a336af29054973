"""Farthest point sampling that is exact down to ties, without visiting every candidate in every step."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

BLOCK = 128
"""Number of candidates that are updated or skipped together."""

CELL_BITS = 5
"""The candidates' bounding cube is divided into 2**5 cells per axis, so that a cell's number fits into 16 bits."""


def farthest_point_sampling(candidates: ArrayLike, number: int) -> NDArray[np.int64]:
    """Return the indices (``number``,) of candidates sampled one by one, each the farthest from those before it.

    ``candidates`` is (n, 3). The first sample is the candidate farthest from the barycentre; a tie goes to the first
    candidate. If there are fewer candidates than ``number``, all are sampled. PW4MedSeg, arXiv 2403.02566.

    A new sample matters only to candidates that are nearer to it than to all earlier samples. Neighbours are
    therefore grouped in blocks. A block is skipped if its bounding box is at least as far from the new sample as any
    of its candidates is from its nearest earlier sample.
    """
    columns = np.ascontiguousarray(np.asarray(candidates, float).T)
    number = min(number, columns.shape[1])
    samples = np.zeros(number, np.int64)
    if not number:
        return samples
    samples[0] = _squared_length(columns - columns.mean(axis=1)[:, None]).argmax()

    columns = _compact(columns)
    order = _neighbours_together(columns).reshape(-1, BLOCK)
    blocks = columns.take(order, axis=1)
    low, high = blocks.min(axis=2), blocks.max(axis=2)
    nearest = np.full(order.shape, np.inf, blocks.dtype)
    farthest = nearest.max(axis=1)
    for k in range(1, number):
        point = columns[:, samples[k - 1], None]
        # Rounding is monotone: no candidate's computed distance is below that of its bounding box.
        to_box = np.maximum(np.maximum(low - point, point - high), 0)
        near = np.flatnonzero(_squared_length(to_box) < farthest)
        updated = np.minimum(nearest[near], _squared_length(blocks.take(near, axis=1) - point[:, None]))
        nearest[near] = updated
        farthest[near] = updated.max(axis=1)
        ties = np.flatnonzero(farthest == farthest.max())
        samples[k] = order[ties][nearest[ties] == farthest.max()].min()
    return samples


def _squared_length(vectors: NDArray[Any]) -> NDArray[Any]:
    dz, dy, dx = vectors
    return dz * dz + dy * dy + dx * dx


def _compact(columns: NDArray[np.float64]) -> NDArray[Any]:
    """Return grid coordinates (3, n) as float32, relative to their corner, if their squared distances fit exactly.

    Other coordinates are returned as they are.
    """
    from_corner = columns - columns.min(axis=1, keepdims=True)
    exact = (columns == np.rint(columns)).all() and _squared_length(from_corner.max(axis=1)) < 2**24
    return from_corner.astype(np.float32) if exact else columns


def _neighbours_together(columns: NDArray[Any]) -> NDArray[np.int64]:
    """Return an order of the candidates along a Z-order curve; the last one is repeated to fill the last block."""
    from_corner = columns - columns.min(axis=1, keepdims=True)
    last = 2**CELL_BITS - 1
    cells = (from_corner / (from_corner.max() or 1) * last).astype(np.uint8)
    bits = np.arange(CELL_BITS)
    spread = ((np.arange(last + 1)[:, None] >> bits & 1) << 3 * bits).sum(axis=1).astype(np.uint16)
    z, y, x = spread[cells]
    order = np.argsort(z << 2 | y << 1 | x, kind="stable")
    return np.pad(order, (0, -len(order) % BLOCK), mode="edge")
