"""The clicks themselves: a sparse label map."""

import numpy as np

from weakseg3d.errors import UserError
from weakseg3d.labels import IGNORE


def sparse_label(organ, background, shape):
    """Return a label map (z, y, x), uint8: 1 at the organ's clicks, 0 at background clicks, 2 elsewhere.

    ``organ`` and ``background`` (n, 3) are fractional voxel indices (z, y, x); where both fall into one voxel
    the organ wins. Raises UserError for a click outside the volume.
    """
    label = np.full(shape, IGNORE, np.uint8)
    for points, value in ((background, 0), (organ, 1)):
        voxels = np.round(points).astype(int)
        outside = ((voxels < 0) | (voxels >= np.array(shape))).any(axis=1)
        if outside.any():
            raise UserError(f"{int(outside.sum())} points lie outside the image; is it the image that was annotated?")
        label[tuple(voxels.T)] = value
    return label
