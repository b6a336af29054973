"""The filled box."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
import SimpleITK as sitk

from weakseg3d.annotations.markups import Box
from weakseg3d.pseudo_labels.boxes import located
from weakseg3d.registry.parameters import MadeOf, Mask


def box(boxes: Sequence[Box], grid: sitk.Image) -> Annotated[Mask, MadeOf(("box", "seven-points"))]:
    """Return the filled box.

    The label (z, y, x) is 1 at voxels whose centre lies in one of ``boxes`` and 0 elsewhere. Raises UserError for a box
    without a size or without a voxel of ``grid``.
    """
    label = np.zeros(grid.GetSize()[::-1], np.uint8)
    for region, inside, _ in located(boxes, grid):
        label[region] |= inside
    return label
