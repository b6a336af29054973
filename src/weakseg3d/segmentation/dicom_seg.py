"""A label map as a DICOM Segmentation that refers to its series, so that viewers lay it over the scan by themselves.

The object is the binary Segmentation of DICOM PS3.3 A.51; highdicom encodes it (doi:10.1007/s10278-022-00683-y), which
is an optional extra.
"""

import hashlib
import importlib
import importlib.util
import io
import os
import re
import uuid
from collections.abc import Sequence
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from weakseg3d import __version__
from weakseg3d.errors import UserError, printable, quoted
from weakseg3d.files import whole_file
from weakseg3d.segmentation.dicom_source import IDENTITY, SourceSeries
from weakseg3d.segmentation.model_files import ModelFile
from weakseg3d.segmentation.slicer import segment_colour

LONGEST_LABEL = 64
"""Characters of a DICOM value of type LO, such as the name of a segment."""

SERIES_NUMBER = 1000
"""Viewers list the series of a study by number, so the segmentation comes after the scans."""

DATES = ("Content", "Acquisition", "Series", "Study")
"""Whose date and time in the scan's header become those of the segmentation; the first that is there."""

SOFTWARE = "weakseg3d"


def is_installed() -> bool:
    """Return whether highdicom is installed."""
    return importlib.util.find_spec("highdicom") is not None


def check_highdicom() -> None:
    """Raise a UserError that says what to install if highdicom is missing."""
    if not is_installed():
        raise UserError(
            "--format dcm: highdicom, which writes DICOM Segmentations, is not installed; run 'pip install highdicom'"
            " (the extra dicom-seg), or choose another --format"
        )


def check_names(models: Sequence[ModelFile]) -> None:
    """Raise a UserError for an organ whose name cannot be that of a segment in DICOM."""
    for model in models:
        if len(model.organ) > LONGEST_LABEL or "\\" in model.organ:
            raise UserError(
                f"--models {quoted(model.organ)}: the name of a DICOM segment has at most {LONGEST_LABEL} characters"
                " and no backslash; write ORGAN=FILE"
            )


def check_encoding(source: SourceSeries, models: Sequence[ModelFile]) -> None:
    """Raise the UserError of `write_dicom_segmentation` for a series that it cannot refer to.

    A label map with one voxel is encoded for it, so that nobody waits for networks in vain.
    """
    probe = np.zeros(source.shape, np.uint8)
    probe[0, 0, 0] = 1
    _encoded(probe, source, models)


def write_dicom_segmentation(
    labels: sitk.Image, source: SourceSeries, models: Sequence[ModelFile], path: str | os.PathLike[str]
) -> None:
    """Write the label map ``labels`` (uint8, on the grid of ``source``) to ``path``, complete or not at all.

    Label 1 is the organ of the first of ``models``. Frames without a voxel are left out; an organ that is absent keeps
    its segment. The same labels, series, models and versions of weakseg3d, highdicom and pydicom give the same bytes:
    all identifiers are derived from the content, and the dates are those of the scan. Raises UserError if highdicom
    cannot refer to the series.
    """
    content = _encoded(sitk.GetArrayViewFromImage(labels), source, models)
    _identify(content)
    with whole_file(path) as partial:
        content.save_as(partial, enforce_file_format=True)


