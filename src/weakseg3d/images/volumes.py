"""Volumes on disk: NIfTI with spacing, origin and direction, checked when read and never written partially.

A volume is a ``SimpleITK.Image``; its array (``SimpleITK.GetArrayFromImage``) has axes (z, y, x). World
coordinates are ITK's: LPS, millimetres.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from weakseg3d.errors import UserError, printable
from weakseg3d.files import whole_file
from weakseg3d.images.integrity.opening import check_name, open_volume
from weakseg3d.images.integrity.voxels import scaled_voxels, stored_voxels

GRID_TOLERANCE = 1e-3
"""Tolerance for spacing and origin, in millimetres, and for direction cosines: NIfTI headers store them in single
precision."""


def read_image(path: str | os.PathLike[str], channel: int | None = None) -> sitk.Image:
    """Return the scalar 3-D image at ``path`` as float32, or volume ``channel`` (counted from 0) of a 4-D image.

    Raises UserError for a missing, truncated or damaged file, a format other than NIfTI, NRRD and MetaImage, a header
    that is invalid or contradicts itself, more than three dimensions without a ``channel``, and voxels that are NaN
    or infinite.
    """
    return _as_image(path, _read(path, channel))


def number_of_volumes(path: str | os.PathLike[str]) -> int:
    """Return the number of 3-D volumes in the file at ``path``. Raises UserError as `read_image` does for a header."""
    size = open_volume(path)[0].size
    return size[3] if len(size) == 4 else 1


def read_grid(path: str | os.PathLike[str]) -> sitk.Image:
    """Return the grid of the scalar 3-D image at ``path``: an image of the same size and geometry with all voxels 0.

    Only the header is read. Raises UserError as `read_image` does for a header.
    """
    header, geometry = open_volume(path)
    _check_three_axes(path, header.size)
    return _grid(header.size, geometry)


def read_label(path: str | os.PathLike[str]) -> sitk.Image:
    """Return the 3-D label map at ``path`` as uint8.

    Raises UserError as `read_image` does, and for values that are not whole numbers from 0 to 255.
    """
    return _as_label(path, _read(path))


def read_mask(path: str | os.PathLike[str]) -> sitk.Image:
    """Return the binary mask at ``path`` as uint8 with values 0 and 1.

    Raises UserError as `read_label` does, and for a label map with more than one class.
    """
    mask = read_label(path)
    array = sitk.GetArrayViewFromImage(mask)
    largest = int(array.max())
    # Listing the labels sorts all voxels and takes longer than all else, so it is done only for the error message.
    if largest and np.count_nonzero(array) != np.count_nonzero(array == largest):
        labels = np.unique(array).tolist()
        raise UserError(
            f"{printable(path)}: not a binary mask but a label map with the labels {labels};"
            " extract one organ with 'split'"
        )
    return mask if largest <= 1 else mask != 0


def read_target(path: str | os.PathLike[str]) -> sitk.Image:
    """Return the training target at ``path``: a label map as uint8 or a soft map as float32.

    Files with a floating-point type are soft maps. Raises UserError as `read_label` and `read_image` do.
    """
    image = _read(path)
    if image.GetPixelID() in (sitk.sitkFloat32, sitk.sitkFloat64):
        return _as_image(path, image)
    return _as_label(path, image)


def write_volume(image: sitk.Image, path: str | os.PathLike[str]) -> None:
    """Write ``image`` to ``path`` (``.nii.gz``), where the file appears only once it is complete."""
    if not str(path).endswith((".nii.gz", ".nii")):
        raise UserError(f"{printable(path)}: volumes are written as NIfTI; choose a file name that ends in .nii.gz")
    check_name(Path(path))
    with whole_file(path) as partial:
        sitk.WriteImage(image, str(partial), useCompression=True, compressionLevel=1)


def like(array: NDArray[Any], reference: sitk.Image) -> sitk.Image:
    """Return ``array`` (z, y, x) as an image on the grid of ``reference``."""
    image = sitk.GetImageFromArray(array)
    image.CopyInformation(reference)
    return image


def placed(image: sitk.Image, geometry: sitk.Image, start: int = 0) -> sitk.Image:
    """Return ``image``, made to have the spacing, origin and direction of ``geometry``, which may have another size.

    Its first slice is the slice ``start`` of ``geometry``.
    """
    image.SetSpacing(geometry.GetSpacing())
    image.SetOrigin(geometry.TransformIndexToPhysicalPoint([0, 0, start]) if start else geometry.GetOrigin())
    image.SetDirection(geometry.GetDirection())
    return image


def voxel_of(geometry: sitk.Image) -> sitk.Image:
    """Return the first voxel (uint8, 0) of the grid ``geometry``: enough to say where all others lie."""
    return _grid([1, 1, 1], geometry)


def grid_of(image: sitk.Image) -> sitk.Image:
    """Return the grid of ``image``: an image (uint8) of the same size and geometry with all voxels 0."""
    return _grid(image.GetSize(), image)


def long_axis(image: sitk.Image) -> int:
    """Return the axis of the array (z, y, x) of ``image`` that is closest to the patient's long axis."""
    direction = np.array(image.GetDirection()).reshape(3, 3)
    return 2 - int(np.abs(direction[2]).argmax())


