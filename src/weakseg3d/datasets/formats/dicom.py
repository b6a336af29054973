"""DICOM series: slices are ordered by their position, and no slice may be missing."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from weakseg3d.datasets.file_search import natural
from weakseg3d.errors import UserError
from weakseg3d.files import existing_folder

SPACING_TOLERANCE = 0.2
"""The gap between two slices may differ from the median gap by this share of it; a missing slice doubles it."""


def files_of(folder: str | os.PathLike[str], suffix: str) -> list[Path]:
    """Return the files of ``folder`` with ``suffix`` in natural order; raise a UserError if there are none."""
    files = [path for path in _visible_files(folder) if path.suffix.lower() == suffix]
    if not files:
        raise UserError(f"{folder}: no {suffix} files; unpack the archive again")
    return files


def read_series_folder(folder: str | os.PathLike[str]) -> sitk.Image:
    """Return the series of all ``.dcm`` files in ``folder`` or, if no file has this suffix, of all its files.

    Raises UserError for an empty folder, and as `read_series` does.
    """
    files = [path for path in _visible_files(folder) if path.name != "DICOMDIR"]
    slices = [path for path in files if path.suffix.lower() == ".dcm"] or files
    if not slices:
        raise UserError(f"{folder}: no DICOM files; copy the series again")
    return read_series(slices)[0]


def _visible_files(folder: str | os.PathLike[str]) -> list[Path]:
    files = (path for path in existing_folder(folder).iterdir() if path.is_file() and not path.name.startswith("."))
    return sorted(files, key=lambda path: natural(path.name))


def read_series(slices: Sequence[Path]) -> tuple[sitk.Image, NDArray[np.int64]]:
    """Return a series as float32 with its true geometry, and the order of ``slices`` (paths) in it.

    Slices are ordered by ImagePositionPatient along their normal, so the direction is right-handed; the spacing
    across them is their mean distance. The order is an array of indices into ``slices``.

    Raises UserError with the name of the file if it is not DICOM, if its size or orientation differs from the first
    file, if it repeats a position, if a slice is missing before it, if positions drift sideways (a tilted gantry), or
    if its voxels are damaged.
    """
    origins, directions, spacing = _positions(slices)
    normal = directions[0][:, 2]
    positions = origins @ normal
    order = np.argsort(positions, kind="stable")
    _check_gaps([slices[k] for k in order], positions[order])
    across = origins - np.outer(positions, normal)
    drift = np.linalg.norm(across - across[order[0]], axis=1)
    if drift.max() > min(spacing[:2]):
        raise UserError(
            f"{slices[int(drift.argmax())]}: the slice is displaced sideways from the first by {drift.max():.1f} mm, "
            "as with a tilted gantry; resample the series to an orthogonal grid"
        )
    image = _voxels([slices[k] for k in order])
    if len(slices) > 1:
        spacing[2] = (positions[order[-1]] - positions[order[0]]) / (len(slices) - 1)
    image.SetSpacing(spacing)
    image.SetOrigin(origins[order[0]].tolist())
    image.SetDirection(directions[0].ravel().tolist())
    return image, order


def _positions(slices: Sequence[Path]) -> tuple[NDArray[np.float64], list[NDArray[np.float64]], list[float]]:
    """Return origins (n, 3) in mm, direction matrices (n, 3, 3) and the spacing [x, y, z] of the first slice."""
    reader = sitk.ImageFileReader()
    origins, directions, sizes, spacings = [], [], [], []
    for path in slices:
        reader.SetFileName(str(path))
        try:
            reader.ReadImageInformation()
        except RuntimeError:
            raise UserError(f"{path}: not a readable DICOM slice; unpack the archive again") from None
        origins.append(reader.GetOrigin())
        directions.append(np.reshape(reader.GetDirection(), (3, 3)))
        sizes.append(reader.GetSize()[:2])
        spacings.append(reader.GetSpacing())
        same = sizes[-1] == sizes[0] and np.allclose(directions[-1], directions[0], atol=1e-3)
        if len(slices) > 1 and reader.GetSize()[2] > 1:
            raise UserError(f"{path}: contains several slices; put it into a separate folder")
        if not same or not np.allclose(spacings[-1][:2], spacings[0][:2], atol=1e-3):
            raise UserError(f"{path}: differs from {slices[0].name} in size or orientation; keep one series per folder")
    return np.array(origins), directions, list(spacings[0])


def _check_gaps(slices: Sequence[Path], positions: NDArray[np.float64]) -> None:
    """Raise a UserError unless the ``positions`` of ``slices`` (mm, ascending) are evenly spaced."""
    gaps = np.diff(positions)
    if not len(gaps):
        return
    usual = np.median(gaps[gaps > 0.01]) if (gaps > 0.01).any() else 0.0
    for first, second, gap in zip(slices, slices[1:], gaps, strict=False):
        if gap <= 0.01:
            raise UserError(f"{second}: repeats the position of {first.name}; remove one of the two slices")
        if gap > usual * (1 + SPACING_TOLERANCE):
            raise UserError(
                f"{second}: lies {gap:.2f} mm from {first.name}, although {usual:.2f} mm is usual, so a slice between "
                "them is missing; unpack the archive again"
            )
        if gap < usual * (1 - SPACING_TOLERANCE):
            raise UserError(
                f"{second}: lies {gap:.2f} mm from {first.name}, although {usual:.2f} mm is usual; "
                "keep one series per folder"
            )


def _voxels(slices: Sequence[Path]) -> sitk.Image:
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames([str(path) for path in slices])
    reader.SetOutputPixelType(sitk.sitkFloat32)
    try:
        image = reader.Execute()
    except RuntimeError:
        folder = slices[0].parent
        raise UserError(f"{folder}: a DICOM slice cannot be read or is truncated; unpack the archive again") from None
    if image.GetNumberOfComponentsPerPixel() != 1:
        raise UserError(f"{slices[0]}: a colour image; keep only the greyscale series")
    return image
