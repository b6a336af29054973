"""Filling of the contours of a radiotherapy structure set (DICOM RTSTRUCT) into a mask on the image's grid."""

import os
from collections.abc import Sequence

import numpy as np
import pydicom
import SimpleITK as sitk
from matplotlib.path import Path as Polygon
from numpy.typing import NDArray

from weakseg3d.datasets.formats.dicom_headers import read_dicom
from weakseg3d.errors import UserError
from weakseg3d.images.volumes import like

PLANE_TOLERANCE = 0.2
"""A contour may lie off the centre of a slice by this share of the distance between slices."""


def structure_mask(path: str | os.PathLike[str], names: Sequence[str], image: sitk.Image) -> sitk.Image:
    """Return the mask (uint8, 0 and 1, on the grid of ``image``) of one structure of the RTSTRUCT at ``path``.

    ``names`` are possible names of the structure in upper or lower case; the first name that exists is taken. The
    planar contours must lie in slices of ``image``. A voxel belongs to the structure if its centre lies inside an odd
    number of the contours of its slice, so that a contour within another is a hole (DICOM PS3.3 C.8.8.6.3).

    Raises UserError for a file without such a structure, and for contours between slices or outside the image.
    """
    structures = _structures(path)
    contours = _contours(structures, names, path)
    width, height, depth = image.GetSize()
    mask = np.zeros((depth, height, width), np.uint8)
    to_index = np.linalg.inv(np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing())
    for contour in contours:
        points = (contour - image.GetOrigin()) @ to_index.T  # x, y, z in voxels
        plane = int(np.rint(points[:, 2].mean()))
        if np.abs(points[:, 2] - plane).max() > PLANE_TOLERANCE or not 0 <= plane < depth:
            raise UserError(
                f"{path}: a contour of '{names[0]}' lies in no slice of its image; use a label map for this case"
            )
        _toggle_inside(mask[plane], points[:, :2])
    return like(mask, image)


def _structures(path: str | os.PathLike[str]) -> pydicom.Dataset:
    """Return the parsed file; raise a UserError if it is not an RTSTRUCT."""
    structures = read_dicom(path)
    if structures.get("Modality") != "RTSTRUCT" or "StructureSetROISequence" not in structures:
        raise UserError(f"{path}: not a structure set (RTSTRUCT) with structures; name another file")
    return structures


def _contours(
    structures: pydicom.Dataset, names: Sequence[str], path: str | os.PathLike[str]
) -> list[NDArray[np.float64]]:
    """Return the closed contours, each (n, 3) in world mm, of the first of ``names`` that exists."""
    numbers = {str(roi.ROIName).strip().lower(): roi.ROINumber for roi in structures.StructureSetROISequence}
    number = next((numbers[name.lower()] for name in names if name.lower() in numbers), None)
    if number is None:
        expected = " or ".join(f"'{name}'" for name in names)
        present = ", ".join(sorted(numbers))
        raise UserError(f"{path}: has no structure {expected}, only {present}; name one in the option 'structures'")
    sequences = [
        roi.get("ContourSequence") or [] for roi in structures.ROIContourSequence if roi.ReferencedROINumber == number
    ]
    contours = [
        np.reshape(np.array(contour.ContourData, float), (-1, 3))
        for sequence in sequences
        for contour in sequence
        if contour.ContourGeometricType in ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
    ]
    if not contours:
        raise UserError(f"{path}: structure '{names[0]}' has no closed contours; do not use this case")
    return contours


def _toggle_inside(plane: NDArray[np.uint8], points: NDArray[np.float64]) -> None:
    """Flip 0 and 1 of the pixels of ``plane`` (y, x) whose centres lie inside the polygon ``points`` (n, 2: x, y)."""
    low = np.maximum(np.floor(points.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(points.max(axis=0)).astype(int) + 1, plane.shape[::-1])
    if (high <= low).any():
        return
    y, x = np.mgrid[low[1] : high[1], low[0] : high[0]]
    inside = Polygon(points).contains_points(np.column_stack([x.ravel(), y.ravel()]))
    plane[low[1] : high[1], low[0] : high[0]] ^= inside.reshape(x.shape).astype(np.uint8)
