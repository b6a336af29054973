"""A sparse label map of the clicks themselves."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from weakseg3d.images.labels import IGNORE
from weakseg3d.pseudo_labels.targets import Target, nearest_voxels
from weakseg3d.registry.parameters import MadeOf, SparseLabel


def points(targets: Sequence[Target], grid: sitk.Image) -> Annotated[SparseLabel, MadeOf(("points", "seven-points"))]:
    """Return the clicks themselves; the rest is unknown."""
    organ = np.concatenate([target.organ for target in targets])
    background = np.concatenate([target.background for target in targets])
    return sparse_label(organ, background, grid.GetSize()[::-1])


def sparse_label(
    organ: NDArray[np.float64], background: NDArray[np.float64], shape: tuple[int, ...]
) -> NDArray[np.uint8]:
    """Return a label map (z, y, x): 1 at the clicks on the organ, 0 at those on the background, 2 elsewhere.

    ``organ`` and ``background`` (n, 3) are fractional voxel indices (z, y, x) inside the volume. A voxel with clicks
    of both classes is organ.
    """
    label = np.full(shape, IGNORE, np.uint8)
    label[nearest_voxels(background, shape)] = 0
    label[nearest_voxels(organ, shape)] = 1
    return label
