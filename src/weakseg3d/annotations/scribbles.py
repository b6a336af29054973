"""Scribbles: on some axial slices, one curve in the organ, along its middle or its border, and one around the organ.

Training from scribbles was introduced by ScribbleSup (https://doi.org/10.1109/CVPR.2016.344). ScribbleBench
(https://github.com/MIC-DKFZ/ScribbleBench) simulates both kinds of curve; along the border it draws a part of the
contour of the eroded organ. Here the curve along the border is the whole contour, so nothing is drawn at random.
"""

from collections.abc import Sequence

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse.csgraph import dijkstra

from weakseg3d.annotations.curves import pixel_graph
from weakseg3d.annotations.slices import axial_slices
from weakseg3d.images.labels import IGNORE
from weakseg3d.images.volumes import like, long_axis


def annotate_scribbles(
    mask: sitk.Image, every: int = 5, margin: float = 5.0, curve: str = "centre", inset: float = 2.0
) -> sitk.Image:
    """Return a label map (uint8): 1 on a curve inside the organ, 0 on a curve around it, `IGNORE` elsewhere.

    Both curves are one voxel wide. They are drawn on every ``every``-th axial slice of the organ's extent
    (`axial_slices`): the first by `inner_curve` or, if ``curve`` is border, ``inset`` mm from the background by
    `border_curve`; the second, ``margin`` mm from the organ, by `outer_curve`. An empty mask gives a map that is
    `IGNORE` throughout.
    """
    axis = long_axis(mask)
    array = sitk.GetArrayFromImage(mask) > 0
    labels = np.full(array.shape, IGNORE, np.uint8)
    spacing = np.delete(np.array(mask.GetSpacing())[::-1], axis)
    reach = np.ceil(margin / spacing).astype(int) + 2
    sections, label_sections = np.moveaxis(array, axis, 0), np.moveaxis(labels, axis, 0)
    for number in axial_slices(mask, every=every):
        if sections[number].any():
            window = _window(sections[number], reach)
            section = sections[number][window]
            label_sections[number][window][outer_curve(section, spacing, margin)] = 0
            inner = inner_curve(section, spacing) if curve == "centre" else border_curve(section, spacing, inset)
            label_sections[number][window][inner] = 1
    return like(labels, mask)


def inner_curve(section: NDArray[np.bool_], spacing: Sequence[float] | NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return a curve (boolean, shaped like ``section``) along the middle of the section's largest component.

    The curve is the longest of the shortest paths over eight neighbours. A step costs its length in mm divided by the
    depth, which is the distance to the boundary, so the path keeps to the middle. Its ends are cut back to where the
    depth is half the path's median depth, as nobody draws right up to the edge. A component of one voxel is its
    own curve.
    """
    piece = _largest_component(section)
    depth = _depth(piece, spacing)
    depths = depth[piece]
    # Outside the piece, where no path runs, the depth is 0.
    graph = pixel_graph(piece, spacing, 1 / np.maximum(depth, min(spacing)))
    # The voxel farthest from any other is one end of a longest shortest path: exactly in a tree, nearly here.
    start = dijkstra(graph, directed=False, indices=depths.argmax()).argmax()
    distance, previous = dijkstra(graph, directed=False, indices=start, return_predecessors=True)
    path = [int(distance.argmax())]
    while path[-1] != start:
        path.append(int(previous[path[-1]]))
    deep = np.flatnonzero(depths[path] >= np.median(depths[path]) / 2)
    curve = np.zeros(section.shape, bool)
    curve[tuple(np.argwhere(piece)[path[deep[0] : deep[-1] + 1]].T)] = True
    return curve


def border_curve(
    section: NDArray[np.bool_], spacing: Sequence[float] | NDArray[np.float64], inset: float
) -> NDArray[np.bool_]:
    """Return a curve (boolean, shaped like ``section``) along the border of the section's largest component, inside it.

    It consists of the outermost voxels that are at least ``inset`` mm away from the nearest voxel outside the
    component, from centre to centre: with an inset of one voxel or less, of the component's outermost layer. If no
    voxel is that deep, it consists of the deepest ones. The curve is closed; holes have a curve of their own, and so
    have parts that are joined only by something narrower. The image's border counts as the component's border.
    """
    depth = _depth(_largest_component(section), spacing)
    deep = depth >= min(inset, depth.max())
    return deep & ~ndimage.binary_erosion(deep)


def outer_curve(
    section: NDArray[np.bool_], spacing: Sequence[float] | NDArray[np.float64], margin: float
) -> NDArray[np.bool_]:
    """Return a curve (boolean, shaped like ``section``) around the whole section, ``margin`` mm away from it.

    It may be up to a voxel farther away, and the image's border clips it. Parts of the section that are farther apart
    get separate curves; holes get none. If no voxel is as far away as the margin, the curve runs along the farthest
    voxels; only a section that fills the slice has no curve.
    """
    if section.all():
        return np.zeros_like(section)
    distance = ndimage.distance_transform_edt(~section, sampling=spacing)
    near = distance < min(margin, distance.max())
    filled = ndimage.binary_fill_holes(near)
    near = near if filled.all() else filled
    return ndimage.binary_dilation(near) & ~near


def _largest_component(section: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the largest component over eight neighbours; of several equally large ones, the first."""
    components, _ = ndimage.label(section, np.ones((3, 3)))
    return components == np.bincount(components[section]).argmax()


def _depth(piece: NDArray[np.bool_], spacing: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distance in mm of each voxel of ``piece`` to the nearest one outside; beyond the image is outside."""
    return ndimage.distance_transform_edt(np.pad(piece, 1), sampling=spacing)[1:-1, 1:-1]


def _window(section: NDArray[np.bool_], reach: NDArray[np.int64]) -> tuple[slice, ...]:
    """Return the bounding box of ``section``, widened by ``reach`` voxels (rows, columns) but not beyond the image."""
    (box,) = ndimage.find_objects(section.astype(np.uint8))
    return tuple(slice(max(0, along.start - r), along.stop + r) for along, r in zip(box, reach, strict=True))
