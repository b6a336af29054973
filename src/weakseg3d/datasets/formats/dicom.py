"""DICOM series: read exactly as the headers say, ordered by the positions of the slices, or rejected.

A message names the file and the tag. The rules for one file are those of `read_frames` and `stored_values`; the
rules for the slices of a series are those of `read_series`.
"""

import os
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from weakseg3d.datasets.file_search import natural
from weakseg3d.errors import UserError
from weakseg3d.files import existing_folder

if TYPE_CHECKING:
    from weakseg3d.datasets.formats.dicom_frames import Frame

SPACING_TOLERANCE = 0.2
"""The gap between two slices may differ from the median gap by this share of it (a missing slice doubles it), and a
slice may lie off its place in the even grid by this share of the spacing."""

DRIFT_TOLERANCE = 0.2
"""Slices may be displaced sideways by this share of a pixel, or by what `ANGLE_TOLERANCE` explains if that is more."""

ANGLE_TOLERANCE = 1e-3
"""Largest difference between direction cosines, and largest sideways displacement per distance along the normal, that
rounding explains."""


def files_of(folder: str | os.PathLike[str], suffix: str) -> list[Path]:
    """Return the files of ``folder`` with ``suffix`` in natural order; raise a UserError if there are none."""
    files = [path for path in _visible_files(folder) if path.suffix.lower() == suffix]
    if not files:
        raise UserError(f"{folder}: no {suffix} files; unpack the archive again")
    return files


def is_dicom(path: str | os.PathLike[str]) -> bool:
    """Return whether ITK would read the file as DICOM, which depends on its content and not on its name."""
    return sitk.ImageFileReader.GetImageIOFromFileName(str(path)) == "GDCMImageIO"


def read_series_folder(folder: str | os.PathLike[str]) -> sitk.Image:
    """Return the series in ``folder``, of the files that `series_files` names.

    An enhanced multi-frame file must be the only one. Raises UserError as `series_files` and `read_series` do.
    """
    return read_series(series_files(folder))[0]


def series_files(folder: str | os.PathLike[str]) -> list[Path]:
    """Return all ``.dcm`` files in ``folder`` or, if no file has this suffix, all its files, in natural order.

    Raises UserError for an empty folder.
    """
    files = [path for path in _visible_files(folder) if path.name != "DICOMDIR"]
    slices = [path for path in files if path.suffix.lower() == ".dcm"] or files
    if not slices:
        raise UserError(f"{folder}: no DICOM files; copy the series again")
    return slices


def _visible_files(folder: str | os.PathLike[str]) -> list[Path]:
    files = (path for path in existing_folder(folder).iterdir() if path.is_file() and not path.name.startswith("."))
    return sorted(files, key=lambda path: natural(path.name))


def read_series(slices: Sequence[Path]) -> tuple[sitk.Image, NDArray[np.int64]]:
    """Return a series as float32 with its true geometry, and the order of ``slices`` (paths) in it.

    ``slices`` are files of one slice each, or one enhanced multi-frame file. They are ordered by ImagePositionPatient
    along their normal, so the direction is right-handed; the spacing across them is their mean distance, or the
    SliceThickness of a single slice. The order is an array of indices into ``slices``, or into the frames of the one
    file.

    Raises UserError as `read_frames` and `stored_values` do, and if a file differs from the first in its series, frame
    of reference, size, pixel format, spacing or orientation; if it repeats a position; if a slice is missing before it
    or the positions are uneven; or if they drift sideways (a tilted gantry).
    """
    frames, order, distance = series_frames(slices)
    image = sitk.GetImageFromArray(_voxels([frames[k] for k in order]))
    image.SetSpacing([*frames[0].spacing, distance])
    image.SetOrigin(frames[order[0]].position.tolist())
    image.SetDirection(frames[0].direction.ravel().tolist())
    return image, order


def series_frames(slices: Sequence[Path]) -> tuple[list["Frame"], NDArray[np.int64], float]:
    """Return the planes of a series as they are stored, their order along the normal, and their mean distance in mm.

    ``slices``, the order and the errors are those of `read_series`, except that pixels are not read.
    """
    # pydicom takes half a second to load, so it is not imported for other formats.
    from weakseg3d.datasets.formats.dicom_frames import read_frames

    frames: list[Frame] = []
    for path in slices:
        new_frames = read_frames(path)
        if len(slices) > 1 and len(new_frames) > 1:
            raise UserError(
                f"{path}: contains several slices (NumberOfFrames is {len(new_frames)}); put it into a separate folder"
            )
        frames += new_frames
        _check_same_series(frames[0], new_frames)
    origins = np.array([frame.position for frame in frames])
    positions = origins @ frames[0].direction[:, 2]
    order = np.argsort(positions, kind="stable")
    in_order = [frames[k] for k in order]
    _check_gaps(in_order, positions[order])
    _check_drift(in_order, origins[order], positions[order])
    return frames, order, _slice_distance(in_order, positions[order])


