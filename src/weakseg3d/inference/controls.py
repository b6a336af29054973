"""Control predictions: the scores of a perfect method, of an empty prediction and of the pseudo label itself.

They appear beside the real methods in every table and mark the ends of each metric's scale.
"""

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weakseg3d.errors import UserError
from weakseg3d.images.labels import IGNORE

CONTROLS = {
    "truth": "the reference mask itself: the best possible score",
    "empty": "no voxel at all: a missed organ in every case",
    "pseudo_label": "the pseudo label itself as the prediction: what a network has to beat",
}
"""The kinds of control by name, which is also the name of their method in tables, with an explanation."""


def control_mask(
    kind: str, source: NDArray[Any], threshold: float, source_name: str | os.PathLike[str]
) -> NDArray[np.bool_]:
    """Return the control prediction (z, y, x) of a ``kind`` in `CONTROLS`.

    ``source`` (z, y, x) is the reference mask for ``truth`` and any volume for ``empty``. For ``pseudo_label`` it is
    either a soft map with values from 0 to 1, which is thresholded (organ above ``threshold``), or a sparse label map,
    recognised by its unlabelled voxels (`IGNORE`), whose voxels labelled 1 are the prediction.
    Raises UserError, naming ``source_name``, for a pseudo label with other values.
    """
    if kind == "empty":
        return np.zeros(source.shape, bool)
    if kind == "truth":
        return source != 0
    if (source == IGNORE).any():
        if not np.isin(source, (0, 1, IGNORE)).all():
            raise UserError(f"{source_name}: a sparse label map may contain only 0, 1 and {IGNORE} (unlabelled)")
        return source == 1
    if source.min() < 0 or source.max() > 1:
        raise UserError(
            f"{source_name}: neither a soft map (0 to 1) nor a sparse label map (0, 1 and {IGNORE} for unlabelled), "
            f"as its values run from {source.min():g} to {source.max():g}; give a pseudo label"
        )
    return source > threshold
