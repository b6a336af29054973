"""DICOM files for tests, written by pydicom, which shares no code with the reader under test."""

import numpy as np
import pydicom
import SimpleITK as sitk
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"
ENHANCED_MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4.1"
STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"


def _file(path, kind, uid):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = kind, uid
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    content = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    content.SOPClassUID, content.SOPInstanceUID = kind, uid
    content.StudyInstanceUID, content.FrameOfReferenceUID = "2.25.1", "2.25.2"
    return content


def decimals(numbers):
    """Return numbers as DICOM decimal strings of at most 16 characters."""
    return [f"{number:.9f}"[:16] for number in numbers]


def alter(path, change):
    """Rewrite the file at ``path`` after ``change`` (a function of its dataset) has damaged it."""
    content = pydicom.dcmread(path)
    change(content)
    content.save_as(path)


def item(**elements):
    """Return a sequence with one item."""
    content = Dataset()
    for keyword, value in elements.items():
        setattr(content, keyword, value)
    return Sequence([content])


def write_multiframe(path, volume, order=None, slope=None, shared=True):
    """Write ``volume`` (whole numbers) as one enhanced file; the k-th frame is slice ``order[k]``.

    With ``shared``, spacing and orientation are in the functional groups that all frames share. ``slope`` (a function
    of the slice) makes each frame be stored with its own RescaleSlope.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    direction = np.reshape(volume.GetDirection(), (3, 3))
    voxels = sitk.GetArrayFromImage(volume)
    order = list(range(len(voxels))) if order is None else list(order)
    content = _file(path, ENHANCED_MR_IMAGE, "2.25.3.1")
    content.SeriesInstanceUID, content.SeriesDescription, content.Modality = "2.25.3", "t2_ciss", "MR"
    content.NumberOfFrames = len(order)
    content.Rows, content.Columns = voxels.shape[1:]
    content.SamplesPerPixel, content.PhotometricInterpretation = 1, "MONOCHROME2"
    content.BitsAllocated = content.BitsStored = 16
    content.HighBit, content.PixelRepresentation = 15, 1
    common = {
        "PixelMeasuresSequence": item(PixelSpacing=decimals(volume.GetSpacing()[1::-1]), SliceThickness="1.0"),
        "PlaneOrientationSequence": item(ImageOrientationPatient=decimals(direction[:, :2].T.ravel())),
    }
    groups = []
    for k in order:
        group = Dataset()
        position = volume.TransformIndexToPhysicalPoint((0, 0, k))
        group.PlanePositionSequence = item(ImagePositionPatient=decimals(position))
        group.FrameContentSequence = item(StackID="1", InStackPositionNumber=k + 1)
        if slope:
            group.PixelValueTransformationSequence = item(RescaleSlope=str(slope(k)), RescaleIntercept="0")
        groups.append(group)
    for owner in [Dataset()] if shared else groups:
        for keyword, sequence in common.items():
            setattr(owner, keyword, sequence)
        if shared:
            content.SharedFunctionalGroupsSequence = Sequence([owner])
    content.PerFrameFunctionalGroupsSequence = Sequence(groups)
    stored = [voxels[k] / (slope(k) if slope else 1) for k in order]
    content.PixelData = np.rint(stored).astype("<i2").tobytes()
    content.save_as(path, enforce_file_format=True)
    return path


def write_series(folder, volume, uid="2.25.3", description="t2_ciss", names=None, slope=1.0):
    """Write ``volume`` (whole numbers times ``slope``) as one file per slice, the k-th slice under the k-th name."""
    folder.mkdir(parents=True, exist_ok=True)
    direction = np.reshape(volume.GetDirection(), (3, 3))
    planes = np.rint(sitk.GetArrayFromImage(volume) / slope).astype(np.int16)
    for k, plane in enumerate(planes):
        path = folder / f"{names[k] if names else f'1-{k + 1:03d}'}.dcm"
        content = _file(path, MR_IMAGE, f"{uid}.{k + 1}")
        content.SeriesInstanceUID, content.SeriesDescription, content.Modality = uid, description, "MR"
        content.PatientName = content.PatientID = "TEST"
        content.InstanceNumber = k + 1
        content.ImagePositionPatient = decimals(volume.TransformIndexToPhysicalPoint((0, 0, k)))
        content.ImageOrientationPatient = decimals(direction[:, :2].T.ravel())
        content.PixelSpacing = decimals(volume.GetSpacing()[1::-1])
        content.SliceThickness = "1.0"  # Wrong on purpose, as only positions should matter.
        content.Rows, content.Columns = plane.shape
        content.SamplesPerPixel, content.PhotometricInterpretation = 1, "MONOCHROME2"
        content.BitsAllocated = content.BitsStored = 16
        content.HighBit, content.PixelRepresentation = 15, 1
        content.RescaleSlope, content.RescaleIntercept, content.RescaleType = str(slope), "0", "US"
        content.PixelData = plane.tobytes()
        content.save_as(path, enforce_file_format=True)


def write_structures(path, structures, series_uid="2.25.3"):
    """Write an RTSTRUCT with ``{name: [contour (n, 3) in mm, …]}``, drawn on the series ``series_uid``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = _file(path, STRUCTURE_SET, "2.25.9")
    content.Modality, content.SeriesInstanceUID, content.SeriesDescription = "RTSTRUCT", "2.25.10", "contours"
    series = Dataset()
    series.SeriesInstanceUID = series_uid
    study, frame = Dataset(), Dataset()
    study.ReferencedSOPInstanceUID, study.RTReferencedSeriesSequence = "2.25.1", Sequence([series])
    frame.FrameOfReferenceUID, frame.RTReferencedStudySequence = "2.25.2", Sequence([study])
    content.ReferencedFrameOfReferenceSequence = Sequence([frame])
    rois, contours = [], []
    for number, (name, lines) in enumerate(structures.items(), start=1):
        roi, drawn = Dataset(), Dataset()
        roi.ROINumber, roi.ROIName, roi.ReferencedFrameOfReferenceUID = number, name, "2.25.2"
        drawn.ReferencedROINumber, drawn.ContourSequence = number, Sequence([])
        for line in lines:
            contour = Dataset()
            contour.ContourGeometricType, contour.NumberOfContourPoints = "CLOSED_PLANAR", len(line)
            contour.ContourData = decimals(np.ravel(line))
            drawn.ContourSequence.append(contour)
        rois.append(roi)
        contours.append(drawn)
    content.StructureSetROISequence, content.ROIContourSequence = Sequence(rois), Sequence(contours)
    content.save_as(path, enforce_file_format=True)
    return path


def rectangle(volume, k, x, y):
    """Return the outline, in mm, of voxels ``x[0]..x[1]`` by ``y[0]..y[1]`` (both ends included) in slice ``k``."""
    corners = [(x[0] - 0.5, y[0] - 0.5), (x[1] + 0.5, y[0] - 0.5), (x[1] + 0.5, y[1] + 0.5), (x[0] - 0.5, y[1] + 0.5)]
    return np.array([volume.TransformContinuousIndexToPhysicalPoint((a, b, float(k))) for a, b in corners])
