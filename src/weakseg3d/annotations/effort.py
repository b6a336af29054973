"""What an annotation costs a person: clicks, and millimetres drawn.

Points cost one click each, a box two: opposite corners, as Slicer places an ROI. In a label map, an axial slice
without voxels to be ignored was outlined densely, and its outlines are drawn; so a dense mask costs the outlines of
all its slices. On any other slice the curves that are labelled were drawn, and a single voxel was clicked.

Outlines and curves both go in steps along rows, columns and diagonals. So, on square voxels, they are longer than a
smooth line: not at all in these eight directions, by 8 % at most, by 5.5 % on average over all directions.
"""

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from weakseg3d.annotations.curves import pixel_graph
from weakseg3d.annotations.markups import CLASSES, read_markups
from weakseg3d.errors import UserError
from weakseg3d.images.labels import IGNORE
from weakseg3d.images.volumes import long_axis, read_label

CLICKS_PER_BOX = 2
"""Slicer's ROI is placed by two opposite corners."""


@dataclass(frozen=True)
class Effort:
    """The cost of one annotation: ``clicks``, and the length of what was drawn in mm."""

    clicks: int
    drawn_mm: float


def effort(path):
    """Return the `Effort` of the annotation at ``path``: markups (``.mrk.json``) or a label map.

    Raises UserError for a file that cannot be read, and for a label map with other values than 0, 1 and `IGNORE`.
    """
    if str(path).endswith(".json"):
        annotation = read_markups(path)
        points = sum(len(annotation.of(name)) for name in CLASSES)
        return Effort(points + CLICKS_PER_BOX * len(annotation.boxes), 0.0)
    labels = read_label(path)
    array = sitk.GetArrayViewFromImage(labels)
    if not np.isin(np.unique(array), (0, 1, IGNORE)).all():
        raise UserError(
            f"{path}: its values must be 0, 1 and {IGNORE} (not annotated); cut the mask of one organ out with 'split'"
        )
    return label_effort(array, labels.GetSpacing()[::-1], long_axis(labels))


def label_effort(labels, spacing, axis):
    """Return the `Effort` of a label map (z, y, x) of 0, 1 and `IGNORE`, by ``spacing`` (z, y, x) in mm.

    ``axis`` is the one that its slices cut.
    """
    sections, spacing = np.moveaxis(labels, axis, 0), np.delete(spacing, axis)
    ignored = sections == IGNORE
    dense = ~ignored.any(axis=(1, 2))
    clicks, drawn = 0, outline_length(sections[dense] == 1, spacing)
    for section in sections[~dense & ~ignored.all(axis=(1, 2))]:
        for value in (0, 1):
            dots, length = curve_length(section == value, spacing)
            clicks, drawn = clicks + dots, drawn + length
    return Effort(clicks, float(drawn))


def outline_length(sections, spacing):
    """Return the summed length in mm of the outlines in boolean ``sections`` (n, rows, columns), those of holes too.

    An outline passes half-way between voxels inside and outside, as the contour at 0.5 does (marching squares): in
    each square of four neighbouring voxel centres, one voxel that differs from the others is cut off by a
    diagonal of half a step, two that lie side by side by a whole step, and two that lie crosswise by two diagonals.
    Beyond the image's border is outside.
    """
    row, column = spacing
    padded = np.pad(sections, ((0, 0), (1, 1), (1, 1))).astype(np.uint8)
    above, below = padded[:, :-1], padded[:, 1:]
    inside = above[..., :-1] + above[..., 1:] + below[..., :-1] + below[..., 1:]
    two = inside == 2
    along_row = np.count_nonzero(two & (above[..., :-1] == above[..., 1:]))
    along_column = np.count_nonzero(two & (above[..., :-1] == below[..., :-1]))
    crosswise = np.count_nonzero(two) - along_row - along_column
    diagonals = np.count_nonzero(inside % 2) + 2 * crosswise
    return along_row * column + along_column * row + diagonals * np.hypot(row, column) / 2


def curve_length(curve, spacing):
    """Return the single voxels in a boolean ``curve`` (rows, columns), and the length in mm of all else.

    The length is that of the minimum spanning tree over eight neighbours: exact for an open curve one voxel wide,
    one step short for a closed one.
    """
    if not curve.any():
        return 0, 0.0
    graph = pixel_graph(curve, spacing)
    _, pieces = connected_components(graph, directed=False)
    return int(np.count_nonzero(np.bincount(pieces) == 1)), minimum_spanning_tree(graph).sum()
