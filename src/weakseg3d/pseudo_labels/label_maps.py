"""Checks of annotations that are label maps: slices and scribbles."""

import numpy as np

from weakseg3d.errors import UserError
from weakseg3d.images.labels import IGNORE


def check_label_map(labels):
    """Raise a UserError unless ``labels`` (z, y, x), uint8, holds 0, 1 and `IGNORE` alone."""
    if labels.max() > IGNORE:
        raise UserError(
            f"holds the values {np.unique(labels).tolist()}, but annotated slices and scribbles are 0 (background),"
            " 1 (organ) and 2 (unknown) alone; relabel it"
        )


def is_empty(labels):
    """Say whether nothing at all is annotated in ``labels``: the organ is absent."""
    return bool((labels == IGNORE).all())
