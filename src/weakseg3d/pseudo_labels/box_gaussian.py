"""A Gaussian fitted to a box."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
import SimpleITK as sitk

from weakseg3d.annotations.markups import Box
from weakseg3d.pseudo_labels.boxes import located
from weakseg3d.registry.parameters import MadeOf, Parameter, SoftLabel


def box_gaussian(
    boxes: Sequence[Box],
    grid: sitk.Image,
    width: Annotated[
        float,
        Parameter("Size of the surface on which it is 0.5, as a share of the ellipsoid inscribed in the box.", above=0),
    ] = 1.0,
) -> Annotated[SoftLabel, MadeOf(("box", "seven-points"))]:
    """Return a Gaussian fitted to the box, zero outside it.

    The label (z, y, x) is 1 at the centre of the box and 0.5 on the inscribed ellipsoid scaled by ``width``: the
    standard deviations along the box's axes are the half sizes times ``width`` / sqrt(2 ln 2). Where boxes overlap, the
    largest value counts. Raises UserError for a box without a size or without a voxel of ``grid``.
    """
    label = np.zeros(grid.GetSize()[::-1], np.float32)
    for region, inside, squared in located(boxes, grid):
        gaussian = np.where(inside, 0.5 ** (squared / width**2), 0)
        label[region] = np.maximum(label[region], gaussian)
    return label
