"""A few axial slices annotated densely; all other slices are to be ignored."""

from typing import Annotated

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from weakseg3d.images.labels import IGNORE
from weakseg3d.images.volumes import like, long_axis
from weakseg3d.registry.parameters import Parameter, Rule, SavedAs

NUMBER = 3
"""Slices, unless the recipe says otherwise."""


def slices(
    mask: sitk.Image,
    number: Annotated[
        int | None,
        Parameter("Number of annotated slices; 3 by default.", at_least=1),
        Rule("must not be given together with every", lambda number, every: number is None or every is None),
    ] = None,
    every: Annotated[
        int | None, Parameter("Interval in slices between annotated slices of the organ.", at_least=1)
    ] = None,
) -> Annotated[sitk.Image, SavedAs(".nii.gz")]:
    """Return a few densely annotated axial slices; three of them if neither key is given.

    The label map (uint8) has 0 and 1 on these slices and `IGNORE` elsewhere. They are chosen by `axial_slices`:
    ``number`` of them or, if ``every`` is given, every ``every``-th slice of the organ's extent. An empty mask gives a
    map that is `IGNORE` throughout.
    """
    array = sitk.GetArrayFromImage(mask) > 0
    labels = np.full(array.shape, IGNORE, np.uint8)
    axis, positions = long_axis(mask), axial_slices(mask, number or NUMBER, every)
    np.moveaxis(labels, axis, 0)[positions] = np.moveaxis(array, axis, 0)[positions]
    return like(labels, mask)


def axial_slices(mask: sitk.Image, number: int = NUMBER, every: int | None = None) -> NDArray[np.int64]:
    """Return the positions (n,), along the `long_axis`, of axial slices spread evenly over the organ's extent.

    There are ``number`` of them, or fewer if the organ extends over fewer slices. If ``every`` is given, it decides
    instead: consecutive slices are ``every`` slices apart, and the rest of the extent is divided equally between
    its two ends. An empty mask has no slices.
    """
    array = sitk.GetArrayViewFromImage(mask) > 0
    axis = long_axis(mask)
    occupied = np.flatnonzero(array.any(axis=tuple(a for a in range(3) if a != axis)))
    if not len(occupied):
        return np.zeros(0, np.int64)
    first, last = occupied[0], occupied[-1]
    if every is not None:
        return np.arange(first + (last - first) % every // 2, last + 1, every)
    positions = np.linspace(first, last, number + 2)[1:-1]
    return np.unique(np.round(positions).astype(int))
