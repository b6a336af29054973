"""DICOM headers of a patient: the files of a series, and the structure set that was drawn on it."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pydicom

from weakseg3d.errors import UserError

HEADERS = ["Modality", "SeriesDescription", "SeriesInstanceUID", "ReferencedFrameOfReferenceSequence"]


def mr_series(folders: Sequence[Path], sequence: str) -> tuple[list[Path], Path | None]:
    """Return the slices (paths) of one MR series among the ``.dcm`` files in ``folders``, and its RTSTRUCT or None.

    The series is the one whose description contains ``sequence`` (such as t2). Raises UserError unless there is
    exactly one, and for a file that is not DICOM.
    """
    series: dict[str, list[Path]] = {}
    structure_sets: list[tuple[Path, set[str]]] = []
    descriptions: dict[str, str] = {}
    for path in (path for folder in folders for path in sorted(folder.glob("*.dcm"))):
        header = read_dicom(path, stop_before_pixels=True, specific_tags=HEADERS)
        if header.get("Modality") == "RTSTRUCT":
            structure_sets.append((path, _referenced_series(header)))
        elif header.get("Modality") == "MR":
            series.setdefault(header.SeriesInstanceUID, []).append(path)
            descriptions[header.SeriesInstanceUID] = str(header.get("SeriesDescription", ""))
    matching = [
        uid for uid, text in descriptions.items() if re.search(rf"(^|[^a-z0-9]){sequence}([^0-9]|$)", text.lower())
    ]
    if len(matching) != 1:
        names = ", ".join(sorted(f"'{text}'" for text in descriptions.values())) or "none"
        raise UserError(
            f"{Path(folders[0]).parent}: exactly one MR series must be called {sequence}, but the series are {names}; "
            "keep one"
        )
    structures = [path for path, referenced in structure_sets if matching[0] in referenced]
    return series[matching[0]], structures[0] if structures else None


def read_dicom(path: str | os.PathLike[str], **options: Any) -> pydicom.Dataset:
    """Return the parsed file, with or without preamble; ``options`` are those of ``pydicom.dcmread``.

    Raises UserError for a file that is not DICOM.
    """
    try:
        content = pydicom.dcmread(path, force=True, **options)
        readable = "Modality" in content
    except Exception:  # A damaged file makes the parser fail in many ways.
        readable = False
    if not readable:
        raise UserError(f"{path}: not a readable DICOM file; unpack the archive again")
    return content


def _referenced_series(header: pydicom.Dataset) -> set[str]:
    """Return the SeriesInstanceUIDs of the images on which an RTSTRUCT was drawn."""
    return {
        series.SeriesInstanceUID
        for frame in header.get("ReferencedFrameOfReferenceSequence") or []
        for study in frame.get("RTReferencedStudySequence") or []
        for series in study.get("RTReferencedSeriesSequence") or []
    }
