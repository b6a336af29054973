"""Opening a volume: the format is recognised by content, and two parsers must agree about the header."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from weakseg3d.errors import UserError, printable
from weakseg3d.files import existing_file
from weakseg3d.images.integrity.header import VolumeHeader, check_orthonormal, check_size, check_spacing
from weakseg3d.images.integrity.metaimage import metaimage_header
from weakseg3d.images.integrity.nifti import HEADER_LENGTH, nifti_header
from weakseg3d.images.integrity.nrrd import nrrd_header
from weakseg3d.images.integrity.voxels import first_bytes

sitk.ProcessObject.SetGlobalWarningDisplay(False)

HEADER_PARSERS: dict[str, Callable[[str | os.PathLike[str]], VolumeHeader]] = {
    "NiftiImageIO": nifti_header,
    "NrrdImageIO": nrrd_header,
    "MetaImageIO": metaimage_header,
}
"""The accepted formats, under the names of ITK's classes."""


ITK_TYPES = {
    "i1": sitk.sitkInt8,
    "u1": sitk.sitkUInt8,
    "i2": sitk.sitkInt16,
    "u2": sitk.sitkUInt16,
    "i4": sitk.sitkInt32,
    "u4": sitk.sitkUInt32,
    "i8": sitk.sitkInt64,
    "u8": sitk.sitkUInt64,
    "f4": sitk.sitkFloat32,
    "f8": sitk.sitkFloat64,
}


# A header may contain any number; those that overflow are refused here, so that numpy needs not warn of them.
@np.errstate(all="ignore")
def open_volume(path: str | os.PathLike[str]) -> tuple[VolumeHeader, sitk.Image]:
    """Return the header of the scalar volume at ``path``, and its 3-D grid as an image of one voxel.

    ITK reads the geometry, which must be that of ``VolumeHeader``; the image has its spacing, origin and direction.
    The size in the header has a fourth number if the file contains several volumes.

    Raises UserError for a missing file, a name that is not UTF-8, other formats than NIfTI, NRRD and MetaImage, more
    than four dimensions, several values per voxel, an invalid header, one that ITK understands differently, axes that
    are not orthogonal, and a size or spacing beyond the limits.
    """
    path = existing_file(path)
    check_name(path)
    header = HEADER_PARSERS[_format(path)](path)
    no_volume = UserError(
        f"{printable(path)}: not a scalar 3-D volume; its size is {header.size}, extract one volume first"
    )
    if len(header.size) not in (3, 4):
        raise no_volume
    check_size(path, header.size)
    check_spacing(path, header.spacing, header.size)
    if header.direction is not None:
        check_orthonormal(path, header.direction)
    reader = _itk_reader(path)
    if reader.GetNumberOfComponents() != 1:
        raise no_volume
    grid = _grid(reader)
    if not header.scaled and ITK_TYPES[header.dtype.str[1:]] != reader.GetPixelID():
        itk_type = sitk.GetPixelIDValueAsString(reader.GetPixelID())
        raise _disagreement(path, "type", header.dtype.name, itk_type)
    _check_agreement(path, header, tuple(reader.GetSize()), grid)
    return header, grid


def check_name(path: Path) -> None:
    """Raise a UserError for a file name that is not UTF-8, as ITK's Python interface aborts the process on it."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise UserError(f"{printable(path)}: its path is not valid UTF-8; rename it") from None


def _format(path: Path) -> str:
    """Return the name of ITK's class that recognises the file."""
    try:
        name = str(sitk.ImageFileReader.GetImageIOFromFileName(str(path)))
    except RuntimeError:
        name = ""
    if not name:
        first_bytes(path, HEADER_LENGTH)  # A gzip file that is cut within its header is reported as such.
        raise UserError(f"{printable(path)}: not a readable image; export it again as NIfTI, NRRD or MetaImage")
    if name not in HEADER_PARSERS:
        if name == "GDCMImageIO":
            raise UserError(
                f"{printable(path)}: a single DICOM file; name the folder of its series instead,"
                " or convert it to NIfTI, NRRD or MetaImage"
            )
        raise UserError(
            f"{printable(path)}: a file of the format {name.removesuffix('ImageIO')}, which cannot be checked for"
            " missing voxels; convert it to NIfTI, NRRD or MetaImage"
        )
    return name


def _itk_reader(path: Path) -> sitk.ImageFileReader:
    """Return a reader that has read the header."""
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        if "orthonormal" in str(error):
            raise UserError(
                f"{printable(path)}: the direction cosines are sheared; resample it to an orthogonal grid"
            ) from None
        raise UserError(f"{printable(path)}: not a readable image, or truncated; export it again") from None
    return reader


def _grid(reader: sitk.ImageFileReader) -> sitk.Image:
    axes = reader.GetDimension()
    grid = sitk.Image([1, 1, 1], sitk.sitkUInt8)
    try:
        grid.SetSpacing(reader.GetSpacing()[:3])
        grid.SetOrigin(reader.GetOrigin()[:3])
        grid.SetDirection(np.reshape(reader.GetDirection(), (axes, axes))[:3, :3].ravel().tolist())
    except RuntimeError:
        raise UserError(
            f"{printable(reader.GetFileName())}: ITK finds no valid spacing and directions in it; export it again"
        ) from None
    return grid


def _check_agreement(path: Path, header: VolumeHeader, size: tuple[int, ...], grid: sitk.Image) -> None:
    """Raise a UserError unless ITK has read what ``header`` says.

    Corners may differ by half a voxel, as a rotation that is stored as a quaternion in single precision is inexact.
    """
    if size != header.size:
        raise _disagreement(path, "size", header.size, size)
    spacing = np.array(grid.GetSpacing())
    if not np.allclose(spacing, header.spacing, rtol=1e-3, atol=0):
        raise _disagreement(path, "spacing", _rounded(header.spacing), _rounded(spacing))
    direction, origin = np.reshape(grid.GetDirection(), (3, 3)), np.array(grid.GetOrigin())
    if header.direction is None or header.origin is None:
        return
    corners = np.indices((2, 2, 2)).reshape(3, 8) * (np.array(header.size[:3])[:, None] - 1)
    expected = header.direction * header.spacing @ corners + header.origin[:, None]
    actual = direction * spacing @ corners + origin[:, None]
    # Not "greater than", which NaN never is.
    if not np.linalg.norm(expected - actual, axis=0).max() <= header.spacing.min() / 2:
        if not np.allclose(origin, header.origin, rtol=0, atol=header.spacing.min() / 2):
            raise _disagreement(path, "origin", _rounded(header.origin), _rounded(origin))
        raise _disagreement(path, "direction", _rounded(header.direction.ravel()), _rounded(direction.ravel()))


def _disagreement(path: Path, name: str, header: object, itk: object) -> UserError:
    return UserError(
        f"{printable(path)}: its header gives the {name} {header}, but ITK reads {itk}; correct or simplify the header"
    )


def _rounded(values: NDArray[np.float64]) -> str:
    return "(" + ", ".join(f"{value:.4g}" for value in values) + ")"
