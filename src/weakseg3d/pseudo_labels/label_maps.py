"""Annotations in the form of label maps: slices and scribbles."""

import numpy as np
from numpy.typing import NDArray

from weakseg3d.images.labels import IGNORE


def is_empty(labels: NDArray[np.uint8]) -> bool:
    """Return whether no voxel of ``labels`` is annotated, which means that the organ is absent."""
    return bool((labels == IGNORE).all())
