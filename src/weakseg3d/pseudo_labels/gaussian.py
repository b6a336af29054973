"""PW4MedSeg's probability-based pseudo label: a sum of Gaussians round the clicks."""

import numpy as np


def gaussian_label(points, shape, spacing, sigma):
    """Return the soft label (z, y, x), float32, scaled to [0, 1] over the whole volume.

    ``points`` (n, 3) are fractional voxel indices (z, y, x), ``spacing`` (z, y, x) and ``sigma`` are in mm.
    u(v) = sum over points of exp(-|v - p|^2 / (2 sigma^2)), then (u - min) / (max - min); without points the
    label is zero everywhere. A Gaussian separates over the axes, so each slice is one matrix product.
    arXiv 2403.02566, section on probability-based pseudo labels.
    """
    points = np.asarray(points, float).reshape(-1, 3)
    label = np.zeros(shape, np.float32)
    if not len(points):
        return label
    along_z, along_y, along_x = (
        np.exp(-(((np.arange(n)[:, None] - p) * s) ** 2) / (2 * sigma**2)).astype(np.float32)
        for n, p, s in zip(shape, points.T, spacing, strict=True)
    )
    for weights, plane in zip(along_z, label, strict=True):
        np.matmul(along_y * weights, along_x.T, out=plane)
    label -= label.min()
    peak = label.max()
    if peak > 0:
        label /= peak
    return label
