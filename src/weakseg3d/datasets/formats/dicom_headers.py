"""DICOM headers: values that are checked when they are read, and the files of one MR series of a patient."""

import logging
import os
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.datadict import keyword_for_tag
from pydicom.dataelem import RawDataElement

from weakseg3d.datasets.file_search import natural
from weakseg3d.errors import UserError

# Values that matter are checked here, so pydicom's own remarks on unusual headers would only clutter the terminal.
warnings.filterwarnings("ignore", category=UserWarning, module=r"pydicom\.")
logging.getLogger("pydicom").setLevel(logging.ERROR)

SERIES_KEYWORDS = ["Modality", "SeriesDescription", "SeriesInstanceUID", "ReferencedFrameOfReferenceSequence"]

UNDEFINED = 0xFFFFFFFF
"""Length of an element that ends with a delimiter."""

LONGEST_SHOWN = 70
"""Length at which values are cut in messages; identifiers have at most 64 characters."""

REMEDY = "export it again"


def read_dicom(path: str | os.PathLike[str], **options: Any) -> pydicom.Dataset:
    """Return the parsed file, with or without preamble; ``options`` are those of ``pydicom.dcmread``.

    Raises UserError for a file that is not DICOM, and for a truncated one.
    """
    try:
        content = pydicom.dcmread(path, force=True, **options)
        readable = any(keyword in content for keyword in ("Modality", "SOPClassUID", "Rows"))
    except Exception:  # A damaged file makes the parser fail in many ways.
        readable = False
    if not readable:
        raise UserError(f"{path}: not a readable DICOM file; unpack the archive again")
    for tag in content.keys():  # noqa: SIM118 (iterating over the dataset itself would parse all elements)
        element = content.get_item(tag, keep_deferred=True)
        # pydicom returns what is left of the last element of a truncated file.
        if isinstance(element, RawDataElement) and element.length not in (UNDEFINED, len(element.value or b"")):
            raise UserError(f"{path}: {keyword_for_tag(tag) or tag} is truncated; copy or export the file again")
    return content


def numbers(dataset: pydicom.Dataset, keyword: str, count: int, place: str | os.PathLike[str]) -> NDArray[np.float64]:
    """Return the ``count`` finite numbers of an element; ``place`` is the file, named in the message.

    Raises UserError with the keyword if the element is missing, has another length, or is not finite.
    """
    value = element_value(dataset, keyword, place)
    try:
        parts = [value] if isinstance(value, str) or not hasattr(value, "__len__") else list(value)
        array = np.array([float(part) for part in parts])
    except (TypeError, ValueError, OverflowError):
        array = np.array([])
    # The bytes of an element of unknown type would otherwise pass for numbers.
    if len(array) != count or not np.isfinite(array).all() or isinstance(value, bytes):
        expected = "one finite number" if count == 1 else f"{count} finite numbers"
        raise UserError(f"{place}: {keyword} is {shown(value)} instead of {expected}; {REMEDY}")
    return array


def whole_number(dataset: pydicom.Dataset, keyword: str, place: str | os.PathLike[str]) -> int:
    """Return the integer of an element; raise a UserError with the keyword if it is missing or not an integer."""
    value = numbers(dataset, keyword, 1, place)[0]
    if value != np.rint(value):
        raise UserError(f"{place}: {keyword} is {shown(value)} instead of a whole number; {REMEDY}")
    return int(value)


def text(dataset: pydicom.Dataset, keyword: str, place: str | os.PathLike[str]) -> str:
    """Return an element as text without surrounding blanks; raise a UserError with the keyword if it is missing."""
    return str(element_value(dataset, keyword, place)).strip()


def optional_text(dataset: pydicom.Dataset, keyword: str) -> str | None:
    """Return an element as text, or None if it is missing, empty or unreadable."""
    try:
        return text(dataset, keyword, "")
    except UserError:
        return None


def items(dataset: pydicom.Dataset, keyword: str, place: str | os.PathLike[str]) -> list[pydicom.Dataset]:
    """Return the items of a sequence; raise a UserError with the keyword if it is missing, empty or no sequence."""
    value = element_value(dataset, keyword, place)
    if not isinstance(value, pydicom.Sequence):
        raise UserError(f"{place}: {keyword} is not a sequence of items; {REMEDY}")
    return list(value)


def optional_items(dataset: pydicom.Dataset, keyword: str, place: str | os.PathLike[str]) -> list[pydicom.Dataset]:
    """Return the items of a sequence, or an empty list if it is missing or empty; raise a UserError if unreadable."""
    value = _value(dataset, keyword, place)
    return (
        [] if value is None or (isinstance(value, pydicom.Sequence) and not value) else items(dataset, keyword, place)
    )


