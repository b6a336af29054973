"""A box round the organ, along the image's axes."""

import numpy as np
import SimpleITK as sitk

from weakseg3d.annotations.markups import Annotation, Box
from weakseg3d.annotations.redraw import ATTEMPTS, first_fitting
from weakseg3d.annotations.world import to_world


def annotate_box(mask, margin=0.0, *, jitter=0.0, seed=0):
    """Return the tightest box, along the image's axes, round the voxels of ``mask``, widened by ``margin`` mm.

    Then each of the six faces moves along its axis by a Gaussian of standard deviation ``jitter`` mm; a face
    that would come nearer than half a voxel to the middle of the organ's extent, or pass it, is drawn again, so
    that no box is empty or beside the organ. An empty mask gives no box.
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


def _jittered(low, high, margin, jitter, spacing, seed):
    """Return ``low`` and ``high`` (z, y, x), in voxels and without the margin, after an unsteady hand."""
    generator, middle = np.random.default_rng(seed), (low + high) / 2
    moved = []
    for sign, corner in ((-1, low), (1, high)):
        draws = corner + generator.normal(0, jitter, (ATTEMPTS, 3)) / spacing
        fits = sign * (draws - middle) + margin / spacing >= 0.5
        moved.append(np.array([first_fitting(draws[:, axis], fits[:, axis], corner[axis]) for axis in range(3)]))
    return moved
