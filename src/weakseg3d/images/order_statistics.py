"""Percentiles of more values than are held at a time."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

HALF = 16
"""Bits of a float32 that are told apart in each of the two passes."""


def percentiles(parts: Iterable[NDArray[np.float32]], shares: Sequence[float]) -> list[float]:
    """Return the percentiles ``shares`` (0 to 100) of all values in ``parts``: those of `numpy.percentile`.

    ``parts`` are iterated twice. The bits of floating-point numbers are in the order of the numbers (IEEE 754), so the
    first pass counts by the upper half of the bits, and the second by the lower half where the percentiles lie.
    """
    upper = sum(np.bincount(_keys(part) >> HALF, minlength=1 << HALF) for part in parts)
    ends = np.cumsum(upper)
    places = [share / 100 * (int(ends[-1]) - 1) for share in shares]
    ranks = sorted({rank for place in places for rank in (int(np.floor(place)), int(np.ceil(place)))})
    halves = np.searchsorted(ends, ranks, side="right")
    lower = {int(half): np.zeros(1 << HALF, np.int64) for half in halves}
    for part in parts:
        keys = _keys(part)
        for half, counts in lower.items():
            counts += np.bincount(keys[keys >> HALF == half] & (1 << HALF) - 1, minlength=1 << HALF)
    before = ends - upper
    values = {
        rank: _value((int(half) << HALF) + int(np.searchsorted(np.cumsum(lower[half]), rank - before[half], "right")))
        for rank, half in zip(ranks, halves.tolist(), strict=True)
    }
    return [float(np.interp(place, ranks, [values[rank] for rank in ranks])) for place in places]


def _keys(part: NDArray[np.float32]) -> NDArray[np.uint32]:
    """Return whole numbers in the order of the values: all bits of negative ones are flipped, of others the sign."""
    bits = np.ascontiguousarray(part, np.float32).ravel().view(np.uint32)
    return np.where(bits >> 31, ~bits, bits | np.uint32(1 << 31))


def _value(key: int) -> float:
    bits = key ^ (1 << 31) if key >> 31 else key ^ 0xFFFFFFFF
    return float(np.uint32(bits).view(np.float32))
