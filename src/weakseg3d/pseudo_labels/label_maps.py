"""Checks for annotations in the form of label maps: slices and scribbles."""

import numpy as np
from numpy.typing import NDArray

from weakseg3d.errors import UserError
from weakseg3d.images.labels import IGNORE


def check_label_map(labels: NDArray[np.uint8]) -> None:
    """Raise a UserError unless ``labels`` (z, y, x) has no values other than 0, 1 and `IGNORE`."""
    if labels.max() > IGNORE:
        raise UserError(
            f"holds the values {np.unique(labels).tolist()}, but annotated slices and scribbles may only have the"
            " values 0 (background), 1 (organ) and 2 (unknown); relabel it"
        )


def is_empty(labels: NDArray[np.uint8]) -> bool:
    """Return whether no voxel of ``labels`` is annotated, which means that the organ is absent."""
    return bool((labels == IGNORE).all())
