"""The planes in a DICOM file as its header describes them: place, spacing, layout of the pixels, rescaling.

A classic file contains one plane, described by the main dataset. An enhanced multi-frame file contains many, described
by its functional groups: those of the frame come first, then those shared by all frames (DICOM PS3.3 C.7.6.16).
Nothing is assumed about a tag that is missing: ITK would use a spacing of 1 mm and an axial orientation instead.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray

from weakseg3d.datasets.formats.dicom_headers import (
    REMEDY,
    bare,
    element_value,
    items,
    numbers,
    optional_items,
    optional_text,
    read_dicom,
    shown,
    text,
    whole_number,
)
from weakseg3d.errors import UserError

COSINE_TOLERANCE = 1e-3
"""Rounding that is accepted in direction cosines, as in GDCM."""

RESCALE_KEYWORDS = ["RescaleSlope", "RescaleIntercept"]

KEYWORDS = [
    *("Modality", "SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "NumberOfFrames"),
    *("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness"),
    *("Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"),
    *RESCALE_KEYWORDS,
    *("ModalityLUTSequence", "DoseGridScaling"),
    *("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"),
]
"""The elements that are read from a header; all others are skipped, which saves time."""


@dataclass(frozen=True)
class PixelLayout:
    """How the pixels of a file are stored, in DICOM's terms."""

    rows: int
    columns: int
    bits_allocated: int
    bits_stored: int
    signed: bool


@dataclass(frozen=True)
class Frame:
    """One plane of a file."""

    path: Path
    index: int
    """Number of the plane in its file, from 0."""
    name: str
    """What messages call the plane: the name of its file, or that and the number of the frame."""
    layout: PixelLayout
    position: NDArray[np.float64]
    """Centre of the first pixel (x, y, z), LPS in mm."""
    direction: NDArray[np.float64]
    """Orthonormal matrix (3, 3) whose columns are the directions of x, y and the normal."""
    spacing: tuple[float, float]
    """Distance between pixels along x and y in mm."""
    thickness: float | None
    """SliceThickness in mm, or None if it is missing or not positive."""
    slope: float
    intercept: float
    series: str | None
    frame_of_reference: str | None
    sop_class: str | None
    sop_instance: str | None


def read_frames(path: str | os.PathLike[str]) -> list[Frame]:
    """Return all planes of the DICOM file at ``path`` in the order in which they are stored; pixels are not read.

    Raises UserError with the file and the tag for a file that is not DICOM or not a greyscale image of integers, for a
    missing, contradictory or non-finite tag, for MONOCHROME1, for a non-linear modality LUT, and for several stacks
    or temporal positions.

    MONOCHROME1 (the smallest value is white) is rejected, not inverted: the tag only says how to display the values,
    and a CT with it may as well contain valid Hounsfield units.
    """
    path = Path(path)
    header = read_dicom(path, stop_before_pixels=True, specific_tags=KEYWORDS)
    layout = _pixel_layout(header, path)
    if "DoseGridScaling" in header:
        raise UserError(f"{path}: DoseGridScaling marks a dose distribution, not a scan; move it to another folder")
    if optional_items(header, "ModalityLUTSequence", path):
        raise UserError(f"{path}: ModalityLUTSequence maps the values by a table; export the series with RescaleSlope")
    number = whole_number(header, "NumberOfFrames", path) if "NumberOfFrames" in header else 1
    if "PerFrameFunctionalGroupsSequence" not in header and "SharedFunctionalGroupsSequence" not in header:
        if number != 1:
            raise UserError(
                f"{path}: NumberOfFrames is {number}, but PerFrameFunctionalGroupsSequence, which gives their "
                "positions, is missing; export one file per slice"
            )
        return [_frame(header, path, 0, path.name, layout, [header])]
    frames = items(header, "PerFrameFunctionalGroupsSequence", path)
    if len(frames) != number:
        raise UserError(
            f"{path}: NumberOfFrames is {number}, but PerFrameFunctionalGroupsSequence describes {len(frames)} frames; "
            f"{REMEDY}"
        )
    shared = optional_items(header, "SharedFunctionalGroupsSequence", path)[:1]
    _check_one_stack(frames, path)
    return [
        _frame(header, path, index, f"frame {index + 1} of {path.name}", layout, [frame, *shared])
        for index, frame in enumerate(frames)
    ]


def _frame(
    header: pydicom.Dataset,
    path: Path,
    index: int,
    name: str,
    layout: PixelLayout,
    groups: Sequence[pydicom.Dataset],
) -> Frame:
    """Return the description of one plane; ``groups`` are its functional groups, or the header of a classic file."""
    classic = groups[0] is header
    place = f"{path}" if classic else f"{path}: frame {index + 1}"

    def macro(sequence: str) -> pydicom.Dataset:
        item = header if classic else _macro(groups, sequence, place)
        if item is None:
            raise UserError(f"{place}: {sequence} is missing; {REMEDY}")
        return item

    measures = macro("PixelMeasuresSequence")
    spacing = numbers(measures, "PixelSpacing", 2, place)
    if (spacing <= 0).any():
        raise UserError(f"{place}: PixelSpacing is {shown(spacing.tolist())}, not positive; {REMEDY}")
    # Files that store the rescaling outside the functional groups exist, so the main dataset is the last resort.
    rescaling = _macro(groups, "PixelValueTransformationSequence", place)
    slope, intercept = _rescaling(header if rescaling is None else rescaling, place)
    return Frame(
        path=path,
        index=index,
        name=name,
        layout=layout,
        position=numbers(macro("PlanePositionSequence"), "ImagePositionPatient", 3, place),
        direction=_direction(macro("PlaneOrientationSequence"), place),
        spacing=(float(spacing[1]), float(spacing[0])),  # DICOM names the distance between rows, along y, first.
        thickness=_thickness(measures),
        slope=slope,
        intercept=intercept,
        series=optional_text(header, "SeriesInstanceUID"),
        frame_of_reference=optional_text(header, "FrameOfReferenceUID"),
        sop_class=optional_text(header, "SOPClassUID"),
        sop_instance=optional_text(header, "SOPInstanceUID"),
    )


