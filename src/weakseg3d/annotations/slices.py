"""A few axial slices annotated densely; the rest is to be ignored."""

import numpy as np
import SimpleITK as sitk

from weakseg3d.images.labels import IGNORE
from weakseg3d.images.volumes import like, long_axis


def annotate_slices(mask, number=3, every=None):
    """Return a label map (uint8): 0 and 1 on some axial slices, `IGNORE` elsewhere.

    The slices are those of `axial_slices`: ``number`` of them, or every ``every``-th of the organ's extent where
    that is given. An empty mask gives a map that is `IGNORE` throughout.
    """
    array = sitk.GetArrayFromImage(mask) > 0
    labels = np.full(array.shape, IGNORE, np.uint8)
    chosen = axial_slices(mask, number, every)
    labels[chosen] = array[chosen]
    return like(labels, mask)


def axial_slices(mask, number, every=None):
    """Return the index, into arrays (z, y, x), of axial slices spread evenly over the organ's extent.

    The slices cut the `long_axis`. There are ``number`` of them, fewer where the organ extends over fewer; or, with
    ``every``, each is so many slices from the next, and what is left over of the extent is halved between its
    ends. An empty mask has none.
    """
    array = sitk.GetArrayViewFromImage(mask) > 0
    axis = long_axis(mask)
    occupied = np.flatnonzero(array.any(axis=tuple(a for a in range(3) if a != axis)))
    chosen = np.zeros(0, int)
    if len(occupied):
        first, last = occupied[0], occupied[-1]
        if every is None:
            ends = np.linspace(first, last, number + 2)[1:-1]
            chosen = np.unique(np.round(ends).astype(int))
        else:
            chosen = np.arange(first + (last - first) % every // 2, last + 1, every)
    return tuple(chosen if a == axis else slice(None) for a in range(3))
