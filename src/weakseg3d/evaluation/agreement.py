"""How well two segmentations of the same case agree: two annotators', or two models'."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from weakseg3d.images.labels import IGNORE


def agreement(first: NDArray[Any], second: NDArray[Any], threshold: float = 0.5) -> float:
    """Return the Dice coefficient of two masks, pseudo labels or soft maps (z, y, x) of one shape.

    Values above ``threshold`` are the organ. Only voxels that both know count: `IGNORE` is unknown. NaN if neither has
    a voxel of the organ there. The coefficient is symmetric, so neither of the two is a reference.
    """
    known = (first != IGNORE) & (second != IGNORE)
    inside, other = (first > threshold) & known, (second > threshold) & known
    total = np.count_nonzero(inside) + np.count_nonzero(other)
    return 2 * np.count_nonzero(inside & other) / total if total else float("nan")
