"""One image and one label map per case, as files in a format that ITK reads (NIfTI, NRRD, MetaImage)."""

import zlib

import numpy as np
import SimpleITK as sitk

from weakseg3d.datasets.file_search import NIFTI
from weakseg3d.errors import UserError
from weakseg3d.files import existing_file
from weakseg3d.images.volumes import check_same_grid, like, read_image, read_label

LARGEST_VALUE = 65535
"""Raw label values are looked up in a table, which is this long at most."""


def read_pair(sources, label_values=None, channel=None):
    """Return image (float32) and label (uint8) on one grid from ``{"image": path, "label": path}``.

    ``label_values`` maps raw label values to ids, as `read_mapped_label`; ``channel`` is the volume of a 4-D
    image, counted from 0. Values that a file scales (``scl_slope``) come scaled.

    Raises UserError for a missing or damaged file, NaN voxels, a label that is none, and different grids.
    """
    _check_complete(sources)
    image = read_scan(sources["image"], channel)
    return image, read_label_on(image, sources, label_values)


def read_label_on(image, sources, label_values=None):
    """Return the label map ``sources["label"]`` (uint8) on the grid of ``image``, which came from ``sources["image"]``.

    A label map whose axes are stored in another order or direction is turned; nothing is resampled. Raises
    UserError as `read_label` and `read_mapped_label` do, and for a grid that is another one however it is turned.
    """
    label = read_mapped_label(sources["label"], label_values) if label_values else read_label(sources["label"])
    axes = sitk.DICOMOrientImageFilter.GetOrientationFromDirectionCosines
    if axes(label.GetDirection()) != axes(image.GetDirection()):
        label = sitk.DICOMOrient(label, axes(image.GetDirection()))
    check_same_grid(image, label, sources["image"], sources["label"])
    return label


def read_scan(path, channel=None):
    """Return the image at ``path`` as float32, of a 4-D NIfTI file the volume ``channel`` (counted from 0).

    Raises UserError as `read_image` does, and for a 4-D file without a channel or with too few volumes.
    """
    path = existing_file(path)
    header = sitk.ImageFileReader()
    header.SetFileName(str(path))
    try:
        header.ReadImageInformation()
    except RuntimeError:
        return read_image(path)  # It says what is wrong.
    if header.GetDimension() != 4 or not path.name.endswith(NIFTI):
        return read_image(path)
    volumes = header.GetSize()[3]
    if channel is None:
        raise UserError(f"{path}: holds {volumes} volumes; say which one with 'options: {{channel: 0}}'")
    if not 0 <= channel < volumes:
        raise UserError(f"{path}: has no channel {channel}; it holds {volumes}, counted from 0")
    return _volume_of(path, header, channel)


def _volume_of(path, header, channel):
    """Return one volume of a 4-D NIfTI file; its geometry is that of the first three axes."""
    import nibabel

    try:
        voxels = np.asarray(nibabel.load(path).dataobj[..., channel], np.float32)  # (x, y, z)
    except (OSError, EOFError, ValueError, zlib.error):
        raise UserError(f"{path}: truncated or damaged; copy or export it again") from None
    if not np.isfinite(voxels).all():
        raise UserError(f"{path}: some voxels are NaN or infinite; replace them before use")
    volume = sitk.GetImageFromArray(voxels.T)
    volume.SetSpacing(header.GetSpacing()[:3])
    volume.SetOrigin(header.GetOrigin()[:3])
    volume.SetDirection(np.reshape(header.GetDirection(), (4, 4))[:3, :3].ravel().tolist())
    return volume


def read_mapped_label(path, label_values):
    """Return the label map at ``path`` as uint8, its raw values replaced as ``{raw value: id}`` says; 0 stays 0.

    Raises UserError as `read_image` does, and for values that ``label_values`` does not name.
    """
    image = read_image(path)
    values = sitk.GetArrayViewFromImage(image)
    if (values != np.rint(values)).any():
        raise UserError(f"{path}: not a label map, its values must be whole numbers")
    values = values.astype(np.int32)
    known = {0: 0, **label_values}
    if values.min() < 0 or values.max() > LARGEST_VALUE:
        raise UserError(f"{path}: not a label map, its values run from {values.min()} to {values.max()}")
    counts = np.bincount(values.ravel())
    unknown = [int(value) for value in np.flatnonzero(counts) if value not in known]
    if unknown:
        raise UserError(f"{path}: holds the label values {unknown[:5]}; known are {sorted(known)}")
    table = np.array([known.get(value, 0) for value in range(len(counts))], np.uint8)
    return like(table[values], image)


def _check_complete(sources):
    for kind, other in (("image", "label"), ("label", "image")):
        if sources[kind] is None:
            raise UserError(f"{sources[other]}: has no {kind}; add it, or take the {other} away")
