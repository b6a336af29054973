"""PW4MedSeg's probability-based pseudo label: a sum of Gaussians round the clicks."""

import numpy as np

from weakseg3d.pseudo_labels.targets import nearest_voxels

NEGLIGIBLE = 1e-12
"""A click's Gaussian is cut off, on each axis, where it falls below this share of its peak on the grid."""

SLAB = 16
"""Slices per matrix product: on a busy machine the threads of many small products wait for one another."""


def gaussian_label(points, shape, spacing, sigma, background=()):
    """Return the soft label (z, y, x), float32, scaled to [0, 1] over the whole volume.

    ``points`` (n, 3) are fractional voxel indices (z, y, x), ``spacing`` (z, y, x) and ``sigma`` are in mm.
    ``background`` (m, 3) are points known to lie outside the organ: there the scaled label is set to 0, but for
    voxels that hold one of the ``points`` as well.
    u(v) = sum over points of exp(-|v - p|^2 / (2 sigma^2)), then (u - min) / (max - min); without points the
    label is zero everywhere. A Gaussian separates over the axes, so some slices together are one matrix product.
    The cut-off changes u by at most n * 1e-12 of its maximum. arXiv 2403.02566, section on
    probability-based pseudo labels.
    """
    points = np.asarray(points, float).reshape(-1, 3)
    label = np.zeros(shape, np.float32)
    along_z, along_y, along_x = (
        _along_axis(np.arange(n)[:, None] - p, s / sigma) for n, p, s in zip(shape, points.T, spacing, strict=True)
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
    if len(background):
        clicked = nearest_voxels(points, shape)
        values = label[clicked]
        label[nearest_voxels(background, shape)] = 0
        label[clicked] = values
    return label


def _along_axis(voxels, sigmas):
    """Return the Gaussian (voxels, points) of distances in ``voxels``, each ``sigmas`` standard deviations long."""
    gaussian = np.exp(-0.5 * (voxels * sigmas) ** 2)
    # Denormal numbers would slow the matrix products down tenfold.
    gaussian[gaussian < NEGLIGIBLE * gaussian.max(axis=0)] = 0
    return gaussian.astype(np.float32)