def _macro(groups: Sequence[pydicom.Dataset], sequence: str, place: str | os.PathLike[str]) -> pydicom.Dataset | None:
    """Return the item of a functional group, from the first of ``groups`` that has it, or None."""
    sequences = (optional_items(group, sequence, place) for group in groups)
    return next((entries[0] for entries in sequences if entries), None)


def _check_one_stack(frames: Sequence[pydicom.Dataset], path: Path) -> None:
    """Raise a UserError if the functional groups of ``frames`` name several stacks or temporal positions."""
    for keyword in ("StackID", "TemporalPositionIndex"):
        contents = (_macro([frame], "FrameContentSequence", path) for frame in frames)
        values = {optional_text(content, keyword) for content in contents if content is not None}
        if len(values) > 1:
            listed = ", ".join(sorted(bare(value) for value in values)[:5])
            raise UserError(f"{path}: contains several values of {keyword} ({listed}); export one of them")


def _pixel_layout(header: pydicom.Dataset, path: Path) -> PixelLayout:
    """Return how the pixels are stored; raise a UserError unless they are greyscale integers."""
    if "Rows" not in header:
        modality = bare(optional_text(header, "Modality") or "unknown")
        raise UserError(f"{path}: not an image (Rows is missing, Modality is {modality}); move it to another folder")
    samples = whole_number(header, "SamplesPerPixel", path)
    photometric = text(header, "PhotometricInterpretation", path)
    if samples != 1:
        raise UserError(
            f"{path}: a colour image (SamplesPerPixel is {samples}, PhotometricInterpretation {bare(photometric)}); "
            "keep only the greyscale series"
        )
    if photometric == "MONOCHROME1":
        raise UserError(
            f"{path}: PhotometricInterpretation is MONOCHROME1, so the smallest value is white and it is not certain "
            "what the values measure; convert the series to MONOCHROME2"
        )
    if photometric != "MONOCHROME2":
        raise UserError(
            f"{path}: PhotometricInterpretation is {shown(photometric)} instead of MONOCHROME2; "
            "keep only the greyscale series"
        )
    _check_integers(header, path)
    fields = ("Rows", "Columns", "BitsAllocated", "BitsStored", "PixelRepresentation")
    rows, columns, allocated, stored, representation = (whole_number(header, key, path) for key in fields)
    accepted = {
        "Rows": rows > 0,
        "Columns": columns > 0,
        "BitsAllocated": allocated in (8, 16, 32),
        "BitsStored": 0 < stored <= allocated,
        "PixelRepresentation": representation in (0, 1),
        "HighBit": "HighBit" not in header or whole_number(header, "HighBit", path) == stored - 1,
    }
    for keyword, valid in accepted.items():
        if not valid:
            raise UserError(
                f"{path}: {keyword} is {shown(element_value(header, keyword, path))}, which is not supported; {REMEDY}"
            )
    return PixelLayout(rows, columns, allocated, stored, bool(representation))


def _check_integers(header: pydicom.Dataset, path: Path) -> None:
    """Raise a UserError that names the element if the pixels are stored as floating-point numbers."""
    if "PixelRepresentation" in header:
        return
    content = read_dicom(path)
    for keyword in ("FloatPixelData", "DoubleFloatPixelData"):
        if keyword in content:
            raise UserError(f"{path}: {keyword} is not supported; export the series with integer PixelData")


def _direction(dataset: pydicom.Dataset, place: str) -> NDArray[np.float64]:
    """Return the direction matrix (3, 3), made exactly orthonormal; raise a UserError if it is not nearly so."""
    cosines = numbers(dataset, "ImageOrientationPatient", 6, place)
    x, y = cosines[:3], cosines[3:]
    lengths = np.array([np.linalg.norm(x), np.linalg.norm(y)])
    if np.abs(lengths - 1).max() > COSINE_TOLERANCE or abs(x @ y) > COSINE_TOLERANCE:
        raise UserError(
            f"{place}: ImageOrientationPatient {shown(cosines.tolist())} is not a pair of perpendicular unit vectors; "
            f"{REMEDY}"
        )
    x = x / lengths[0]
    y = y - (x @ y) * x
    y = y / np.linalg.norm(y)
    return np.column_stack([x, y, np.cross(x, y)])


def _thickness(dataset: pydicom.Dataset) -> float | None:
    try:
        thickness = float(numbers(dataset, "SliceThickness", 1, "")[0])
    except UserError:
        return None
    return thickness if thickness > 0 else None


def _rescaling(dataset: pydicom.Dataset, place: str) -> tuple[float, float]:
    """Return RescaleSlope and RescaleIntercept: both from the header, or 1 and 0 if both are missing."""
    if not any(keyword in dataset for keyword in RESCALE_KEYWORDS):
        return 1.0, 0.0
    slope, intercept = (float(numbers(dataset, keyword, 1, place)[0]) for keyword in RESCALE_KEYWORDS)
    if slope == 0:
        raise UserError(f"{place}: RescaleSlope is 0, which makes all values equal; {REMEDY}")
    return slope, intercept
