"""Shapes of organs as signed distances in millimetres: negative inside, and exact to first order near the surface.

Points are float32 arrays of shape (3, n): x, y, z in the LPS coordinates of the patient (x to the left, y to the
back, z to the head), in millimetres.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Warp = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""A deformation: a function from points to points."""


@dataclass(frozen=True)
class Shape:
    """A signed distance, and the box (``low`` to ``high``, each (3,), mm) outside which it is positive."""

    distance: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    low: NDArray[np.floating]
    high: NDArray[np.floating]


def ellipsoid(centre: ArrayLike, radii: ArrayLike, turns: ArrayLike = (0.0, 0.0, 0.0)) -> Shape:
    """Return an ellipsoid; ``radii`` are in mm, ``turns`` are rotations in degrees about x, y and z in this order."""
    centre = np.asarray(centre, np.float32).reshape(3, 1)
    radii = np.asarray(radii, np.float32).reshape(3, 1)
    to_axes = rotation(turns).T.astype(np.float32)

    def distance(points: NDArray[np.float32]) -> NDArray[np.float32]:
        scaled = (to_axes @ (points - centre)) / radii
        level = np.sqrt(np.einsum("ij,ij->j", scaled, scaled))
        scaled /= radii
        slope = np.sqrt(np.einsum("ij,ij->j", scaled, scaled)) + np.float32(1e-6)
        return level * (level - 1) / slope

    reach = float(radii.max())
    return Shape(distance, centre[:, 0] - reach, centre[:, 0] + reach)


def tube(path: ArrayLike, radii: ArrayLike) -> Shape:
    """Return a bent tube with round ends; ``path`` is (m, 3) in mm, ``radii`` is one number in mm or one per point."""
    path = np.asarray(path, np.float32)
    radii = np.broadcast_to(np.asarray(radii, np.float32), len(path))

    def distance(points: NDArray[np.float32]) -> NDArray[np.float32]:
        nearest = np.full(points.shape[1], np.inf, np.float32)
        for start, end, first, last in zip(path, path[1:], radii, radii[1:], strict=False):
            axis = end - start
            offset = points - start[:, None]
            along = np.clip(axis @ offset / max(axis @ axis, np.float32(1e-6)), 0, 1)
            offset -= axis[:, None] * along
            part = np.sqrt(np.einsum("ij,ij->j", offset, offset)) - (first + (last - first) * along)
            nearest = np.minimum(nearest, part)
        return nearest

    reach = float(radii.max())
    return Shape(distance, path.min(axis=0) - reach, path.max(axis=0) + reach)


def smooth_union(first: Shape, second: Shape, blend: float) -> Shape:
    """Return the union of both shapes, with the seam rounded over ``blend`` mm (polynomial smooth minimum)."""

    def distance(points: NDArray[np.float32]) -> NDArray[np.float32]:
        a, b = first.distance(points), second.distance(points)
        overlap = np.clip(blend - np.abs(a - b), 0, None) / blend
        return np.minimum(a, b) - overlap**2 * (blend / 4)

    return Shape(distance, np.minimum(first.low, second.low) - blend, np.maximum(first.high, second.high) + blend)


def minus(shape: Shape, other: Shape) -> Shape:
    """Return ``shape`` without its part inside ``other``."""
    return Shape(lambda p: np.maximum(shape.distance(p), -other.distance(p)), shape.low, shape.high)


def bumpy(shape: Shape, rng: np.random.Generator, amplitude: float, wavelengths: tuple[float, float]) -> Shape:
    """Return ``shape`` after a smooth random deformation of about ``amplitude`` mm (see `random_warp`)."""
    warp = random_warp(rng, amplitude, wavelengths)
    margin = 3 * amplitude
    return Shape(lambda p: shape.distance(warp(p)), shape.low - margin, shape.high + margin)


def random_warp(rng: np.random.Generator, amplitude: float, wavelengths: tuple[float, float], waves: int = 5) -> Warp:
    """Return a smooth random deformation, a function from points to points.

    It is a sum of ``waves`` plane sine waves with random direction and wavelength (mm, drawn from the range
    ``wavelengths``); the root mean square of the displacement is ``amplitude`` mm. If the wavelengths are much larger
    than the amplitude, the deformation does not fold.
    """
    directions = rng.normal(size=(waves, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    frequencies = (2 * np.pi * directions / rng.uniform(*wavelengths, size=(waves, 1))).astype(np.float32)
    phases = rng.uniform(0, 2 * np.pi, size=(waves, 1)).astype(np.float32)
    displacements = rng.normal(size=(waves, 3))
    displacements *= amplitude * np.sqrt(2 / np.sum(displacements**2))
    displacements = displacements.astype(np.float32)

    def warp(points: NDArray[np.float32]) -> NDArray[np.float32]:
        return points + displacements.T @ np.sin(frequencies @ points + phases)

    return warp


def rotation(turns: ArrayLike) -> NDArray[np.float64]:
    """Return the 3 x 3 matrix of a rotation by ``turns`` degrees about x, then y, then z."""
    (cx, cy, cz), (sx, sy, sz) = np.cos(np.deg2rad(turns)), np.sin(np.deg2rad(turns))
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return about_z @ about_y @ about_x
