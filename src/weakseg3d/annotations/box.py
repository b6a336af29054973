"""A box round the organ, along the image's axes."""

import numpy as np
import SimpleITK as sitk

from weakseg3d.annotations.markups import Annotation, Box
from weakseg3d.annotations.world import to_world


def annotate_box(mask, margin=0.0):
    """Return the tightest box, along the image's axes, round the voxels of ``mask``, widened by ``margin`` mm.

    An empty mask gives no box.
    """
    voxels = np.argwhere(sitk.GetArrayViewFromImage(mask) > 0)
    if not len(voxels):
        return Annotation()
    low, high = voxels.min(axis=0) - 0.5, voxels.max(axis=0) + 0.5
    size = (high - low)[::-1] * np.array(mask.GetSpacing()) + 2 * margin
    axes = np.array(mask.GetDirection()).reshape(3, 3)
    return Annotation(boxes=[Box(to_world((low + high) / 2, mask)[0], size, axes)])
