"""The series of a scan as a DICOM Segmentation refers to it: what identifies its images, and where they lie."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pydicom
from numpy.typing import NDArray

from weakseg3d.datasets.formats.dicom import series_files, series_frames
from weakseg3d.datasets.formats.dicom_frames import Frame
from weakseg3d.datasets.formats.dicom_headers import optional_text, read_dicom
from weakseg3d.errors import UserError

IDENTITY = (
    *("PatientID", "PatientName", "PatientBirthDate", "PatientSex"),
    *("StudyID", "StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName"),
)
"""Elements that a segmentation repeats as they are in the scan, also where they are empty or not as they should be."""

REMEDY = "which a DICOM Segmentation refers to; export the series again, or choose another --format"


class SourceSeries(NamedTuple):
    """A series: the ``images`` as highdicom reads them, and the ``header`` of the first file as it is.

    ``planes`` are, for each plane in the order of the images or of the frames of the one image, its index in the volume
    of ``shape`` (z, y, x) that `weakseg3d.datasets.formats.dicom.read_series_folder` returns.
    """

    folder: Path
    images: list[pydicom.Dataset]
    header: pydicom.Dataset
    planes: NDArray[np.int64]
    shape: tuple[int, int, int]


def source_series(folder: Path) -> SourceSeries:
    """Return the series in ``folder``.

    Positions are those of the files, while the orientation is that of the first file and the distance the mean one, as
    in the volume. Raises UserError for a series that cannot be read, and for one without the identifiers that a
    segmentation refers to.
    """
    frames, order, distance = series_frames(series_files(folder))
    _check_identifiers(frames)
    header = _whole_header(frames[0].path)
    if optional_text(header, "StudyInstanceUID") is None:
        raise UserError(f"{frames[0].path}: StudyInstanceUID is missing, {REMEDY}")
    grouped = "PerFrameFunctionalGroupsSequence" in header or "SharedFunctionalGroupsSequence" in header
    images = [_enhanced(header, frames, distance)] if grouped else _classic(header, frames, distance)
    shape = (len(frames), frames[0].layout.rows, frames[0].layout.columns)
    return SourceSeries(folder, images, header, np.argsort(order), shape)


def _check_identifiers(frames: list[Frame]) -> None:
    for frame in frames:
        found = {
            "SOPClassUID": frame.sop_class,
            "SOPInstanceUID": frame.sop_instance,
            "SeriesInstanceUID": frame.series,
            "FrameOfReferenceUID": frame.frame_of_reference,
        }
        for keyword, value in found.items():
            if value is None:
                raise UserError(f"{frame.path}: {keyword} is missing, {REMEDY}")
    files: dict[str | None, Path] = {}
    for frame in frames:
        other = files.setdefault(frame.sop_instance, frame.path)
        if other != frame.path:
            raise UserError(f"{frame.path}: has the SOPInstanceUID of {other.name}, {REMEDY}")


def _whole_header(path: Path) -> pydicom.Dataset:
    """Return a header with all its texts decoded, as the segmentation stores them in another character set."""
    header = read_dicom(path, stop_before_pixels=True)
    try:
        header.decode()
    except Exception:  # A value that contradicts its type makes the parser fail in many ways.
        raise UserError(f"{path}: has elements that are not readable, {REMEDY}") from None
    return header


def _classic(header: pydicom.Dataset, frames: list[Frame], distance: float) -> list[pydicom.Dataset]:
    """Return one image per file. Only the first has the patient, the study and the scanner."""
    images = []
    for number, frame in enumerate(frames):
        image = pydicom.Dataset() if number else _without_identity(header)
        image.SOPClassUID, image.SOPInstanceUID = frame.sop_class, frame.sop_instance
        image.StudyInstanceUID, image.SeriesInstanceUID = header.StudyInstanceUID, frame.series
        image.FrameOfReferenceUID = frame.frame_of_reference
        image.Rows, image.Columns = frame.layout.rows, frame.layout.columns
        image.ImagePositionPatient = _decimals(frame.position)
        image.ImageOrientationPatient = _orientation(frames)
        image.update(_measures(frames, distance))
        images.append(image)
    return images


def _enhanced(header: pydicom.Dataset, frames: list[Frame], distance: float) -> pydicom.Dataset:
    """Return the one multi-frame image, with what is equal in all frames in the shared functional groups."""
    shared, orientation = pydicom.Dataset(), pydicom.Dataset()
    orientation.ImageOrientationPatient = _orientation(frames)
    shared.PixelMeasuresSequence = [_measures(frames, distance)]
    shared.PlaneOrientationSequence = [orientation]
    groups = []
    for frame in frames:
        group, position = pydicom.Dataset(), pydicom.Dataset()
        position.ImagePositionPatient = _decimals(frame.position)
        group.PlanePositionSequence = [position]
        groups.append(group)
    image = _without_identity(header)
    image.SharedFunctionalGroupsSequence, image.PerFrameFunctionalGroupsSequence = [shared], groups
    image.NumberOfFrames = len(frames)
    return image


def _without_identity(header: pydicom.Dataset) -> pydicom.Dataset:
    """Return a copy with empty `IDENTITY`: highdicom refuses scans in which it is missing or not as it should be."""
    image = pydicom.Dataset()
    image.update(header)
    for keyword in IDENTITY:
        # Setting the value of an element that is there would change the header, which has the same element.
        image.pop(keyword, None)
        setattr(image, keyword, None)
    return image


def _measures(frames: list[Frame], distance: float) -> pydicom.Dataset:
    measures = pydicom.Dataset()
    measures.PixelSpacing = _decimals(frames[0].spacing[::-1])
    measures.SliceThickness, measures.SpacingBetweenSlices = _decimals([frames[0].thickness or distance, distance])
    return measures


def _orientation(frames: list[Frame]) -> list[pydicom.valuerep.DSfloat]:
    return _decimals(frames[0].direction[:, :2].T.ravel())


def _decimals(numbers: NDArray[np.float64] | list[float] | tuple[float, ...]) -> list[pydicom.valuerep.DSfloat]:
    """Return numbers as DICOM decimal strings, which have at most 16 characters."""
    return [pydicom.valuerep.DSfloat(float(number), auto_format=True) for number in numbers]
