"""Shapes of organs as signed distances: negative inside, in millimetres, near the surface exact to first order.

Points are float32 arrays of shape (3, n): x, y, z in the patient's own LPS frame (x to the left, y to the
back, z to the head), millimetres.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Shape:
    """A signed distance, and the box (``low`` to ``high``, each (3,), mm) outside which it is positive."""

    distance: Callable[[np.ndarray], np.ndarray]
    low: np.ndarray
    high: np.ndarray


def ellipsoid(centre, radii, turns=(0.0, 0.0, 0.0)):
    """Return an ellipsoid; ``radii`` in mm, ``turns`` in degrees about x, y and z (in this order)."""
    centre = np.asarray(centre, np.float32).reshape(3, 1)
    radii = np.asarray(radii, np.float32).reshape(3, 1)
    to_axes = rotation(turns).T.astype(np.float32)

    def distance(points):
        scaled = (to_axes @ (points - centre)) / radii
        level = np.sqrt(np.einsum("ij,ij->j", scaled, scaled))
        scaled /= radii
        slope = np.sqrt(np.einsum("ij,ij->j", scaled, scaled)) + np.float32(1e-6)
        return level * (level - 1) / slope

    reach = float(radii.max())
    return Shape(distance, centre[:, 0] - reach, centre[:, 0] + reach)


def tube(path, radii):
    """Return a bent tube with round ends; ``path`` is (m, 3) mm, ``radii`` (mm) one number or one per point."""
    path = np.asarray(path, np.float32)
    radii = np.broadcast_to(np.asarray(radii, np.float32), len(path))

    def distance(points):
        nearest = None
        for start, end, first, last in zip(path, path[1:], radii, radii[1:], strict=False):
            axis = end - start
            offset = points - start[:, None]
            along = np.clip(axis @ offset / max(axis @ axis, np.float32(1e-6)), 0, 1)
            offset -= axis[:, None] * along
            part = np.sqrt(np.einsum("ij,ij->j", offset, offset)) - (first + (last - first) * along)
            nearest = part if nearest is None else np.minimum(nearest, part)
        return nearest

    reach = float(radii.max())
    return Shape(distance, path.min(axis=0) - reach, path.max(axis=0) + reach)


def smooth_union(first, second, blend):
    """Return both shapes together, their seam rounded over ``blend`` mm (polynomial smooth minimum)."""

    def distance(points):
        a, b = first.distance(points), second.distance(points)
        overlap = np.clip(blend - np.abs(a - b), 0, None) / blend
        return np.minimum(a, b) - overlap**2 * (blend / 4)

    return Shape(distance, np.minimum(first.low, second.low) - blend, np.maximum(first.high, second.high) + blend)


def minus(shape, removed):
    """Return ``shape`` without the part inside ``removed``."""
    return Shape(lambda p: np.maximum(shape.distance(p), -removed.distance(p)), shape.low, shape.high)


def bumpy(shape, rng, amplitude, wavelengths):
    """Return ``shape`` seen through a smooth random deformation of about ``amplitude`` mm (see `random_warp`)."""
    warp = random_warp(rng, amplitude, wavelengths)
    margin = 3 * amplitude
    return Shape(lambda p: shape.distance(warp(p)), shape.low - margin, shape.high + margin)


def random_warp(rng, amplitude, wavelengths, waves=5):
    """Return a smooth random deformation, a function from points to points.

    It is a sum of ``waves`` plane sine waves with random direction and wavelength (mm, drawn from the range
    ``wavelengths``); the displacement's root mean square is ``amplitude`` mm. With wavelengths far above
    the amplitude it folds nothing.
    """
    directions = rng.normal(size=(waves, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    frequencies = (2 * np.pi * directions / rng.uniform(*wavelengths, size=(waves, 1))).astype(np.float32)
    phases = rng.uniform(0, 2 * np.pi, size=(waves, 1)).astype(np.float32)
    displacements = rng.normal(size=(waves, 3))
    displacements *= amplitude * np.sqrt(2 / np.sum(displacements**2))
    displacements = displacements.astype(np.float32)

    def warp(points):
        return points + displacements.T @ np.sin(frequencies @ points + phases)

    return warp


def rotation(turns):
    """Return the 3 x 3 matrix that turns by ``turns`` degrees about x, then y, then z."""
    (cx, cy, cz), (sx, sy, sz) = np.cos(np.deg2rad(turns)), np.sin(np.deg2rad(turns))
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return about_z @ about_y @ about_x