def _encoded(array: NDArray[np.uint8], source: SourceSeries, models: Sequence[ModelFile]) -> Any:
    """Return the Segmentation of an ``array`` (z, y, x) of labels, with the dates and the patient of the scan."""
    # Imported by name, as everything else that a verb imports is part of the environments.
    highdicom = importlib.import_module("highdicom")
    try:
        content = highdicom.seg.Segmentation(
            source_images=source.images,
            pixel_array=array[source.planes],
            segmentation_type="BINARY",
            segment_descriptions=[_segment(number, model) for number, model in enumerate(models, start=1)],
            series_instance_uid="2.25.1",
            series_number=SERIES_NUMBER,
            sop_instance_uid="2.25.2",
            instance_number=1,
            manufacturer=SOFTWARE,
            manufacturer_model_name=SOFTWARE,
            software_versions=__version__,
            device_serial_number="none",
            content_label="SEGMENTATION",
            content_description="Made by weakseg3d, for research",
            series_description=", ".join(model.organ for model in models)[:LONGEST_LABEL],
            # The scan's character set may lack letters of the organs' names.
            specific_character_set="ISO_IR 192",
        )
        for keyword in IDENTITY:
            if keyword in source.header:
                content.add(source.header[keyword])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise UserError(
            f"{printable(source.folder)}: highdicom cannot refer to this series ({printable(reason)}); choose another"
            " --format"
        ) from None
    content.ContentCreatorName = None
    content.ContentDate, content.ContentTime = _date_and_time(source.header)
    # Optional, and the only true value would be another one in every run.
    for item in (content, *content.ContributingEquipmentSequence):
        for keyword in ("InstanceCreationDate", "InstanceCreationTime", "ContributionDateTime"):
            item.pop(keyword, None)
    return content


def _segment(number: int, model: ModelFile) -> Any:
    highdicom = importlib.import_module("highdicom")
    codes = importlib.import_module("pydicom.sr.codedict").codes
    category, kind = _codes(model.organ)
    red, green, blue = (round(255 * part) for part in segment_colour(number - 1))
    return highdicom.seg.SegmentDescription(
        segment_number=number,
        segment_label=model.organ,
        segmented_property_category=category,
        segmented_property_type=kind,
        algorithm_type="AUTOMATIC",
        algorithm_identification=highdicom.AlgorithmIdentificationSequence(
            name=SOFTWARE,
            family=codes.cid7162.ArtificialIntelligence,
            version=__version__,
            parameters={"model_sha256": model.digest},
        ),
        display_color=highdicom.color.CIELabColor.from_rgb(red, green, blue),
    )


def _codes(organ: str) -> tuple[Any, Any]:
    """Return category and type of a segment as SNOMED CT codes: the structure of that name, else just tissue.

    The names are those of DICOM's list of anatomical structures (PS3.16 CID 7192), without left and right.
    """
    codes = importlib.import_module("pydicom.sr.codedict").codes
    words = [word for word in re.split(r"[\W_]+", organ.lower()) if word]
    for named in (words, [word for word in words if word not in ("left", "right")]):
        keyword = "".join(word.capitalize() for word in named)
        if keyword in codes.cid7192.dir():
            return codes.cid7150.AnatomicalStructure, getattr(codes.cid7192, keyword)
    return codes.cid7150.Tissue, codes.SCT.Tissue


def _date_and_time(header: Any) -> tuple[str, str]:
    """Return a date and time of the scan, or the start of 1900 if it has none; both are mandatory."""
    for start in DATES:
        date = str(header.get(f"{start}Date") or "")
        if re.fullmatch(r"\d{8}", date):
            time = str(header.get(f"{start}Time") or "")
            return date, time if re.fullmatch(r"\d{6}(\.\d{1,6})?", time) else "000000"
    return "19000101", "000000"


def _identify(content: Any) -> None:
    """Give ``content`` identifiers that are derived from all the rest of it (name-based UUIDs, DICOM PS3.5 B.2)."""
    dimensions = [*content.DimensionOrganizationSequence, *content.DimensionIndexSequence]
    for item in dimensions:
        item.DimensionOrganizationUID = "2.25.3"
    stream = io.BytesIO()
    content.save_as(stream, enforce_file_format=True)
    digest = hashlib.sha256(stream.getbuffer()).hexdigest()
    instance, series, organisation = (
        f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, f'{SOFTWARE} {name} {digest}').int}"
        for name in ("instance", "series", "dimensions")
    )
    content.SOPInstanceUID = content.file_meta.MediaStorageSOPInstanceUID = instance
    content.SeriesInstanceUID = series
    for item in dimensions:
        item.DimensionOrganizationUID = organisation
