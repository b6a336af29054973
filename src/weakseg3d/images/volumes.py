"""Volumes on disk: NIfTI with spacing, origin and direction, checked when read and never written partially.

A volume is a ``SimpleITK.Image``; its array (``SimpleITK.GetArrayFromImage``) has axes (z, y, x). World
coordinates are ITK's: LPS, millimetres.
"""

import gzip
import math
import os
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from weakseg3d.errors import UserError
from weakseg3d.files import existing_file, whole_file

if TYPE_CHECKING:
    from nibabel.arrayproxy import ArrayProxy

sitk.ProcessObject.SetGlobalWarningDisplay(False)

GRID_TOLERANCE = 1e-3
"""Tolerance for spacing and origin, in millimetres, and for direction cosines: NIfTI headers store them in single
precision."""


def read_image(path: str | os.PathLike[str]) -> sitk.Image:
    """Return the scalar 3-D image at ``path`` as float32.

    Raises UserError for a missing or truncated file, a file that is not an image, more than three dimensions, and
    voxels that are NaN or infinite.
    """
    image = sitk.Cast(_read(path), sitk.sitkFloat32)
    bad = int(np.count_nonzero(~np.isfinite(sitk.GetArrayViewFromImage(image))))
    if bad:
        raise UserError(f"{path}: {bad} voxels are NaN or infinite; replace them before use")
    return image


def read_grid(path: str | os.PathLike[str]) -> sitk.Image:
    """Return the grid of the scalar 3-D image at ``path``: an image of the same size and geometry with all voxels 0.

    Only the header is read. Raises UserError for a missing file, a file that is not an image, and more than three
    dimensions.
    """
    reader = _open(existing_file(path))
    grid = sitk.Image(reader.GetSize(), sitk.sitkUInt8)
    grid.SetSpacing(reader.GetSpacing())
    grid.SetOrigin(reader.GetOrigin())
    grid.SetDirection(reader.GetDirection())
    return grid


def read_label(path: str | os.PathLike[str]) -> sitk.Image:
    """Return the 3-D label map at ``path`` as uint8.

    Raises UserError as `read_image` does, and for values that are not whole numbers from 0 to 255.
    """
    image = _read(path)
    values = sitk.GetArrayViewFromImage(image)
    if values.dtype != np.uint8:
        if not np.isfinite(values).all():
            raise UserError(f"{path}: some voxels are NaN or infinite; a label map must contain whole numbers")
        if values.size and (values.min() < 0 or values.max() > 255 or (values != np.round(values)).any()):
            raise UserError(f"{path}: not a label map; its values must be whole numbers from 0 to 255")
    return sitk.Cast(image, sitk.sitkUInt8)


def read_mask(path: str | os.PathLike[str]) -> sitk.Image:
    """Return the binary mask at ``path`` as uint8 with values 0 and 1.

    Raises UserError as `read_label` does, and for a label map with more than one class.
    """
    mask = read_label(path)
    array = sitk.GetArrayViewFromImage(mask)
    # Listing the labels sorts all voxels and takes longer than all else, so it is done only for the error message.
    if ((array != 0) & (array != array.max(initial=0))).any():
        labels = np.unique(array).tolist()
        raise UserError(
            f"{path}: not a binary mask but a label map with the labels {labels}; extract one organ with 'split'"
        )
    return mask != 0


def read_target(path: str | os.PathLike[str]) -> sitk.Image:
    """Return the training target at ``path``: a label map as uint8 or a soft map as float32.

    Files with a floating-point type are soft maps. Raises UserError as `read_label` and `read_image` do.
    """
    if _open(existing_file(path)).GetPixelID() in (sitk.sitkFloat32, sitk.sitkFloat64):
        return read_image(path)
    return read_label(path)


def write_volume(image: sitk.Image, path: str | os.PathLike[str]) -> None:
    """Write ``image`` to ``path`` (``.nii.gz``), where the file appears only once it is complete."""
    if not str(path).endswith((".nii.gz", ".nii")):
        raise UserError(f"{path}: volumes are written as NIfTI; choose a file name that ends in .nii.gz")
    with whole_file(path) as partial:
        sitk.WriteImage(image, str(partial), useCompression=True, compressionLevel=1)


def like(array: NDArray[Any], reference: sitk.Image) -> sitk.Image:
    """Return ``array`` (z, y, x) as an image on the grid of ``reference``."""
    image = sitk.GetImageFromArray(array)
    image.CopyInformation(reference)
    return image


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


def _read(path: str | os.PathLike[str]) -> sitk.Image:
    """Return the scalar 3-D image at ``path`` with the stored type of its voxels."""
    path = existing_file(path)
    if path.name.endswith(".gz"):
        _check_gzip(path)
    elif path.name.endswith(".nii"):
        _check_length(path)
    reader = _open(path)
    try:
        image = reader.Execute()
    except RuntimeError as error:
        raise _unreadable(path, error) from None
    if path.name.endswith((".nii", ".nii.gz")) and image.GetPixelID() in (sitk.sitkFloat32, sitk.sitkFloat64):
        _check_nifti_voxels(path)
    return image


def _open(path: Path) -> sitk.ImageFileReader:
    """Return a reader that has read the header of a scalar 3-D image."""
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        raise _unreadable(path, error) from None
    if reader.GetDimension() != 3 or reader.GetNumberOfComponents() != 1:
        raise UserError(f"{path}: not a scalar 3-D volume; its size is {reader.GetSize()}, extract one volume first")
    return reader


def _unreadable(path: Path, error: RuntimeError) -> UserError:
    """Return the error to raise if ITK fails to read ``path`` with ``error``."""
    if "orthonormal" in str(error):
        return UserError(f"{path}: the direction cosines are sheared; resample it to an orthogonal grid")
    return UserError(f"{path}: not a readable image, or truncated; export it again")


def _check_nifti_voxels(path: Path) -> None:
    """Raise a UserError for NaN or infinity among the stored voxels, as ITK reads these from NIfTI files as 0."""
    stored = np.asanyarray(_stored_voxels(path).get_unscaled())
    bad = int(np.count_nonzero(~np.isfinite(stored)))
    if bad:
        raise UserError(f"{path}: {bad} voxels are NaN or infinite; replace them before use")


def _check_length(path: Path) -> None:
    """Raise a UserError for a truncated uncompressed NIfTI file, as ITK reads it without complaint."""
    stored = _stored_voxels(path)
    if path.stat().st_size < stored.offset + math.prod(stored.shape) * stored.dtype.itemsize:
        raise UserError(f"{path}: truncated; copy or export it again")


def _stored_voxels(path: Path) -> "ArrayProxy":
    """Return access to the voxels of a NIfTI file as they are stored, without reading them."""
    import nibabel
    from nibabel.arrayproxy import ArrayProxy
    from nibabel.dataobj_images import DataobjImage
    from nibabel.filebasedimages import ImageFileError

    try:
        image = nibabel.load(path)
    except ImageFileError:
        image = None
    if not isinstance(image, DataobjImage) or not isinstance(image.dataobj, ArrayProxy):
        raise UserError(f"{path}: not a readable image; export it again")
    return image.dataobj


def _check_gzip(path: Path) -> None:
    """Raise a UserError for a truncated or damaged gzip file, as ITK reads the missing part as zeros."""
    try:
        with gzip.open(path) as stream:
            while stream.read(1 << 22):
                pass
    except (OSError, EOFError, zlib.error):
        raise UserError(f"{path}: truncated or damaged gzip file; copy or export it again") from None
