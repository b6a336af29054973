"""The width of Gaussians around clicks, from how far apart and how evenly the clicks lie; no mask is needed.

The constants were fitted on left atria, a spleen and a liver (``benchmarks/sigma.py`` says how well the rule holds).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

WIDTH = 0.52
"""Sigma of `TYPICAL` clicks, in edges of the cube that each has, if that edge is the distance to their neighbours."""

TYPICAL = 30
CROWDING = 0.19
"""How sigma grows with the number of clicks relative to `TYPICAL`: among more clicks, the densest cluster is denser."""

UNEVENNESS = 1.32
"""How strongly sigma grows where neighbours are nearer than evenly spread clicks would be."""

NARROWEST = 0.4
"""The smallest sigma, as a share of the distance to the nearest neighbour."""

PAIR = 0.65
"""Sigma of clicks that span no volume, as a share of the distance to the nearest neighbour."""

FEWEST = 5
"""With fewer clicks, their covariance says too little about the volume that they span."""

FLAT = 1e-9
"""Clicks whose covariance has a smaller determinant, relative to a ball's, lie in a plane."""

ALONE_MM = 10.0
"""Sigma of a single click without any background click, in mm: the published width."""


def spacing_sigma(clicks: NDArray[np.float64], background: NDArray[np.float64]) -> float:
    """Return a sigma in mm for ``clicks`` (n, 3) on the organ and ``background`` (m, 3) clicks outside it, all in mm.

    With n clicks, d the median distance of a click to its nearest neighbour, and e the edge of the cube that each click
    has in an ellipsoid with the clicks' covariance, sigma is
    ``WIDTH * e * (e / d) ** UNEVENNESS * (n / TYPICAL) ** CROWDING``, but at most the radius of a ball of the
    ellipsoid's volume and at least ``NARROWEST * d``. Coincident clicks count once. Fewer than `FEWEST` clicks, or
    clicks in a plane, get ``PAIR * d``. A single click gets the sigma at which its Gaussian is 0.5 at the geometric
    mean distance of the background clicks, or `ALONE_MM` without them.
    """
    places = np.unique(clicks, axis=0)
    if len(places) < 2:
        return _alone(places, background)
    nearest = float(np.median(cKDTree(places).query(places, 2)[0][:, 1]))
    volume = _volume(places)
    if not volume:
        return PAIR * nearest
    edge = (volume / len(places)) ** (1 / 3)
    radius = (3 * volume / (4 * np.pi)) ** (1 / 3)
    crowded = (len(places) / TYPICAL) ** CROWDING
    sigma = WIDTH * edge * (edge / nearest) ** UNEVENNESS * crowded
    return float(max(min(sigma, radius), NARROWEST * nearest))


def _volume(places: NDArray[np.float64]) -> float:
    """Return the volume of the ellipsoid whose uniform points have the covariance of ``places``; 0 in a plane.

    The determinant is corrected for its bias in small samples, as for normal points.
    """
    number = len(places)
    if number < FEWEST:
        return 0.0
    covariance = np.cov(places.T)
    determinant = np.linalg.det(covariance)
    if determinant <= FLAT * (np.trace(covariance) / 3) ** 3:
        return 0.0
    unbiased = determinant * (number - 1) ** 2 / ((number - 2) * (number - 3))
    return float(4 / 3 * np.pi * 5**1.5 * np.sqrt(unbiased))


def _alone(place: NDArray[np.float64], background: NDArray[np.float64]) -> float:
    if not len(place) or not len(background):
        return ALONE_MM
    distances = np.linalg.norm(background - place, axis=1)
    if not distances.all():
        return ALONE_MM
    return float(np.exp(np.log(distances).mean()) / np.sqrt(2 * np.log(2)))
