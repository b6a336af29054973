"""A DICOM series with one PNG mask per slice, as CHAOS has it.

Masks and slices correspond by sorted file name, not by position: in some cases the names run in the opposite
direction to the positions, and sorting only the slices would turn the mask upside down. Pairs are therefore formed by
name first and then ordered by ImagePositionPatient.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from weakseg3d.datasets.formats.dicom import files_of, read_series
from weakseg3d.datasets.formats.nifti import Pair
from weakseg3d.errors import UserError
from weakseg3d.images.volumes import like

UNKNOWN = 255
"""Value for grey levels outside all bands, in the table from grey level to label id."""

GreyBands = Mapping[int, tuple[int, int]]
"""The lowest and the highest grey level of each label id."""


def load_dicom_with_masks(
    image_folder: str | os.PathLike[str], mask_folder: str | os.PathLike[str], grey_bands: GreyBands
) -> Pair:
    """Return image (float32, true geometry) and label (uint8) of one series.

    A mask has grey level 0 for background. Geometry and order of the slices are those of `read_series`.

    Raises UserError with the name of the folder or file as `read_series` does, for masks that do not correspond
    one to one to the slices, and for a mask that is unreadable, has another size, or has grey levels outside the
    bands.
    """
    slices, masks = files_of(image_folder, ".dcm"), files_of(mask_folder, ".png")
    _check_pairs(slices, masks, mask_folder)
    image, order = read_series(slices)
    if len(order) != len(masks):
        raise UserError(f"{slices[0]}: contains {len(order)} slices for {len(masks)} masks; unpack the archive again")
    table = _label_table(grey_bands)
    planes = [_read_mask(masks[k], image.GetSize()[:2], table, grey_bands) for k in order]
    return image, like(np.stack(planes), image)


def _check_pairs(slices: Sequence[Path], masks: Sequence[Path], mask_folder: str | os.PathLike[str]) -> None:
    """Raise a UserError unless each slice has a mask.

    If any masks have the names of slices (T1 in phase, T2-SPIR), all of them must. Otherwise (CT, T1 out of phase) the
    n-th mask belongs to the n-th slice.
    """
    if len(slices) != len(masks):
        raise UserError(f"{mask_folder}: {len(masks)} masks for {len(slices)} DICOM slices; unpack the archive again")
    mask_names, slice_names = {path.stem for path in masks}, {path.stem for path in slices}
    if mask_names & slice_names and mask_names != slice_names:
        unpaired = next(path for path in masks if path.stem not in slice_names)
        raise UserError(f"{unpaired}: there is no DICOM slice of that name; unpack the archive again")


def _read_mask(path: Path, size: tuple[int, ...], table: NDArray[np.uint8], grey_bands: GreyBands) -> NDArray[np.uint8]:
    """Return the mask at ``path`` as label ids (y, x), looked up in ``table``; ``size`` is (x, y)."""
    try:
        mask = sitk.ReadImage(str(path))
    except RuntimeError:
        raise UserError(f"{path}: not a readable PNG image; unpack the archive again") from None
    if mask.GetNumberOfComponentsPerPixel() != 1 or mask.GetPixelID() != sitk.sitkUInt8:
        raise UserError(f"{path}: not an 8-bit greyscale mask; unpack the archive again")
    if mask.GetSize() != size:
        raise UserError(
            f"{path}: its size is {mask.GetSize()}, that of its DICOM slice {size}; unpack the archive again"
        )
    grey = sitk.GetArrayViewFromImage(mask)
    plane = table[grey]
    if (plane == UNKNOWN).any():
        wrong = np.unique(grey[plane == UNKNOWN]).tolist()
        bands = ", ".join(f"{low}-{high}" for low, high in grey_bands.values())
        raise UserError(f"{path}: grey levels {wrong} lie outside the bands {bands}; unpack the archive again")
    return plane


def _label_table(grey_bands: GreyBands) -> NDArray[np.uint8]:
    table = np.full(256, UNKNOWN, np.uint8)
    table[0] = 0
    for label, (low, high) in grey_bands.items():
        table[low : high + 1] = label
    return table
