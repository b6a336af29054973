"""A box around the organ, aligned with the image's axes."""

from typing import Annotated

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from weakseg3d.annotations.markups import Annotation, Box
from weakseg3d.annotations.redraw import ATTEMPTS, first_fitting
from weakseg3d.annotations.world import to_world
from weakseg3d.registry.parameters import Parameter, SavedAs


def box(
    mask: sitk.Image,
    margin: Annotated[float, Parameter("Distance in mm by which the box is widened.", at_least=0)] = 0.0,
    *,
    jitter: Annotated[
        float, Parameter("Standard deviation in mm by which each face is displaced.", at_least=0, implied=True)
    ] = 0.0,
    seed: int = 0,
) -> Annotated[Annotation, SavedAs(".mrk.json")]:
    """Return the tightest box around the organ, along the image's axes.

    It is widened by ``margin`` mm. Each of the six faces is then moved along its axis by a Gaussian of standard
    deviation ``jitter`` mm. A face that would end up less than half a voxel from the middle of the organ's extent, or
    beyond it, is drawn again, so that no box is empty or misses the organ. An empty mask gives no box.
    """
    voxels = np.argwhere(sitk.GetArrayViewFromImage(mask) > 0)
    if not len(voxels):
        return Annotation()
    low, high = voxels.min(axis=0) - 0.5, voxels.max(axis=0) + 0.5
    if jitter:
        low, high = _jittered(low, high, margin, jitter, np.array(mask.GetSpacing())[::-1], seed)
    size = (high - low)[::-1] * np.array(mask.GetSpacing()) + 2 * margin
    axes = np.array(mask.GetDirection()).reshape(3, 3)
    return Annotation(boxes=[Box(to_world((low + high) / 2, mask)[0], size, axes)])


def _jittered(
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    margin: float,
    jitter: float,
    spacing: NDArray[np.float64],
    seed: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the corners ``low`` and ``high`` (z, y, x) as an unsteady hand sets them, in voxels, without margin."""
    generator, middle = np.random.default_rng(seed), (low + high) / 2

    def jittered_corner(corner: NDArray[np.float64], sign: int) -> NDArray[np.float64]:
        draws = corner + generator.normal(0, jitter, (ATTEMPTS, 3)) / spacing
        fits = sign * (draws - middle) + margin / spacing >= 0.5
        return np.array([first_fitting(draws[:, axis], fits[:, axis], corner[axis]) for axis in range(3)])

    return jittered_corner(low, -1), jittered_corner(high, 1)
