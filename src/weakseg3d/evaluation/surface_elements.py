"""The surface of a mask as elements with an area, following the definition of the normalised surface Dice.

An element lies where eight voxels meet, some of them inside the mask and some outside; everything beyond the volume's
border counts as outside. The element's area in mm² is the area of the marching cubes surface in the cube between the
centres of the eight voxels, which cuts every edge between inside and outside in the middle. Nikolov et al. 2021,
doi:10.2196/26151, and their package surface-distance (google-deepmind).
"""

from collections.abc import Sequence
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from weakseg3d.evaluation.surfaces import nearest_distances

CORNERS = tuple(product((0, 1), repeat=3))
"""The corners (z, y, x) of the cube; corner k adds 2^k to the code of a neighbourhood if it lies in the mask."""

Point = tuple[float, ...]
"""A point (z, y, x) in the cube, in voxels."""


def _faces() -> list[list[int]]:
    """Return the numbers of each face's corners in a ring, counter-clockwise as seen from outside the cube."""
    rings = []
    for axis, side in product(range(3), (0, 1)):
        ring: list[int] = []
        for u, v in ((0, 0), (1, 0), (1, 1), (0, 1)):
            corner = [side, side, side]
            corner[(axis + 1) % 3], corner[(axis + 2) % 3] = u, v
            ring.append(CORNERS.index((corner[0], corner[1], corner[2])))
        rings.append(ring if side else ring[::-1])
    return rings


FACES = _faces()


def element_areas(spacing: Sequence[float] | NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the area in mm² of the surface element of each of the 256 codes of `neighbour_codes`, float64.

    ``spacing`` is (z, y, x) in mm. Codes 0 and 255, all outside and all inside, have an area of 0.
    """
    codes, triangles = _triangles()
    a, b, c = np.moveaxis(triangles * spacing, 1, 0)
    areas = np.bincount(codes, np.linalg.norm(np.cross(b - a, c - a), axis=-1) / 2, minlength=128)
    # A code and its complement, in which mask and background are exchanged, have the same surface.
    return np.concatenate([areas, areas[::-1]])


def neighbour_codes(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return the code of the eight voxels around every point at which eight voxels meet.

    ``mask`` is (z, y, x); the result is larger by one along each axis: its point (i, j, k) lies between the voxels
    (i - 1, j - 1, k - 1) and (i, j, k).
    """
    padded = np.pad(mask, 1).view(np.uint8)
    codes = np.zeros(np.add(mask.shape, 1), np.uint8)
    for bit, corner in enumerate(CORNERS):
        window = tuple(slice(start, start + n) for start, n in zip(corner, codes.shape, strict=True))
        codes |= padded[window] << np.uint8(bit)
    return codes


def surface_area_within(
    prediction: NDArray[np.bool_],
    reference: NDArray[np.bool_],
    spacing: Sequence[float] | NDArray[np.floating],
    tolerance: float,
) -> tuple[float, float]:
    """Return the area of both surfaces in mm², and the part of it within the tolerance of the other surface.

    ``prediction`` and ``reference`` are arrays (z, y, x), neither of them empty; ``spacing`` is (z, y, x) in mm, and
    ``tolerance`` is in mm. Distances run between the positions of elements. As with `surface_distances`, cut both masks
    to the bounding box of their union first.
    """
    area_of_code = element_areas(spacing)
    areas, elements = [], []
    for mask in (prediction, reference):
        codes = neighbour_codes(mask)
        elements.append((codes > 0) & (codes < 255))
        areas.append(area_of_code[codes[elements[-1]]])
    total = within = 0.0
    limit = float(np.nextafter(tolerance, np.inf))
    for area, start, target in zip(areas, elements, elements[::-1], strict=True):
        total += area.sum()
        within += area[nearest_distances(start, target, spacing, limit) <= tolerance].sum()
    return total, within


@cache
def _triangles() -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the triangles of the codes below 128: the code of each, (t,), and its vertices (t, 3, zyx) in voxels."""
    codes: list[int] = []
    triangles = []
    for code in range(1, 128):
        for polygon in _polygons(code):
            fan = _fan(np.array(polygon))
            codes += [code] * len(fan)
            triangles.append(fan)
    return np.array(codes), np.concatenate(triangles)


def _polygons(code: int) -> list[list[Point]]:
    """Return the closed polygons that separate inside from outside, as lists of the middles of cut edges.

    Where two corners of the minority lie diagonally across a face, each of them is cut off separately.
    """
    if code.bit_count() > 4:
        code = 255 - code
    # On each face, a line runs from the point where the face's outline enters the mask to the point where it leaves the
    # mask. The line of the next face, whose outline runs along the common edge in the other direction, starts there.
    next_point: dict[Point, Point] = {}
    for ring in FACES:
        inside = [code >> corner & 1 for corner in ring]
        for enter in range(4):
            if inside[enter - 1] or not inside[enter]:
                continue
            leave = next(i for i in range(enter, enter + 4) if not inside[(i + 1) % 4])
            start = _middle(ring[enter - 1], ring[enter])
            next_point[start] = _middle(ring[leave % 4], ring[(leave + 1) % 4])
    polygons = []
    while next_point:
        polygon = [next(iter(next_point))]
        while polygon[-1] in next_point:
            polygon.append(next_point.pop(polygon[-1]))
        polygons.append(polygon[:-1])
    return polygons


def _middle(first: int, second: int) -> Point:
    return tuple((a + b) / 2 for a, b in zip(CORNERS[first], CORNERS[second], strict=True))


def _fan(polygon: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a polygon (n, 3) as triangles (n - 2, 3, 3) that share a vertex.

    Three or four vertices lie in a plane, so any vertex will do. Otherwise the shared vertex is, as in the published
    table, the one that gives the largest area in a cube.
    """
    fans = []
    for start in range(len(polygon) if len(polygon) > 4 else 1):
        vertices = np.roll(polygon, -start, axis=0)
        hub = np.broadcast_to(vertices[0], vertices[2:].shape)
        fans.append(np.stack([hub, vertices[1:-1], vertices[2:]], axis=1))
    return max(fans, key=lambda t: np.linalg.norm(np.cross(t[:, 1] - t[:, 0], t[:, 2] - t[:, 0]), axis=-1).sum())
