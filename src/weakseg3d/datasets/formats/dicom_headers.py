"""DICOM headers of one patient: which files are which series, and which structure set was drawn on it."""

import re
from pathlib import Path

import pydicom

from weakseg3d.errors import UserError

HEADERS = ["Modality", "SeriesDescription", "SeriesInstanceUID", "ReferencedFrameOfReferenceSequence"]


def mr_series(folders, sequence):
    """Return the slices (paths) of one MR series among the ``.dcm`` files in ``folders``, and its RTSTRUCT or None.

    The series is the one whose description names ``sequence`` (such as t2). Raises UserError when it is not exactly
    one, and for a file that is no DICOM.
    """
    series, structure_sets, descriptions = {}, [], {}
    for path in (path for folder in folders for path in sorted(folder.glob("*.dcm"))):
        header = read_dicom(path, stop_before_pixels=True, specific_tags=HEADERS)
        if header.get("Modality") == "RTSTRUCT":
            structure_sets.append((path, _referenced_series(header)))
        elif header.get("Modality") == "MR":
            series.setdefault(header.SeriesInstanceUID, []).append(path)
            descriptions[header.SeriesInstanceUID] = str(header.get("SeriesDescription", ""))
    chosen = [
        uid for uid, text in descriptions.items() if re.search(rf"(^|[^a-z0-9]){sequence}([^0-9]|$)", text.lower())
    ]
    if len(chosen) != 1:
        found = ", ".join(sorted(f"'{text}'" for text in descriptions.values())) or "none"
        raise UserError(
            f"{Path(folders[0]).parent}: exactly one MR series must be called {sequence}, but the series are {found}; "
            "keep one"
        )
    drawn = [path for path, referenced in structure_sets if chosen[0] in referenced]
    return series[chosen[0]], drawn[0] if drawn else None


def read_dicom(path, **options):
    """Return the parsed file, its preamble missing or not; ``options`` are those of ``pydicom.dcmread``.

    Raises UserError for what is no DICOM.
    """
    try:
        content = pydicom.dcmread(path, force=True, **options)
        readable = "Modality" in content
    except Exception:  # A damaged file makes the parser stumble in many ways.
        readable = False
    if not readable:
        raise UserError(f"{path}: not a DICOM file that can be read; unpack the archive again")
    return content


def _referenced_series(header):
    """Return the SeriesInstanceUIDs of the images that an RTSTRUCT was drawn on."""
    return {
        series.SeriesInstanceUID
        for frame in header.get("ReferencedFrameOfReferenceSequence") or []
        for study in frame.get("RTReferencedStudySequence") or []
        for series in study.get("RTReferencedSeriesSequence") or []
    }
