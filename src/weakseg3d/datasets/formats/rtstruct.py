"""Filling of the contours of a radiotherapy structure set (DICOM RTSTRUCT) into a mask on the image's grid."""

import os
from collections.abc import Sequence

import numpy as np
import pydicom
import SimpleITK as sitk
from matplotlib.path import Path as Polygon
from numpy.typing import NDArray

from weakseg3d.datasets.formats.dicom_headers import (
    REMEDY,
    bare,
    element_value,
    items,
    numbers,
    optional_text,
    read_dicom,
    shown,
    text,
    whole_number,
)
from weakseg3d.errors import UserError
from weakseg3d.images.volumes import like

CLOSED_TYPES = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")

PLANE_TOLERANCE = 0.2
"""A contour may lie off the centre of a slice by this share of the distance between slices."""


def structure_mask(
    path: str | os.PathLike[str], names: Sequence[str], image: sitk.Image, frame_of_reference: str | None = None
) -> sitk.Image:
    """Return the mask (uint8, 0 and 1, on the grid of ``image``) of one structure of the RTSTRUCT at ``path``.

    ``names`` are possible names of the structure in upper or lower case; the first name that exists is taken. The
    planar contours must lie in slices of ``image``. A voxel belongs to the structure if its centre lies inside an odd
    number of the contours of its slice, so that a contour within another is a hole (DICOM PS3.3 C.8.8.6.3).
    ``frame_of_reference`` is the FrameOfReferenceUID of ``image``; None if it is unknown and cannot be compared.

    Raises UserError with the file and the tag for a missing or malformed item, for a structure that does not exist or
    exists twice, for another frame of reference, for contours that are not closed and planar, and for contours
    between slices or outside the image.
    """
    structures = _structures(path)
    roi = _named_roi(structures, names, path)
    _check_frame_of_reference(roi, frame_of_reference, path)
    width, height, depth = image.GetSize()
    mask = np.zeros((depth, height, width), np.uint8)
    to_index = np.linalg.inv(np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing())
    for number, contour in enumerate(_contours(structures, roi, path), start=1):
        points = (contour - image.GetOrigin()) @ to_index.T  # x, y, z in voxels
        plane = int(np.rint(points[:, 2].mean()))
        if np.abs(points[:, 2] - plane).max() > PLANE_TOLERANCE or not 0 <= plane < depth:
            raise UserError(
                f"{path}: contour {number} of {shown(roi.ROIName)} (ContourData) lies in no slice of its image; "
                "use a label map for this case"
            )
        low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
        if (high < -0.5).any() or (low > np.array([width, height]) - 0.5).any():
            raise UserError(
                f"{path}: contour {number} of {shown(roi.ROIName)} (ContourData) lies outside its image; "
                "use a label map for this case"
            )
        _toggle_inside(mask[plane], points[:, :2])
    return like(mask, image)


def _structures(path: str | os.PathLike[str]) -> pydicom.Dataset:
    """Return the parsed file; raise a UserError if it is not an RTSTRUCT."""
    structures = read_dicom(path)
    modality = optional_text(structures, "Modality")
    if modality != "RTSTRUCT":
        raise UserError(f"{path}: not a structure set (Modality is {bare(modality)}, not RTSTRUCT); name another file")
    return structures


def _named_roi(structures: pydicom.Dataset, names: Sequence[str], path: str | os.PathLike[str]) -> pydicom.Dataset:
    """Return the item of StructureSetROISequence with the first of ``names`` that exists."""
    rois = items(structures, "StructureSetROISequence", path)
    by_name: dict[str, list[pydicom.Dataset]] = {}
    roi_numbers = []
    for position, roi in enumerate(rois, start=1):
        place = f"{path}: item {position} of StructureSetROISequence"
        if "ROIName" not in roi:
            raise UserError(f"{place}: ROIName is missing; {REMEDY}")
        # The name may be empty.
        by_name.setdefault((optional_text(roi, "ROIName") or "").lower(), []).append(roi)
        roi_numbers.append(whole_number(roi, "ROINumber", place))
    matching = next((by_name[name.lower()] for name in names if name.lower() in by_name), None)
    if matching is None:
        expected = " or ".join(f"'{name}'" for name in names)
        present = ", ".join(sorted(bare(name) for name in by_name))
        raise UserError(f"{path}: has no structure {expected}, only {present}; name one in the option 'structures'")
    if len(matching) > 1:
        listed = " and ".join(f"{shown(roi.ROIName)} (ROINumber {roi.ROINumber})" for roi in matching[:2])
        raise UserError(f"{path}: two structures have the same ROIName, {listed}; rename or remove one")
    roi = matching[0]
    if roi_numbers.count(int(roi.ROINumber)) > 1:
        raise UserError(
            f"{path}: two structures have the same ROINumber {roi.ROINumber}; export the structure set again"
        )
    return roi


