"""Scribbles inside and outside the organ, weighed against each other."""

import numpy as np
from scipy.ndimage import distance_transform_edt
from scipy.special import expit

from weakseg3d.errors import UserError


def scribbles_label(labels, spacing, sigma=10.0):
    """Return a soft label (z, y, x), float32 in [0, 1]: the Gaussian of the inner curves against that of the outer.

    ``labels`` (z, y, x) is 1 on curves inside the organ, 0 on those outside and 2 elsewhere, ``spacing`` (z, y, x) and
    ``sigma`` are in mm. With u = exp(-d^2 / (2 sigma^2)) and d the distance in space to the nearest voxel of a curve,
    the label is u_in / (u_in + u_out), which is the sigmoid of (d_out^2 - d_in^2) / (2 sigma^2) and so never 0 / 0.
    The curves keep their 0 and 1. Without a curve inside the label is zero. Raises UserError for curves inside alone.
    """
    inside, outside = labels == 1, labels == 0
    if not inside.any():
        return np.zeros(labels.shape, np.float32)
    if not outside.any():
        raise UserError("no curve outside the organ (value 0) to weigh the inner ones against; draw one round it")
    squares = distance_transform_edt(~outside, sampling=spacing) ** 2
    squares -= distance_transform_edt(~inside, sampling=spacing) ** 2
    soft = expit(squares / (2 * sigma**2)).astype(np.float32)
    soft[outside], soft[inside] = 0, 1
    return soft
