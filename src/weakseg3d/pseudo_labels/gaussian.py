"""PW4MedSeg's probability-based pseudo label: a sum of Gaussians around the clicks."""

from collections.abc import Callable, Sequence
from typing import Annotated, Literal

import numpy as np
import SimpleITK as sitk
from numpy.typing import ArrayLike, NDArray

from weakseg3d.annotations.notes import silent
from weakseg3d.pseudo_labels.click_spacing import spacing_sigma
from weakseg3d.pseudo_labels.grid_limits import note_narrow_width
from weakseg3d.pseudo_labels.targets import Target, nearest_voxels
from weakseg3d.registry.parameters import MadeOf, Parameter, SoftLabel

NEGLIGIBLE = 1e-12
"""On each axis, a click's Gaussian is cut off where it falls below this share of its peak on the grid."""

SLAB = 16
"""Slices per matrix product; on a busy machine, the threads of many small products would wait for one another."""

Sigma = Annotated[
    float | Literal["spacing"],
    Parameter("Standard deviation in mm, or 'spacing' for one that follows from how the clicks lie.", above=0),
]
"""The width of the Gaussians, as a recipe gives it."""


def gaussian(
    targets: Sequence[Target],
    grid: sitk.Image,
    sigma: Sigma = 10.0,
    note: Callable[[str], None] = silent,
) -> Annotated[SoftLabel, MadeOf(("points", "seven-points"))]:
    """Return a sum of Gaussians around the clicks on the organ, scaled to [0, 1].

    The label is (z, y, x), as `gaussian_label` describes it. With ``spacing``, sigma is that of `spacing_sigma`.
    """
    organ = np.concatenate([target.organ for target in targets])
    background = np.concatenate([target.background for target in targets])
    shape, spacing = grid.GetSize()[::-1], grid.GetSpacing()[::-1]
    width = spacing_sigma(organ * spacing, background * spacing) if isinstance(sigma, str) else sigma
    if len(organ):
        note_narrow_width(width, spacing, note)
    return gaussian_label(organ, shape, spacing, width, background)


def gaussian_label(
    points: ArrayLike,
    shape: tuple[int, ...],
    spacing: Sequence[float] | NDArray[np.float64],
    sigma: float,
    background: NDArray[np.float64] | None = None,
) -> NDArray[np.float32]:
    """Return the soft label (z, y, x), scaled to [0, 1] over the whole volume.

    ``points`` (n, 3) are fractional voxel indices (z, y, x); ``spacing`` (z, y, x) and ``sigma`` are in mm.
    ``background`` (m, 3) are points known to lie outside the organ: their voxels are set to 0 in the scaled label,
    unless they also contain one of the ``points``.
    u(v) = sum over points of exp(-|v - p|^2 / (2 sigma^2)), then (u - min) / (max - min); without points, the
    label is zero everywhere. A Gaussian is separable over the axes, so a slab of slices is one matrix product.
    The cut-off changes u by at most n * 1e-12 of its maximum. arXiv 2403.02566, section on
    probability-based pseudo labels.
    """
    clicks = np.asarray(points, float).reshape(-1, 3)
    label = np.zeros(shape, np.float32)
    along_z, along_y, along_x = (
        _along_axis(np.arange(n)[:, None] - p, s / sigma) for n, p, s in zip(shape, clicks.T, spacing, strict=True)
    )
    for start in range(0, len(label), SLAB):
        slab = label[start : start + SLAB]
        weights = along_z[start : start + SLAB]
        near = np.flatnonzero(weights.any(axis=0))
        if len(near):
            rows = (weights[:, None, near] * along_y[:, near]).reshape(-1, len(near))
            np.matmul(rows, along_x[:, near].T, out=slab.reshape(len(rows), -1))
    label -= label.min()
    peak = label.max()
    if peak > 0:
        label /= peak
    if background is not None and len(background):
        clicked = nearest_voxels(clicks, shape)
        values = label[clicked]
        label[nearest_voxels(background, shape)] = 0
        label[clicked] = values
    return label


def _along_axis(distances: NDArray[np.float64], sigmas_per_voxel: float) -> NDArray[np.float32]:
    """Return the Gaussian (voxels, points) at the ``distances`` (voxels, points), which are in voxels."""
    gaussian = np.exp(-0.5 * (distances * sigmas_per_voxel) ** 2)
    # Denormal numbers would make the matrix products ten times slower.
    gaussian[gaussian < NEGLIGIBLE * gaussian.max(axis=0)] = 0
    return gaussian.astype(np.float32)
