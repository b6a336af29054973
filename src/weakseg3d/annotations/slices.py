"""A few axial slices annotated densely; the rest is to be ignored."""

import numpy as np
import SimpleITK as sitk

from weakseg3d.volumes import like

IGNORE = 2
"""Value of voxels that nobody annotated, in every sparse label map."""


def annotate_slices(mask, number=3):
    """Return a label map (uint8): 0 and 1 on ``number`` axial slices, `IGNORE` elsewhere.

    The slices are spread evenly over the organ's extent along the image axis nearest to the patient's long
    axis. An empty mask gives a map that is `IGNORE` throughout.
    """
    array = sitk.GetArrayFromImage(mask) > 0
    direction = np.array(mask.GetDirection()).reshape(3, 3)
    axis = 2 - int(np.abs(direction[2]).argmax())
    labels = np.full(array.shape, IGNORE, np.uint8)
    occupied = np.flatnonzero(array.any(axis=tuple(a for a in range(3) if a != axis)))
    if len(occupied):
        ends = np.linspace(occupied[0], occupied[-1], number + 2)[1:-1]
        chosen = [slice(None)] * 3
        chosen[axis] = np.unique(np.round(ends).astype(int))
        labels[tuple(chosen)] = array[tuple(chosen)]
    return like(labels, mask)
