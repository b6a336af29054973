"""The voxels whose class the clicks make certain; those in between are unknown."""

from collections.abc import Callable, Sequence
from typing import Annotated

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from weakseg3d.annotations.notes import silent
from weakseg3d.images.labels import IGNORE
from weakseg3d.pseudo_labels.gaussian import Sigma, gaussian
from weakseg3d.pseudo_labels.targets import Target, nearest_voxels
from weakseg3d.registry.parameters import MadeOf, Parameter, SparseLabel

WIDEST = (0.4, 0.85)
"""The bounds of the unknown among few clicks: beyond the upper one, there is little but a cluster of them."""

BELOW = 0.4
"""How far the unknown reaches below 0.5, as a share of how far above: soft labels of few clicks are too large."""


def gaussian_certain(
    targets: Sequence[Target],
    grid: sitk.Image,
    sigma: Sigma = "spacing",
    caution: Annotated[
        float,
        Parameter(
            "How far above 0.5 the soft label of unknown voxels reaches, times the number of clicks; at most"
            f" {WIDEST[1] - 0.5:.2f} above.",
            at_least=0,
        ),
    ] = 5.0,
    note: Callable[[str], None] = silent,
) -> Annotated[SparseLabel, MadeOf(("points", "seven-points"))]:
    """Return organ, background and unknown voxels by the soft label of `weakseg3d.pseudo_labels.gaussian`.

    The label (z, y, x) is that of `certain_voxels` for the number of clicks on the organ, and 1 in every voxel with
    such a click. Without any, all voxels are background. ``benchmarks/certain_voxels.py`` measures how true it is. Our
    own.
    """
    soft = gaussian(targets, grid, sigma, note)
    organ = np.concatenate([target.organ for target in targets])
    if not len(organ):
        return np.zeros(soft.shape, np.uint8)
    label = certain_voxels(soft, len(organ), caution)
    label[nearest_voxels(organ, soft.shape)] = 1
    return label


def certain_voxels(soft: NDArray[np.float32], clicks: int, caution: float = 5.0) -> NDArray[np.uint8]:
    """Return 1, 0 or, in between, `IGNORE` for each voxel of a ``soft`` label (any shape) of a number of ``clicks``.

    The unknown reaches from 0.5 - `BELOW` * d to 0.5 + d with d = ``caution`` / ``clicks``, but not beyond `WIDEST`:
    the more clicks, the more nearly their soft label has the shape of the organ.
    """
    doubt = caution / clicks
    label = np.full(soft.shape, IGNORE, np.uint8)
    label[soft < max(0.5 - BELOW * doubt, WIDEST[0])] = 0
    label[soft > min(0.5 + doubt, WIDEST[1])] = 1
    return label
