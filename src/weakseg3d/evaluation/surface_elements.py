"""The surface of a mask as elements with an area, by the definition behind the normalised surface Dice.

An element lies where eight voxels meet, some in the mask and some not; beyond the volume's border everything
counts as outside. Its area in mm² is that of the marching cubes surface through the cube between the centres of
the eight voxels, which cuts every edge between inside and outside in the middle. Nikolov et al. 2021,
doi:10.2196/26151, and their package surface-distance (google-deepmind).
"""

from functools import cache
from itertools import product

import numpy as np

from weakseg3d.evaluation.surfaces import nearest_distances

CORNERS = tuple(product((0, 1), repeat=3))
"""The corners (z, y, x) of the cube; corner k adds 2^k to the neighbourhood's code when it lies in the mask."""


def _faces():
    """Return the corners of each face as a ring, counter-clockwise seen from outside the cube."""
    rings = []
    for axis, side in product(range(3), (0, 1)):
        ring = []
        for u, v in ((0, 0), (1, 0), (1, 1), (0, 1)):
            corner = [side, side, side]
            corner[(axis + 1) % 3], corner[(axis + 2) % 3] = u, v
            ring.append(CORNERS.index(tuple(corner)))
        rings.append(ring if side else ring[::-1])
    return rings


FACES = _faces()


def element_areas(spacing):
    """Return the area in mm² of the surface element of each of the 256 codes of `neighbour_codes`, float64.

    ``spacing`` is (z, y, x) in mm. Codes 0 and 255, all outside and all inside, have none.
    """
    codes, triangles = _triangles()
    a, b, c = np.moveaxis(triangles * spacing, 1, 0)
    areas = np.bincount(codes, np.linalg.norm(np.cross(b - a, c - a), axis=-1) / 2, minlength=128)
    # A code and its complement, mask and background exchanged, have the same surface.
    return np.concatenate([areas, areas[::-1]])


def neighbour_codes(mask):
    """Return the code of the eight voxels around every point at which eight voxels meet.

    ``mask`` is boolean (z, y, x); the result, uint8, is larger by one along each axis: its point (i, j, k) lies
    between the voxels (i - 1, j - 1, k - 1) and (i, j, k).
    """
    padded = np.pad(mask, 1).view(np.uint8)
    codes = np.zeros(np.add(mask.shape, 1), np.uint8)
    for bit, corner in enumerate(CORNERS):
        window = tuple(slice(start, start + n) for start, n in zip(corner, codes.shape, strict=True))
        codes |= padded[window] << np.uint8(bit)
    return codes


def surface_area_within(prediction, reference, spacing, tolerance):
    """Return the area of both surfaces in mm², and how much of it lies within the tolerance of the other surface.

    ``prediction`` and ``reference`` are boolean arrays (z, y, x), neither of them empty; ``spacing`` is
    (z, y, x) and ``tolerance`` in mm. Distances run between the elements' positions. As with `surface_distances`,
    cut both masks to the box of their union first.
    """
    areas = element_areas(spacing)
    areas_of, elements = [], []
    for mask in (prediction, reference):
        codes = neighbour_codes(mask)
        elements.append((codes > 0) & (codes < 255))
        areas_of.append(areas[codes[elements[-1]]])
    whole = within = 0.0
    limit = np.nextafter(tolerance, np.inf)
    for area, start, target in zip(areas_of, elements, elements[::-1], strict=True):
        whole += area.sum()
        within += area[nearest_distances(start, target, spacing, limit) <= tolerance].sum()
    return whole, within


@cache
def _triangles():
    """Return the triangles of the codes below 128: the code of each (t,), and its vertices (t, 3, zyx) in voxels."""
    codes, triangles = [], []
    for code in range(1, 128):
        for polygon in _polygons(code):
            fan = _fan(np.array(polygon))
            codes += [code] * len(fan)
            triangles.append(fan)
    return np.array(codes), np.concatenate(triangles)


def _polygons(code):
    """Return the closed polygons, lists of the middles of cut edges, that part inside from outside.

    The corners in the minority are cut off one by one where two of them lie diagonally across a face.
    """
    if code.bit_count() > 4:
        code = 255 - code
    # On each face, a line runs from where its outline enters the mask to where it leaves it. The next face, whose
    # outline runs along their common edge in the other direction, goes on from there.
    following = {}
    for ring in FACES:
        inside = [code >> corner & 1 for corner in ring]
        for enter in range(4):
            if inside[enter - 1] or not inside[enter]:
                continue
            leave = next(i for i in range(enter, enter + 4) if not inside[(i + 1) % 4])
            start = _middle(ring[enter - 1], ring[enter])
            following[start] = _middle(ring[leave % 4], ring[(leave + 1) % 4])
    polygons = []
    while following:
        polygon = [next(iter(following))]
        while polygon[-1] in following:
            polygon.append(following.pop(polygon[-1]))
        polygons.append(polygon[:-1])
    return polygons


def _middle(first, second):
    return tuple((a + b) / 2 for a, b in zip(CORNERS[first], CORNERS[second], strict=True))


def _fan(polygon):
    """Return a polygon (n, 3) as triangles (n - 2, 3, 3) that share a vertex.

    Three or four vertices lie in a plane; of more, the published table shares the one with the largest area in a cube.
    """
    fans = []
    for start in range(len(polygon) if len(polygon) > 4 else 1):
        vertices = np.roll(polygon, -start, axis=0)
        hub = np.broadcast_to(vertices[0], vertices[2:].shape)
        fans.append(np.stack([hub, vertices[1:-1], vertices[2:]], axis=1))
    return max(fans, key=lambda t: np.linalg.norm(np.cross(t[:, 1] - t[:, 0], t[:, 2] - t[:, 0]), axis=-1).sum())
