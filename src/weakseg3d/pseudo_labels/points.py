"""The clicks themselves: a sparse label map."""

import numpy as np

from weakseg3d.images.labels import IGNORE
from weakseg3d.pseudo_labels.targets import nearest_voxels


def sparse_label(organ, background, shape):
    """Return a label map (z, y, x), uint8: 1 at the organ's clicks, 0 at background clicks, 2 elsewhere.

    ``organ`` and ``background`` (n, 3) are fractional voxel indices (z, y, x) inside the volume; where both fall into
    one voxel the organ wins.
    """
    label = np.full(shape, IGNORE, np.uint8)
    label[nearest_voxels(background, shape)] = 0
    label[nearest_voxels(organ, shape)] = 1
    return label
