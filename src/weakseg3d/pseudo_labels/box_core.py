"""The core of a box, with unknown surroundings."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
import SimpleITK as sitk

from weakseg3d.annotations.markups import Box
from weakseg3d.images.labels import IGNORE
from weakseg3d.pseudo_labels.boxes import TOLERANCE, located
from weakseg3d.pseudo_labels.merging import merged
from weakseg3d.registry.parameters import MadeOf, Parameter, SparseLabel


def box_core(
    boxes: Sequence[Box],
    grid: sitk.Image,
    core: Annotated[
        float,
        Parameter("Size of the core as a share of the ellipsoid inscribed in the box.", above=0, at_most=1),
    ] = 0.5,
) -> Annotated[SparseLabel, MadeOf(("box", "seven-points"))]:
    """Return background outside the box, organ in a core of it, and unknown in the rest of it.

    The label is (z, y, x); the core is the ellipsoid inscribed in the box, scaled by ``core``. Raises UserError for a
    box without a size or without a voxel of ``grid``.
    """
    shape = grid.GetSize()[::-1]
    labels = []
    for region, inside, squared in located(boxes, grid):
        label = np.zeros(shape, np.uint8)
        label[region] = np.where(inside, np.where(squared <= (core * (1 + TOLERANCE)) ** 2, 1, IGNORE), 0)
        labels.append(label)
    return merged(labels, shape)
