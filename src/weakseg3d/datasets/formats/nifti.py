"""One image and one label map per case, as NIfTI, NRRD or MetaImage files."""

import os
from collections.abc import Mapping

import numpy as np
import SimpleITK as sitk

from weakseg3d.datasets.file_search import Sources
from weakseg3d.datasets.formats.dicom import is_dicom, read_series
from weakseg3d.errors import UserError, printable
from weakseg3d.files import existing_file
from weakseg3d.images.volumes import check_same_grid, like, number_of_volumes, read_image, read_label
from weakseg3d.images.voxel_counts import voxel_counts

LARGEST_VALUE = 65535
"""Largest raw label value, as raw values are looked up in a table."""

Pair = tuple[sitk.Image, sitk.Image]
"""An image and a label map on one grid."""


def read_pair(sources: Sources, label_values: Mapping[int, int] | None = None, channel: int | None = None) -> Pair:
    """Return image (float32) and label (uint8) on one grid from ``{"image": path, "label": path}``.

    ``label_values`` maps raw label values to ids, as in `read_mapped_label`. ``channel`` is the volume of a 4-D
    image, counted from 0. A scaling stored in the header (``scl_slope``) is applied.

    Raises UserError for a missing or damaged file, NaN voxels, an invalid label map, and different grids.
    """
    _check_complete(sources)
    image = read_scan(sources["image"], channel)
    return image, read_label_on(image, sources, label_values)


def read_label_on(image: sitk.Image, sources: Sources, label_values: Mapping[int, int] | None = None) -> sitk.Image:
    """Return the label map ``sources["label"]`` (uint8) on the grid of ``image``, read from ``sources["image"]``.

    If the axes of the label map are stored in another order or direction, they are permuted or flipped; nothing is
    resampled. Raises UserError as `read_label` and `read_mapped_label` do, for a label map in DICOM, and for a grid
    that still differs then.
    """
    if is_dicom(existing_file(sources["label"])):
        raise UserError(f"{sources['label']}: a DICOM file; give the label map as NIfTI, NRRD or MetaImage")
    label = read_mapped_label(sources["label"], label_values) if label_values else read_label(sources["label"])
    axes = sitk.DICOMOrientImageFilter.GetOrientationFromDirectionCosines
    if axes(label.GetDirection()) != axes(image.GetDirection()):
        label = sitk.DICOMOrient(label, axes(image.GetDirection()))
    check_same_grid(image, label, sources["image"], sources["label"])
    return label


def read_scan(path: str | os.PathLike[str], channel: int | None = None) -> sitk.Image:
    """Return the image at ``path`` as float32; from a 4-D NIfTI file, return volume ``channel`` (counted from 0).

    A DICOM file (one slice, or enhanced multi-frame) is read as by `read_series`.

    Raises UserError as `read_image` and `read_series` do, and for a 4-D file without a channel or with too few volumes.
    """
    path = existing_file(path)
    if is_dicom(path):
        return read_series([path])[0]
    volumes = number_of_volumes(path)
    if volumes == 1:
        return read_image(path)
    if channel is None:
        raise UserError(f"{printable(path)}: contains {volumes} volumes; choose one with 'options: {{channel: 0}}'")
    if not 0 <= channel < volumes:
        raise UserError(f"{printable(path)}: has no channel {channel}; choose one from 0 to {volumes - 1}")
    return read_image(path, channel)


def read_mapped_label(path: str | os.PathLike[str], label_values: Mapping[int, int]) -> sitk.Image:
    """Return the label map at ``path`` as uint8 with raw values replaced by ids, as in ``{raw value: id}``; 0 stays 0.

    Raises UserError as `read_image` does, and for values that are not in ``label_values``.
    """
    image = read_image(path)
    values = sitk.GetArrayViewFromImage(image)
    if (values != np.rint(values)).any():
        raise UserError(f"{path}: not a label map; its values must be whole numbers")
    values = values.astype(np.int32)
    known = {0: 0, **label_values}
    if values.min() < 0 or values.max() > LARGEST_VALUE:
        raise UserError(
            f"{path}: not a label map; its values range from {values.min()} to {values.max()}, choose another file"
        )
    counts = voxel_counts(values)
    unknown = [int(value) for value in np.flatnonzero(counts) if value not in known]
    if unknown:
        raise UserError(
            f"{path}: has the unknown label values {unknown[:5]}; correct 'label_values', which has {sorted(known)}"
        )
    table = np.array([known.get(value, 0) for value in range(len(counts))], np.uint8)
    return like(table[values], image)


def _check_complete(sources: Sources) -> None:
    for kind, other in (("image", "label"), ("label", "image")):
        if sources[kind] is None:
            raise UserError(f"{sources[other]}: has no {kind}; add it, or remove the {other}")