def check_same_grid(
    first: sitk.Image,
    second: sitk.Image,
    first_name: str | os.PathLike[str],
    second_name: str | os.PathLike[str],
) -> None:
    """Raise a UserError with both names unless the volumes have the same size, spacing, origin and direction."""
    differences = [
        name
        for name, a, b in (
            ("size", first.GetSize(), second.GetSize()),
            ("spacing", first.GetSpacing(), second.GetSpacing()),
            ("origin", first.GetOrigin(), second.GetOrigin()),
            ("direction", first.GetDirection(), second.GetDirection()),
        )
        if not np.allclose(a, b, rtol=0, atol=0 if name == "size" else GRID_TOLERANCE)
    ]
    if differences:
        raise UserError(
            f"{first_name} and {second_name}: different grids ({', '.join(differences)} differ);"
            " resample one onto the other"
        )


def _as_image(path: str | os.PathLike[str], image: sitk.Image) -> sitk.Image:
    """Return ``image``, read from ``path``, as float32; raise a UserError if voxels are NaN or infinite."""
    if image.GetPixelID() not in (sitk.sitkFloat32, sitk.sitkFloat64):
        return sitk.Cast(image, sitk.sitkFloat32)
    if image.GetPixelID() == sitk.sitkFloat64:
        image = sitk.Cast(image, sitk.sitkFloat32)
    finite = np.isfinite(sitk.GetArrayViewFromImage(image))
    if not finite.all():
        bad = finite.size - int(np.count_nonzero(finite))
        raise UserError(f"{printable(path)}: {bad} voxels are NaN or infinite; replace them before use")
    return image


def _as_label(path: str | os.PathLike[str], image: sitk.Image) -> sitk.Image:
    """Return ``image``, read from ``path``, as uint8; raise a UserError unless all values are its whole numbers."""
    if image.GetPixelID() == sitk.sitkUInt8:
        return image
    values = sitk.GetArrayViewFromImage(image)
    if not np.isfinite(values).all():
        raise UserError(f"{printable(path)}: some voxels are NaN or infinite; a label map must contain whole numbers")
    if values.size and (values.min() < 0 or values.max() > 255 or (values != np.round(values)).any()):
        raise UserError(f"{printable(path)}: not a label map; its values must be whole numbers from 0 to 255")
    return sitk.Cast(image, sitk.sitkUInt8)


def _read(path: str | os.PathLike[str], channel: int | None = None) -> sitk.Image:
    """Return the 3-D image at ``path``, or one volume of a 4-D image, with the stored type of its voxels.

    Scaled integers become float32. The voxels are decoded here and not by ITK, which fills missing ones with zeros,
    replaces NaN by 0 in NIfTI files, and goes on after damaged compressed data.
    """
    header, geometry = open_volume(path)
    if channel is None:
        _check_three_axes(path, header.size)
    voxels = stored_voxels(path, header)
    if channel is not None and voxels.ndim == 4:
        voxels = voxels[channel]
    return placed(sitk.GetImageFromArray(scaled_voxels(voxels, header)), geometry)


def _grid(size: Sequence[int], geometry: sitk.Image) -> sitk.Image:
    return placed(sitk.Image(size, sitk.sitkUInt8), geometry)


def _check_three_axes(path: str | os.PathLike[str], size: tuple[int, ...]) -> None:
    if len(size) != 3:
        raise UserError(f"{printable(path)}: not a scalar 3-D volume; its size is {size}, extract one volume first")