def _check_same_series(first: "Frame", frames: Sequence["Frame"]) -> None:
    """Raise a UserError with the tag and both values if one of ``frames`` does not belong with ``first``."""
    from weakseg3d.datasets.formats.dicom_headers import bare

    for frame in frames:
        exact = {
            "SeriesInstanceUID": (frame.series, first.series),
            "FrameOfReferenceUID": (frame.frame_of_reference, first.frame_of_reference),
            "Rows": (frame.layout.rows, first.layout.rows),
            "Columns": (frame.layout.columns, first.layout.columns),
            "BitsAllocated": (frame.layout.bits_allocated, first.layout.bits_allocated),
            "PixelRepresentation": (int(frame.layout.signed), int(first.layout.signed)),
        }
        differences: list[tuple[str, object, object]] = [
            (keyword, *pair) for keyword, pair in exact.items() if pair[0] != pair[1]
        ]
        if not np.allclose(frame.direction, first.direction, rtol=0, atol=ANGLE_TOLERANCE):
            vectors = [np.round(plane.direction[:, :2].T.ravel(), 4).tolist() for plane in (frame, first)]
            differences.append(("ImageOrientationPatient", *vectors))
        if not np.allclose(frame.spacing, first.spacing, rtol=1e-4, atol=0):
            differences.append(("PixelSpacing", frame.spacing[::-1], first.spacing[::-1]))
        if differences:
            keyword, value, expected = differences[0]
            values = f"{bare(value)}, not {bare(expected)}"
            raise UserError(
                f"{frame.path}: {_frame_prefix(frame)}differs from {first.name} in {keyword} "
                f"({values}); keep one series per folder"
            )


def _frame_prefix(frame: "Frame") -> str:
    """Return what a message says after the path: nothing for a classic file, the frame's number otherwise."""
    return "" if frame.name == frame.path.name else f"frame {frame.index + 1} "


def _check_gaps(frames: Sequence["Frame"], positions: NDArray[np.float64]) -> None:
    """Raise a UserError unless the ``positions`` of ``frames`` (mm, ascending) are evenly spaced."""
    gaps = np.diff(positions)
    if not len(gaps):
        return
    usual = np.median(gaps[gaps > 0.01]) if (gaps > 0.01).any() else 0.0
    for first, second, gap in zip(frames, frames[1:], gaps, strict=False):
        place = f"{second.path}: {_frame_prefix(second)}"
        if gap <= 0.01:
            raise UserError(
                f"{place}repeats the position of {first.name} (ImagePositionPatient); remove one of the two slices"
            )
        if gap > usual * (1 + SPACING_TOLERANCE):
            raise UserError(
                f"{place}lies {gap:.2f} mm from {first.name}, although {usual:.2f} mm is usual, so a slice between "
                "them is missing (ImagePositionPatient); unpack the archive again"
            )
        if gap < usual * (1 - SPACING_TOLERANCE):
            raise UserError(
                f"{place}lies {gap:.2f} mm from {first.name}, although {usual:.2f} mm is usual (ImagePositionPatient); "
                "keep one series per folder"
            )
    distances = np.abs(positions - np.linspace(positions[0], positions[-1], len(positions)))
    farthest = int(distances.argmax())
    if distances[farthest] > SPACING_TOLERANCE * gaps.mean():
        frame = frames[farthest]
        raise UserError(
            f"{frame.path}: {_frame_prefix(frame)}lies {distances[farthest]:.2f} mm off its place, as the distance "
            f"between slices is not constant (ImagePositionPatient); resample the series to an even grid"
        )


def _check_drift(frames: Sequence["Frame"], origins: NDArray[np.float64], positions: NDArray[np.float64]) -> None:
    """Raise a UserError if ``origins`` (n, 3) of the ordered ``frames`` do not lie on one line along the normal."""
    normal = frames[0].direction[:, 2]
    across = origins - np.outer(positions, normal)
    drift = np.linalg.norm(across - across[0], axis=1)
    allowed = np.maximum(DRIFT_TOLERANCE * min(frames[0].spacing), ANGLE_TOLERANCE * (positions - positions[0]))
    if (drift > allowed).any():
        frame = frames[int(drift.argmax())]
        raise UserError(
            f"{frame.path}: {_frame_prefix(frame) or 'the slice '}is displaced sideways from the first by "
            f"{drift.max():.1f} mm (ImagePositionPatient), as with a tilted gantry; resample the series to an "
            "orthogonal grid"
        )


def _slice_distance(frames: Sequence["Frame"], positions: NDArray[np.float64]) -> float:
    """Return the mean distance of the ordered slices in mm, or the thickness of a single slice."""
    if len(frames) > 1:
        return float(positions[-1] - positions[0]) / (len(frames) - 1)
    if frames[0].thickness is None:
        raise UserError(
            f"{frames[0].path}: SliceThickness, needed for a single slice, is missing or not positive; "
            "export the series again"
        )
    return frames[0].thickness


def _voxels(frames: Sequence["Frame"]) -> NDArray[np.float32]:
    """Return the rescaled voxels (z, y, x) of the ordered ``frames``."""
    from weakseg3d.datasets.formats.dicom_pixels import stored_values

    layout = frames[0].layout
    voxels: NDArray[np.float32] | None = None
    start = 0
    for path, group in groupby(frames, key=lambda frame: frame.path):
        planes = list(group)
        stored = stored_values(path, len(planes), planes[0].layout)
        if voxels is None:  # Only now is it certain that a header with a huge size is true.
            voxels = np.empty((len(frames), layout.rows, layout.columns), np.float32)
        for z, frame in enumerate(planes, start=start):
            with np.errstate(over="ignore", invalid="ignore"):
                voxels[z] = stored[frame.index] * np.float64(frame.slope) + np.float64(frame.intercept)
            if not np.isfinite(voxels[z]).all():
                raise UserError(
                    f"{path}: RescaleSlope {frame.slope} and RescaleIntercept {frame.intercept} give values that are "
                    "not finite; export the series again"
                )
        start += len(planes)
    assert voxels is not None  # There is at least one frame.
    return voxels
