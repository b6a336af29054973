"""Merging of several targets into one sparse label map."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def merged(labels: Iterable[NDArray[np.uint8]], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return one label map (z, y, x) merged from several ``labels`` with values 0, 1 and 2 on a grid of ``shape``.

    A voxel is organ if any of the labels marks it as organ, background if all mark it as background, and otherwise
    unknown. Without any labels, all voxels are background. As in PA-Seg's public code for several tumours in a scan,
    arXiv 2208.05669.
    """
    result = np.zeros(shape, np.uint8)
    for label in labels:
        organ = (result == 1) | (label == 1)
        np.maximum(result, label, out=result)
        result[organ] = 1
    return result
