"""Volumes on disk: NIfTI with spacing, origin and direction, read with checks and written whole.

A volume is a ``SimpleITK.Image``; its array (``SimpleITK.GetArrayFromImage``) has axes (z, y, x). World
coordinates are ITK's: LPS, millimetres.
"""

import gzip
import math
import zlib

import numpy as np
import SimpleITK as sitk

from weakseg3d.errors import UserError
from weakseg3d.files import existing_file, whole_file

sitk.ProcessObject.SetGlobalWarningDisplay(False)

GRID_TOLERANCE = 1e-3
"""Spacing and origin may differ by this many millimetres, direction cosines by this much: NIfTI headers
hold them in single precision."""


def read_image(path):
    """Return the scalar 3-D image at ``path`` as float32.

    Raises UserError for a missing, truncated or non-image file, for more than three dimensions, and for
    voxels that are NaN or infinite.
    """
    image = sitk.Cast(_read(path), sitk.sitkFloat32)
    bad = int(np.count_nonzero(~np.isfinite(sitk.GetArrayViewFromImage(image))))
    if bad:
        raise UserError(f"{path}: {bad} voxels are NaN or infinite; replace them before use")
    return image


def read_grid(path):
    """Return the grid of the scalar 3-D image at ``path``: an image of its size and geometry, all voxels 0.

    Only the header is read. Raises UserError for a missing or non-image file and for more than three dimensions.
    """
    reader = _open(existing_file(path))
    grid = sitk.Image(reader.GetSize(), sitk.sitkUInt8)
    grid.SetSpacing(reader.GetSpacing())
    grid.SetOrigin(reader.GetOrigin())
    grid.SetDirection(reader.GetDirection())
    return grid


def read_label(path):
    """Return the 3-D label map at ``path`` as uint8.

    Raises UserError as `read_image` does, and for values that are no whole numbers from 0 to 255.
    """
    image = _read(path)
    values = sitk.GetArrayViewFromImage(image)
    if values.dtype != np.uint8:
        if not np.isfinite(values).all():
            raise UserError(f"{path}: some voxels are NaN or infinite; a label map holds whole numbers")
        if values.size and (values.min() < 0 or values.max() > 255 or (values != np.round(values)).any()):
            raise UserError(f"{path}: not a label map, its values must be whole numbers from 0 to 255")
    return sitk.Cast(image, sitk.sitkUInt8)


def read_mask(path):
    """Return the binary mask at ``path`` as uint8 with values 0 and 1.

    Raises UserError as `read_label` does, and for a label map with more than one class.
    """
    mask = read_label(path)
    array = sitk.GetArrayViewFromImage(mask)
    # Sorting all voxels to list the labels takes longer than everything else, so that is for the sentence alone.
    if ((array != 0) & (array != array.max(initial=0))).any():
        labels = np.unique(array).tolist()
        raise UserError(f"{path}: not a binary mask, it holds the labels {labels}; cut one out with 'split'")
    return mask != 0


def read_target(path):
    """Return the training target at ``path``: whole numbers as uint8 (a label map), others as float32 (a soft map).

    The stored type decides. Raises UserError as `read_label` and `read_image` do.
    """
    if _open(existing_file(path)).GetPixelID() in (sitk.sitkFloat32, sitk.sitkFloat64):
        return read_image(path)
    return read_label(path)


def write_volume(image, path):
    """Write ``image`` to ``path`` (``.nii.gz``), visible under that name only when whole."""
    if not str(path).endswith((".nii.gz", ".nii")):
        raise UserError(f"{path}: volumes are written as NIfTI; let the name end in .nii.gz")
    with whole_file(path) as partial:
        sitk.WriteImage(image, str(partial), useCompression=True, compressionLevel=1)


def like(array, reference):
    """Return ``array`` (z, y, x) as an image on the grid of ``reference``."""
    image = sitk.GetImageFromArray(array)
    image.CopyInformation(reference)
    return image


def long_axis(image):
    """Return the axis of the array (z, y, x) of ``image`` that is nearest to the patient's long axis."""
    direction = np.array(image.GetDirection()).reshape(3, 3)
    return 2 - int(np.abs(direction[2]).argmax())


def check_same_grid(first, second, first_name, second_name):
    """Raise a UserError unless both volumes have the same size, spacing, origin and direction."""
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


def _read(path):
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


def _open(path):
    """Return a reader that has read the header of a scalar 3-D image."""
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        raise _unreadable(path, error) from None
    if reader.GetDimension() != 3 or reader.GetNumberOfComponents() != 1:
        raise UserError(f"{path}: not a scalar 3-D volume, its size is {reader.GetSize()}; extract one volume first")
    return reader


def _unreadable(path, error):
    if "orthonormal" in str(error):
        return UserError(f"{path}: its direction cosines are sheared; resample it to an orthogonal grid")
    return UserError(f"{path}: not an image that can be read, or a truncated one; export it again")


def _check_nifti_voxels(path):
    """ITK reads NaN and infinity in a NIfTI file as if they were 0, so the stored voxels are looked at."""
    import nibabel

    stored = np.asanyarray(nibabel.load(path).dataobj.get_unscaled())
    bad = int(np.count_nonzero(~np.isfinite(stored)))
    if bad:
        raise UserError(f"{path}: {bad} voxels are NaN or infinite; replace them before use")


def _check_length(path):
    """ITK reads a truncated plain NIfTI file as if it were whole, so its length is checked first."""
    import nibabel

    try:
        stored = nibabel.load(path).dataobj
    except nibabel.filebasedimages.ImageFileError:
        raise UserError(f"{path}: not an image that can be read; export it again") from None
    if path.stat().st_size < stored.offset + math.prod(stored.shape) * stored.dtype.itemsize:
        raise UserError(f"{path}: truncated; copy or export it again")


def _check_gzip(path):
    """ITK reads a truncated gzip file as if the rest were zeros, so the stream is checked first."""
    try:
        with gzip.open(path) as stream:
            while stream.read(1 << 22):
                pass
    except (OSError, EOFError, zlib.error):
        raise UserError(f"{path}: truncated or damaged gzip file; copy or export it again") from None
