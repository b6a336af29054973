"""Scribbles: on some axial slices one curve along the organ's middle and one round the organ."""

import numpy as np
import SimpleITK as sitk
from scipy import ndimage
from scipy.sparse.csgraph import dijkstra

from weakseg3d.annotations.curves import pixel_graph
from weakseg3d.annotations.slices import axial_slices
from weakseg3d.images.labels import IGNORE
from weakseg3d.images.volumes import like, long_axis


def annotate_scribbles(mask, every=5, margin=5.0):
    """Return a label map (uint8): 1 on a curve inside the organ, 0 on a curve round it, `IGNORE` elsewhere.

    Both are one voxel wide and drawn on every ``every``-th axial slice of the organ's extent (`axial_slices`), with
    `inner_curve` and, ``margin`` mm from the organ, `outer_curve`. An empty mask gives a map that is `IGNORE`
    throughout.
    """
    axis = long_axis(mask)
    array = sitk.GetArrayFromImage(mask) > 0
    labels = np.full(array.shape, IGNORE, np.uint8)
    spacing = np.delete(np.array(mask.GetSpacing())[::-1], axis)
    reach = np.ceil(margin / spacing).astype(int) + 2
    sections, drawn = np.moveaxis(array, axis, 0), np.moveaxis(labels, axis, 0)
    for number in axial_slices(mask, None, every)[axis]:
        if sections[number].any():
            window = _window(sections[number], reach)
            section = sections[number][window]
            drawn[number][window][outer_curve(section, spacing, margin)] = 0
            drawn[number][window][inner_curve(section, spacing)] = 1
    return like(labels, mask)


def inner_curve(section, spacing):
    """Return a curve (boolean, like ``section``) along the middle of the section's largest component.

    It is the longest of the shortest paths over eight neighbours, where a step costs its length in mm divided by the
    depth, the distance to the boundary: so it keeps to the middle. Its ends are cut back to where the depth is half
    the path's median, as nobody draws up to the edge. A component of one voxel is its own curve.
    """
    components, _ = ndimage.label(section, np.ones((3, 3)))
    piece = components == np.bincount(components[section]).argmax()
    depth = ndimage.distance_transform_edt(np.pad(piece, 1), sampling=spacing)[1:-1, 1:-1]
    depths = depth[piece]
    # Outside the piece, where no path runs, the depth is 0.
    graph = pixel_graph(piece, spacing, 1 / np.maximum(depth, min(spacing)))
    # The voxel farthest from any other is an end of a longest shortest path: exactly so in a tree, nearly here.
    start = dijkstra(graph, directed=False, indices=depths.argmax()).argmax()
    distance, previous = dijkstra(graph, directed=False, indices=start, return_predecessors=True)
    path = [int(distance.argmax())]
    while path[-1] != start:
        path.append(int(previous[path[-1]]))
    deep = np.flatnonzero(depths[path] >= np.median(depths[path]) / 2)
    curve = np.zeros(section.shape, bool)
    curve[tuple(np.argwhere(piece)[path[deep[0] : deep[-1] + 1]].T)] = True
    return curve


def outer_curve(section, spacing, margin):
    """Return a curve (boolean, like ``section``) round the whole section, ``margin`` mm from it or up to a voxel more.

    The image's border clips it; parts of the section that are farther apart have curves of their own, holes none.
    Where no voxel is that far away the curve runs along the farthest ones; only a section that fills the slice has
    no curve.
    """
    if section.all():
        return np.zeros_like(section)
    distance = ndimage.distance_transform_edt(~section, sampling=spacing)
    near = distance < min(margin, distance.max())
    filled = ndimage.binary_fill_holes(near)
    near = near if filled.all() else filled
    return ndimage.binary_dilation(near) & ~near


def _window(section, reach):
    """Return the bounding box of ``section``, widened by ``reach`` voxels (rows, columns) but not beyond the image."""
    (box,) = ndimage.find_objects(section.astype(np.uint8))
    return tuple(slice(max(0, along.start - r), along.stop + r) for along, r in zip(box, reach, strict=True))
