"""Scribbles: on some axial slices, one curve along the organ's middle and one around the organ."""

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse.csgraph import dijkstra

from weakseg3d.annotations.curves import pixel_graph
from weakseg3d.annotations.slices import axial_slices
from weakseg3d.images.labels import IGNORE
from weakseg3d.images.volumes import like, long_axis
from weakseg3d.registry.parameters import Parameter, Rule, SavedAs


def scribbles(
    mask: sitk.Image,
    every: Annotated[int, Parameter("Interval in slices between slices of the organ with curves.", at_least=1)] = 5,
    margin: Annotated[float, Parameter("Distance of the outer curve from the organ in mm.", above=0)] = 5.0,
    inside: Annotated[
        Literal["middle", "border"],
        Parameter(
            "Where the inner curve runs: along the organ's middle, or along a part of its border, just inside.",
            implied=True,
        ),
    ] = "middle",
    share: Annotated[
        float,
        Parameter("Share of the border that is drawn.", above=0, at_most=1, implied=True),
        Rule("has no effect unless inside is border", lambda share, inside: inside == "border" or share == 0.5),
    ] = 0.5,
    seed: int = 0,
) -> Annotated[sitk.Image, SavedAs(".nii.gz")]:
    """Return one curve inside the organ and one around it, on some axial slices.

    The label map (uint8) is 1 on the former, 0 on the latter, and `IGNORE` elsewhere. Both curves are one voxel wide.
    They are drawn on every ``every``-th axial slice of the organ's extent (`axial_slices`): the first by `inner_curve`
    or, at the ``border``, by `border_curve`; the second, ``margin`` mm from the organ, by `outer_curve`. An empty mask
    gives a map that is `IGNORE` throughout. Curves at the border are the second kind of ScribbleBench (Gotkowski et
    al. 2024, arXiv 2403.12834).
    """
    axis = long_axis(mask)
    array = sitk.GetArrayFromImage(mask) > 0
    labels = np.full(array.shape, IGNORE, np.uint8)
    spacing = np.delete(np.array(mask.GetSpacing())[::-1], axis)
    reach = np.ceil(margin / spacing).astype(int) + 2
    sections, label_sections = np.moveaxis(array, axis, 0), np.moveaxis(labels, axis, 0)
    numbers = axial_slices(mask, every=every)
    for number, generator in zip(numbers, np.random.default_rng(seed).spawn(len(numbers)), strict=True):
        if sections[number].any():
            window = _window(sections[number], reach)
            section = sections[number][window]
            label_sections[number][window][outer_curve(section, spacing, margin)] = 0
            border = inside == "border"
            curve = border_curve(section, spacing, share, generator) if border else inner_curve(section, spacing)
            label_sections[number][window][curve] = 1
    return like(labels, mask)


def inner_curve(section: NDArray[np.bool_], spacing: Sequence[float] | NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return a curve (boolean, shaped like ``section``) along the middle of the section's largest component.

    The curve is the longest of the shortest paths over eight neighbours. A step costs its length in mm divided by the
    depth, which is the distance to the boundary, so the path keeps to the middle. Its ends are cut back to where the
    depth is half the path's median depth, as nobody draws right up to the edge. A component of one voxel is its
    own curve.
    """
    piece = _largest_piece(section)
    depth = ndimage.distance_transform_edt(np.pad(piece, 1), sampling=spacing)[1:-1, 1:-1]
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
    section: NDArray[np.bool_],
    spacing: Sequence[float] | NDArray[np.float64],
    share: float,
    generator: np.random.Generator,
) -> NDArray[np.bool_]:
    """Return a curve (boolean, shaped like ``section``) along a part of the border of the section's largest component.

    The border is the ring of voxels that lie one voxel deep, as nobody hits the very edge. The curve is the part of it
    that is nearest along the ring to a voxel drawn at random, a ``share`` of all of its voxels. A piece without a voxel
    that deep is drawn by `inner_curve`.
    """
    deep = ndimage.binary_erosion(_largest_piece(section))
    ring = deep & ~ndimage.binary_erosion(deep, np.ones((3, 3)))
    number = np.count_nonzero(ring)
    if not number:
        return inner_curve(section, spacing)
    distance = dijkstra(pixel_graph(ring, spacing), directed=False, indices=generator.integers(number))
    nearest = np.argsort(distance, kind="stable")[: max(1, round(share * number))]
    curve = np.zeros(section.shape, bool)
    curve[tuple(np.argwhere(ring)[nearest[np.isfinite(distance[nearest])]].T)] = True
    return curve


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


def _largest_piece(section: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the largest component of a section over eight neighbours."""
    components, _ = ndimage.label(section, np.ones((3, 3)))
    return components == np.bincount(components[section]).argmax()


def _window(section: NDArray[np.bool_], reach: NDArray[np.int64]) -> tuple[slice, ...]:
    """Return the bounding box of ``section``, widened by ``reach`` voxels (rows, columns) but not beyond the image."""
    (box,) = ndimage.find_objects(section.astype(np.uint8))
    return tuple(slice(max(0, along.start - r), along.stop + r) for along, r in zip(box, reach, strict=True))
