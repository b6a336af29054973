"""A DICOM series with one PNG mask per slice, as CHAOS has it.

Masks and slices correspond by sorted file name, not by position: in some cases the names count against the
position, and sorting the slices alone turns the mask upside down. So pairs are made by name first, and
then ordered by ImagePositionPatient.
"""

import numpy as np
import SimpleITK as sitk

from weakseg3d.errors import UserError
from weakseg3d.files import existing_folder
from weakseg3d.volumes import like

UNKNOWN = 255
"""Mark of grey levels outside every band, in the table from grey level to label id."""

SPACING_TOLERANCE = 0.2
"""The gap between two slices may differ from the median gap by this part of it; a lost slice doubles it."""


def load_dicom_with_masks(image_folder, mask_folder, grey_bands):
    """Return image (float32, true geometry) and label (uint8) of one series.

    ``grey_bands`` maps each label id to its (lowest, highest) grey level; 0 is background. Spacing and
    direction across slices come from the slices' positions; slices are ordered along their normal, so the
    direction is right-handed.

    Raises UserError, naming folder or file: no slices, as many masks as slices are needed, a file that cannot
    be read, sizes that differ, grey levels outside the bands, slices that repeat or are missing.
    """
    slices, masks = _files(image_folder, ".dcm"), _files(mask_folder, ".png")
    if len(slices) != len(masks):
        raise UserError(f"{mask_folder}: {len(masks)} masks for {len(slices)} DICOM slices; unpack the archive again")
    order = _order_by_position(image_folder, slices)
    image = _read_series([slices[k] for k in order], image_folder)
    table = _label_table(grey_bands)
    planes = [_read_mask(masks[k], image.GetSize()[:2], table, grey_bands) for k in order]
    return image, like(np.stack(planes), image)


def _files(folder, suffix):
    files = sorted(
        path
        for path in existing_folder(folder).iterdir()
        if path.suffix.lower() == suffix and not path.name.startswith(".")
    )
    if not files:
        raise UserError(f"{folder}: holds no {suffix} files; unpack the archive again")
    return files


def _order_by_position(folder, slices):
    """Return the slices' indices in the order of their positions along the normal of the first."""
    reader = sitk.ImageFileReader()
    origins, directions, sizes = [], [], []
    for path in slices:
        reader.SetFileName(str(path))
        try:
            reader.ReadImageInformation()
        except RuntimeError:
            raise UserError(f"{path}: not a DICOM slice that can be read; unpack the archive again") from None
        origins.append(reader.GetOrigin())
        directions.append(reader.GetDirection())
        sizes.append(reader.GetSize()[:2])
    if len(set(sizes)) > 1 or not np.allclose(directions, directions[0], atol=1e-3):
        raise UserError(f"{folder}: its slices differ in size or orientation; keep one series per folder")
    normal = np.reshape(directions[0], (3, 3))[:, 2]
    places = np.array(origins) @ normal
    order = np.argsort(places)
    gaps = np.diff(places[order])
    if len(gaps) and (gaps.min() <= 0 or np.abs(gaps / np.median(gaps) - 1).max() > SPACING_TOLERANCE):
        raise UserError(
            f"{folder}: slices are repeated or missing, they lie {gaps.min():.2f} to {gaps.max():.2f} mm apart; "
            "unpack the archive again"
        )
    return order


def _read_series(slices, folder):
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames([str(path) for path in slices])
    reader.SetOutputPixelType(sitk.sitkFloat32)
    try:
        return reader.Execute()
    except RuntimeError:
        raise UserError(f"{folder}: a DICOM slice cannot be read or is truncated; unpack the archive again") from None


def _read_mask(path, size, table, grey_bands):
    try:
        mask = sitk.ReadImage(str(path))
    except RuntimeError:
        raise UserError(f"{path}: not a PNG image that can be read; unpack the archive again") from None
    if mask.GetNumberOfComponentsPerPixel() != 1 or mask.GetPixelID() != sitk.sitkUInt8:
        raise UserError(f"{path}: not a grey 8-bit mask; unpack the archive again")
    if mask.GetSize() != size:
        raise UserError(f"{path}: is {mask.GetSize()} pixels large, its DICOM slice {size}; unpack the archive again")
    grey = sitk.GetArrayViewFromImage(mask)
    plane = table[grey]
    if (plane == UNKNOWN).any():
        wrong = np.unique(grey[plane == UNKNOWN]).tolist()
        bands = ", ".join(f"{low}-{high}" for low, high in grey_bands.values())
        raise UserError(f"{path}: grey levels {wrong} lie outside the bands {bands}; unpack the archive again")
    return plane


def _label_table(grey_bands):
    table = np.full(256, UNKNOWN, np.uint8)
    table[0] = 0
    for label, (low, high) in grey_bands.items():
        table[low : high + 1] = label
    return table
