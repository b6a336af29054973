"""A few axial slices annotated densely; the rest is to be ignored."""

import numpy as np
import SimpleITK as sitk

from weakseg3d.labels import IGNORE
from weakseg3d.volumes import like


def annotate_slices(mask, number=3):
    """Return a label map (uint8): 0 and 1 on ``number`` axial slices, `IGNORE` elsewhere.

    The slices are those of `axial_slices`. An empty mask gives a map that is `IGNORE` throughout.
    """
    array = sitk.GetArrayFromImage(mask) > 0
    labels = np.full(array.shape, IGNORE, np.uint8)
    chosen = axial_slices(mask, number)
    labels[chosen] = array[chosen]
    return like(labels, mask)


def axial_slices(mask, number):
    """Return the index, into arrays (z, y, x), of ``number`` axial slices spread evenly over the organ's extent.

    The slices cut the `long_axis`. There are fewer where the organ extends over fewer; an empty mask has none.
    """
    array = sitk.GetArrayViewFromImage(mask) > 0
    axis = long_axis(mask)
    occupied = np.flatnonzero(array.any(axis=tuple(a for a in range(3) if a != axis)))
    chosen = np.zeros(0, int)
    if len(occupied):
        ends = np.linspace(occupied[0], occupied[-1], number + 2)[1:-1]
        chosen = np.unique(np.round(ends).astype(int))
    return tuple(chosen if a == axis else slice(None) for a in range(3))


def long_axis(image):
    """Return the axis of the array (z, y, x) of ``image`` that is nearest to the patient's long axis."""
    direction = np.array(image.GetDirection()).reshape(3, 3)
    return 2 - int(np.abs(direction[2]).argmax())
