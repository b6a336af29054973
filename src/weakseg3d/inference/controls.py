"""Control predictions: what a perfect, an absent and an untrained method would score.

They stand in every table beside the real methods and show the ends of each metric's scale.
"""

import numpy as np

from weakseg3d.errors import UserError
from weakseg3d.images.labels import IGNORE

CONTROLS = {
    "truth": "the reference mask itself: the best possible score",
    "empty": "no voxel at all: a missed organ in every case",
    "pseudo_label": "the pseudo label itself as the prediction: what a network has to beat",
}
"""The kinds of control by name, which is also their method's name in tables."""


def control_mask(kind, source, threshold, source_name):
    """Return the control prediction (boolean, z, y, x) of a ``kind`` out of `CONTROLS`.

    ``source`` is the reference mask for ``truth``, any volume for ``empty``, and for ``pseudo_label`` either a
    soft map with values from 0 to 1, cut above ``threshold``, or a sparse label map, recognised by its
    unlabelled voxels (`IGNORE`), of which the voxels labelled 1 are taken.
    Raises UserError, naming ``source_name``, for a pseudo label with other values.
    """
    if kind == "empty":
        return np.zeros(source.shape, bool)
    if kind == "truth":
        return source != 0
    if (source == IGNORE).any():
        if not np.isin(source, (0, 1, IGNORE)).all():
            raise UserError(f"{source_name}: a sparse label map may hold 0, 1 and {IGNORE} (unlabelled), nothing else")
        return source == 1
    if source.min() < 0 or source.max() > 1:
        raise UserError(
            f"{source_name}: neither a soft map (0 to 1) nor a sparse label map (0, 1 and {IGNORE} for unlabelled), "
            f"its values run from {source.min():g} to {source.max():g}; give a pseudo label"
        )
    return source > threshold
