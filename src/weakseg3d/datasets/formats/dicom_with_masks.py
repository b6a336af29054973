"""A DICOM series with one PNG mask per slice, as CHAOS has it.

Masks and slices correspond by sorted file name, not by position: in some cases the names count against the
position, and sorting the slices alone turns the mask upside down. So pairs are made by name first, and
then ordered by ImagePositionPatient.
"""

import numpy as np
import SimpleITK as sitk

from weakseg3d.datasets.formats.dicom import files_of, read_series
from weakseg3d.errors import UserError
from weakseg3d.images.volumes import like

UNKNOWN = 255
"""Mark of grey levels outside every band, in the table from grey level to label id."""


def load_dicom_with_masks(image_folder, mask_folder, grey_bands):
    """Return image (float32, true geometry) and label (uint8) of one series.

    ``grey_bands`` maps each label id to its (lowest, highest) grey level; 0 is background. Geometry and order
    of the slices are those of `read_series`.

    Raises UserError, naming folder or file: as `read_series`, masks that do not correspond to the slices one to
    one, a mask that cannot be read, of another size, or with grey levels outside the bands.
    """
    slices, masks = files_of(image_folder, ".dcm"), files_of(mask_folder, ".png")
    _check_pairs(slices, masks, mask_folder)
    image, order = read_series(slices)
    table = _label_table(grey_bands)
    planes = [_read_mask(masks[k], image.GetSize()[:2], table, grey_bands) for k in order]
    return image, like(np.stack(planes), image)


def _check_pairs(slices, masks, mask_folder):
    """Raise a UserError unless each slice has its mask.

    Where masks bear the names of slices (T1 in phase, T2-SPIR), all must. Elsewhere (CT, T1 out of phase) they
    bear others, and the n-th mask belongs to the n-th slice.
    """
    if len(slices) != len(masks):
        raise UserError(f"{mask_folder}: {len(masks)} masks for {len(slices)} DICOM slices; unpack the archive again")
    named, wanted = {path.stem for path in masks}, {path.stem for path in slices}
    if named & wanted and named != wanted:
        lonely = next(path for path in masks if path.stem not in wanted)
        raise UserError(f"{lonely}: there is no DICOM slice of that name; unpack the archive again")


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
