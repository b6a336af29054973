"""The files that label maps are written to, and what has to be known before the first network runs."""

from collections.abc import Callable, Sequence
from pathlib import Path

import SimpleITK as sitk

from weakseg3d.errors import UserError, printable
from weakseg3d.images.volumes import write_volume
from weakseg3d.segmentation.model_files import ModelFile
from weakseg3d.segmentation.scans import Scan
from weakseg3d.segmentation.slicer import write_segmentation

Writer = Callable[[sitk.Image, Path], None]
"""Writes a label map to a path."""


def check_format(suffix: str, scans: Sequence[Scan], models: Sequence[ModelFile]) -> None:
    """Raise a UserError if label maps of ``scans`` cannot be written with ``suffix``."""
    if suffix != "dcm":
        return
    from weakseg3d.segmentation.dicom_seg import check_highdicom, check_names

    for scan in scans:
        if not scan.path.is_dir():
            raise UserError(
                f"{printable(scan.path)}: not a DICOM folder, so --format dcm has no series to refer to; name only"
                " DICOM folders, or choose another --format"
            )
    check_names(models)
    check_highdicom()


def writer(suffix: str, scan: Scan, models: Sequence[ModelFile]) -> Writer:
    """Return what writes the label map of ``scan``, in which label 1 is the organ of the first of ``models``.

    Raises UserError for a DICOM series that a DICOM Segmentation cannot refer to.
    """
    if suffix == "seg.nrrd":
        return lambda labels, path: write_segmentation(labels, [model.organ for model in models], path)
    if suffix != "dcm":
        return write_volume
    # pydicom takes half a second to load.
    from weakseg3d.segmentation.dicom_seg import check_encoding, write_dicom_segmentation
    from weakseg3d.segmentation.dicom_source import source_series

    source = source_series(scan.path)
    check_encoding(source, models)
    return lambda labels, path: write_dicom_segmentation(labels, source, models, path)