def element_value(dataset: pydicom.Dataset, keyword: str, place: str | os.PathLike[str]) -> Any:
    """Return the value of an element; raise a UserError with the keyword if it is missing, empty or unreadable."""
    value = _value(dataset, keyword, place)
    if value is None or (hasattr(value, "__len__") and len(value) == 0):
        raise UserError(f"{place}: {keyword} is missing; {REMEDY}")
    return value


def _value(dataset: pydicom.Dataset, keyword: str, place: str | os.PathLike[str]) -> Any:
    """Return the value of an element, or None if it is missing; raise a UserError if it is unreadable."""
    try:
        return dataset.get(keyword)
    except Exception:  # A value that contradicts its type makes the parser fail in many ways.
        raise UserError(f"{place}: {keyword} is not readable; {REMEDY}") from None


def shown(value: object) -> str:
    """Return a value for a message: in quotes, shortened, without line ends or terminal codes."""
    return repr(str(value)[:LONGEST_SHOWN])


def bare(value: object) -> str:
    """Return a value for a message as `shown` does, but without quotes."""
    return shown(value)[1:-1]


def frame_of_reference(path: str | os.PathLike[str]) -> str | None:
    """Return the FrameOfReferenceUID of an image file, or None if it has none."""
    keyword = "FrameOfReferenceUID"
    header = read_dicom(path, stop_before_pixels=True, specific_tags=["Modality", "SOPClassUID", "Rows", keyword])
    return optional_text(header, keyword)


def mr_series(
    folders: Sequence[Path], sequence: str, *, with_structures: bool = True
) -> tuple[list[Path], Path | None]:
    """Return the slices (paths) of one MR series among the ``.dcm`` files in ``folders``, and its RTSTRUCT or None.

    The series is the one whose description contains ``sequence`` (such as t2). With ``with_structures=False`` no
    RTSTRUCT is looked for, and None is returned in its place.

    Raises UserError unless there is exactly one such series, for a file that is not DICOM, for two RTSTRUCTs drawn on
    the series, and for an RTSTRUCT that does not name its series.
    """
    series: dict[str, list[Path]] = {}
    structure_sets: list[tuple[Path, set[str]]] = []
    descriptions: dict[str, str] = {}
    for path in (path for folder in folders for path in _dicom_files(folder)):
        header = read_dicom(path, stop_before_pixels=True, specific_tags=SERIES_KEYWORDS)
        modality = text(header, "Modality", path)
        if modality == "RTSTRUCT" and with_structures:
            structure_sets.append((path, _referenced_series(header, path)))
        elif modality == "MR":
            uid = text(header, "SeriesInstanceUID", path)
            series.setdefault(uid, []).append(path)
            descriptions[uid] = optional_text(header, "SeriesDescription") or ""
    matching = [
        uid for uid, words in descriptions.items() if re.search(rf"(^|[^a-z0-9]){sequence}([^0-9]|$)", words.lower())
    ]
    if len(matching) != 1:
        names = ", ".join(sorted(shown(words) for words in descriptions.values())) or "none"
        raise UserError(
            f"{Path(folders[0]).parent}: exactly one MR series must be called {sequence}, but the series are {names}; "
            "keep one"
        )
    structures = [path for path, referenced in structure_sets if matching[0] in referenced]
    if len(structures) > 1:
        raise UserError(
            f"{structures[0]} and {structures[1]}: both RTSTRUCTs were drawn on the series {bare(matching[0])} "
            "(ReferencedFrameOfReferenceSequence); keep one"
        )
    return series[matching[0]], structures[0] if structures else None


def _dicom_files(folder: Path) -> list[Path]:
    files = (path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    return sorted((path for path in files if path.suffix.lower() == ".dcm"), key=lambda path: natural(path.name))


def _referenced_series(header: pydicom.Dataset, path: Path) -> set[str]:
    """Return the SeriesInstanceUIDs of the images on which an RTSTRUCT was drawn.

    Raises UserError if it names none.
    """
    referenced = {
        optional_text(series, "SeriesInstanceUID")
        for frame in optional_items(header, "ReferencedFrameOfReferenceSequence", path)
        for study in optional_items(frame, "RTReferencedStudySequence", path)
        for series in optional_items(study, "RTReferencedSeriesSequence", path)
    }
    uids = {uid for uid in referenced if uid is not None}
    if not uids:
        raise UserError(
            f"{path}: the RTSTRUCT does not name the series that it was drawn on "
            "(ReferencedFrameOfReferenceSequence); export it again, or remove it"
        )
    return uids
