"""Label maps that people drew: their values and segments in our coding, and their curves on another grid.

Every drawing tool leaves what was not painted at 0, whereas ours is 0 for background and `IGNORE` for unknown; a
published set of scribbles has a value of its own for that (4 in those of ACDC). So a person says which values are what.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from weakseg3d.annotations.world import to_voxels, to_world
from weakseg3d.errors import UserError, quoted
from weakseg3d.images.labels import IGNORE
from weakseg3d.images.volumes import like, long_axis, read_label

MOST_DRAWN = {"scribbles": 0.5, "slices": 0.9}
"""Share of the voxels that a person may have annotated; of more, "unknown" and "background" must be mixed up."""

SEGMENT_NAME = re.compile(r"Segment(\d+)_Name")


@dataclass(frozen=True)
class Values:
    """What the values of a drawn map mean. Of ``background`` and ``unknown``, one may be empty: it is the rest then."""

    organ: Sequence[int] = ()
    background: Sequence[int] = ()
    unknown: Sequence[int] = ()


def read_drawn_map(
    path: str | os.PathLike[str], values: Values, organ: str = "", kind: str = "scribbles"
) -> sitk.Image:
    """Return a drawn map in our coding: 1 organ, 0 background, `IGNORE` unknown, on its own grid.

    Without ``values.organ``, the map is a segmentation of 3D Slicer (``.seg.nrrd``) with segments named ``organ`` and
    ``background`` (or ``{organ}-background``), or it has our coding already. Raises UserError as `read_label` does,
    for values that contradict each other or that the map lacks, and for a map that says "known" nearly everywhere.
    """
    labels = read_label(path)
    array = sitk.GetArrayFromImage(labels)
    segments = _segments(path)
    if not values.organ and segments:
        values = _values_of(segments, organ, path)
    coded = _coded(array, values, path) if values.organ else array
    if coded.max() > IGNORE:
        raise UserError(
            f"{path}: has the values {np.unique(array).tolist()}; say which one is the organ, and which ones are"
            " background or unknown (--organ-value, --background-value, --unknown)"
        )
    known = np.count_nonzero(coded != IGNORE) / coded.size
    if known > MOST_DRAWN.get(kind, 1.0):
        raise UserError(
            f"{path}: {known:.0%} of the voxels would be known, too much for {kind}: what was not painted must be"
            " unknown; name its value with --unknown (0 in most drawing tools)"
        )
    return like(coded, labels)


def on_grid(drawn: sitk.Image, grid: sitk.Image, kind: str) -> NDArray[np.uint8]:
    """Return a drawn map (0, 1, `IGNORE`) on another ``grid`` (z, y, x) of the same box, with thin curves kept.

    Each voxel takes the nearest value; then the centre of every annotated voxel marks the voxel it lies in, so that no
    curve is lost on a coarser grid. Where several do, scribbles of the organ win, whereas outlined slices keep their
    area (`_with_area`). Raises UserError if the two boxes differ by more than a voxel.
    """
    _check_box(drawn, grid)
    nearest = sitk.Resample(drawn, grid, sitk.Transform(), sitk.sitkNearestNeighbor, IGNORE)
    result = sitk.GetArrayFromImage(nearest)
    array = sitk.GetArrayViewFromImage(drawn)
    votes = np.zeros((2, result.size), np.int32)
    for value in (0, 1):
        points = to_voxels(to_world(np.argwhere(array == value), drawn), grid)
        places = np.clip(np.rint(points), 0, np.array(result.shape) - 1).astype(int)
        np.add.at(votes[value], np.ravel_multi_index(tuple(places.T), result.shape), 1)
    background, organ = votes.reshape(2, *result.shape)
    marked = (background + organ) > 0
    inside = organ > 0 if kind == "scribbles" else _with_area(organ, marked, background, long_axis(grid))
    result[marked] = inside[marked]
    return result


def _with_area(
    organ: NDArray[np.int32], marked: NDArray[np.bool_], background: NDArray[np.int32], axis: int
) -> NDArray[np.bool_]:
    """Return the voxels that are organ, by the votes (z, y, x) for ``organ`` and ``background``.

    On each slice across ``axis`` they are those with the highest shares of votes, and as many as the shares add up to,
    so that the area stays within half a voxel of what was drawn. A majority would enlarge or shrink small sections.
    """
    shares = np.zeros(organ.shape)
    np.divide(organ, organ + background, out=shares, where=marked)
    sections = np.moveaxis(shares, axis, 0).reshape(shares.shape[axis], -1)
    numbers = np.rint(sections.sum(axis=1)).astype(int)
    inside = np.zeros(sections.shape, bool)
    for section, row, number in zip(sections, inside, numbers, strict=True):
        row[np.argsort(-section, kind="stable")[:number]] = True
    shape = np.moveaxis(shares, axis, 0).shape
    return np.moveaxis(inside.reshape(shape), 0, axis)


def _coded(array: NDArray[np.uint8], values: Values, path: str | os.PathLike[str]) -> NDArray[np.uint8]:
    named = [*values.organ, *values.background, *values.unknown]
    if len(set(named)) < len(named):
        raise UserError(f"{path}: a value cannot be two of organ, background and unknown; correct the values")
    if not values.background and not values.unknown:
        raise UserError(
            f"{path}: say which values are background or which are unknown; drawing tools leave 0 where nothing was"
            " painted"
        )
    found = set(np.unique(array).tolist())
    if values.background and values.unknown and found - set(named):
        rest = sorted(found - set(named))
        raise UserError(f"{path}: the values {rest} are neither organ, background nor unknown; name them, too")
    coded = np.full(array.shape, IGNORE if values.background else 0, np.uint8)
    coded[np.isin(array, list(values.background))] = 0
    coded[np.isin(array, list(values.unknown))] = IGNORE
    coded[np.isin(array, list(values.organ))] = 1
    return coded


def _segments(path: str | os.PathLike[str]) -> dict[str, int]:
    """Return ``{name: value}`` of the segments in the header of a ``.seg.nrrd``; nothing for any other file."""
    header = sitk.ImageFileReader()
    header.SetFileName(str(path))
    header.ReadImageInformation()
    segments = {}
    for key in header.GetMetaDataKeys():
        match = SEGMENT_NAME.fullmatch(key)
        value = f"Segment{match[1]}_LabelValue" if match else ""
        if match and header.HasMetaDataKey(value) and header.GetMetaData(value).isdecimal():
            segments[header.GetMetaData(key)] = int(header.GetMetaData(value))
    return segments


def _values_of(segments: dict[str, int], organ: str, path: str | os.PathLike[str]) -> Values:
    """Return what the named segments mean for ``organ``: other organs are background, the rest is unknown."""
    names = {name.strip().lower().replace("_", "-"): value for name, value in segments.items()}
    wanted = (organ or "organ").lower().replace("_", "-")
    if wanted not in names:
        raise UserError(
            f"{path}: has no segment called {quoted(organ or 'organ')}, only {quoted(', '.join(segments))}; rename it"
            " or give --organ"
        )
    others = [value for name, value in names.items() if name != wanted]
    if not others:
        raise UserError(f"{path}: has no segment 'background' beside {quoted(organ or 'organ')}; draw where it is not")
    return Values([names[wanted]], others, ())


def _check_box(drawn: sitk.Image, grid: sitk.Image) -> None:
    """Raise UserError unless both images cover the same physical box, up to a voxel of the coarser one."""
    corners = []
    for image in (drawn, grid):
        last = np.array(image.GetSize())[::-1] - 0.5
        corners.append(to_world(np.stack([np.full(3, -0.5), last]), image))
    tolerance = max(*drawn.GetSpacing(), *grid.GetSpacing())
    if np.abs(corners[0] - corners[1]).max() > tolerance:
        raise UserError("covers another region than the image; pass the map that was drawn on this image")