def _check_frame_of_reference(
    roi: pydicom.Dataset, frame_of_reference: str | None, path: str | os.PathLike[str]
) -> None:
    """Raise a UserError if the contours of ``roi`` are given in other coordinates than the image."""
    if frame_of_reference is None:
        return
    referenced = text(roi, "ReferencedFrameOfReferenceUID", path)
    if referenced != frame_of_reference:
        raise UserError(
            f"{path}: {shown(roi.ROIName)} was drawn in another frame of reference than its image "
            f"(ReferencedFrameOfReferenceUID {bare(referenced)}, FrameOfReferenceUID {bare(frame_of_reference)}); "
            "use a label map for this case"
        )


def _contours(
    structures: pydicom.Dataset, roi: pydicom.Dataset, path: str | os.PathLike[str]
) -> list[NDArray[np.float64]]:
    """Return the contours of ``roi``, each (n, 3) in world mm."""
    drawings = [
        drawing
        for position, drawing in enumerate(items(structures, "ROIContourSequence", path), start=1)
        if whole_number(drawing, "ReferencedROINumber", f"{path}: item {position} of ROIContourSequence")
        == int(roi.ROINumber)
    ]
    if len(drawings) > 1:
        raise UserError(
            f"{path}: {shown(roi.ROIName)} has contours in two items of ROIContourSequence (ReferencedROINumber "
            f"{roi.ROINumber}); export the structure set again"
        )
    if not drawings or "ContourSequence" not in drawings[0] or not drawings[0]["ContourSequence"].value:
        raise UserError(
            f"{path}: structure {shown(roi.ROIName)} has no closed contours (ROIContourSequence, ContourSequence); "
            "do not use this case"
        )
    contours = items(drawings[0], "ContourSequence", path)
    places = [f"{path}: contour {number} of {shown(roi.ROIName)}" for number in range(1, len(contours) + 1)]
    kinds = [text(contour, "ContourGeometricType", place) for contour, place in zip(contours, places, strict=True)]
    if not set(kinds) & set(CLOSED_TYPES):
        raise UserError(
            f"{path}: structure {shown(roi.ROIName)} has no closed contours (ContourGeometricType is "
            f"{shown(kinds[0])}); do not use this case"
        )
    for kind, place in zip(kinds, places, strict=True):
        if kind not in CLOSED_TYPES:
            raise UserError(
                f"{place}: ContourGeometricType is {shown(kind)}, not CLOSED_PLANAR; use a label map for this case"
            )
    return [_points(contour, place) for contour, place in zip(contours, places, strict=True)]


def _points(contour: pydicom.Dataset, place: str) -> NDArray[np.float64]:
    """Return the points (n, 3) of one closed planar contour in world mm."""
    length = len(np.atleast_1d(element_value(contour, "ContourData", place)))
    if length % 3 or length < 9:
        raise UserError(
            f"{place}: ContourData has {length} numbers, not three for each of at least three points; "
            "export the structure set again"
        )
    points = numbers(contour, "ContourData", length, place).reshape(-1, 3)
    if "NumberOfContourPoints" in contour:
        announced = whole_number(contour, "NumberOfContourPoints", place)
        if announced != len(points):
            raise UserError(
                f"{place}: NumberOfContourPoints is {announced}, but ContourData has {len(points)} points; "
                "export the structure set again"
            )
    return points


def _toggle_inside(plane: NDArray[np.uint8], points: NDArray[np.float64]) -> None:
    """Flip 0 and 1 of the pixels of ``plane`` (y, x) whose centres lie inside the polygon ``points`` (n, 2: x, y)."""
    low = np.maximum(np.floor(points.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(points.max(axis=0)).astype(int) + 1, plane.shape[::-1])
    if (high <= low).any():
        return
    y, x = np.mgrid[low[1] : high[1], low[0] : high[0]]
    inside = Polygon(points).contains_points(np.column_stack([x.ravel(), y.ravel()]))
    plane[low[1] : high[1], low[0] : high[0]] ^= inside.reshape(x.shape).astype(np.uint8)
