"""How many voxels of a label map have each value."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def voxel_counts(labels: NDArray[Any]) -> NDArray[np.int64]:
    """Return how many voxels of ``labels`` (z, y, x), whole numbers, have the value 0, 1, 2 and so on.

    They are counted slice by slice, as NumPy takes eight bytes for each number that it counts.
    """
    length = int(labels.max(initial=0)) + 1
    return sum((np.bincount(each.ravel(), minlength=length) for each in labels), np.zeros(length, np.int64))
