"""DICOM: series without the tags that decide on voxels or geometry, and contours with missing items."""

import pydicom
import SimpleITK as sitk
from dicom_files import alter, write_multiframe, write_series

from kinds.attempt import Attempt
from kinds.material import cut, flip, import_arguments, organ, scan, write_dataset

REQUIRED = (
    "PixelSpacing",
    "ImageOrientationPatient",
    "ImagePositionPatient",
    "Rows",
    "Columns",
    "BitsAllocated",
    "PixelData",
    "SeriesInstanceUID",
    "PixelRepresentation",
)
IGNORABLE = {"SeriesInstanceUID"}

VALUES = [
    ("PixelSpacing", ["0", "1"]),
    ("PixelSpacing", ["-1", "1"]),
    ("PixelSpacing", ["1"]),
    ("ImageOrientationPatient", ["0", "0", "0", "0", "0", "0"]),
    ("ImageOrientationPatient", ["1", "0", "0", "1", "0", "0"]),
    ("ImageOrientationPatient", ["1", "0", "0"]),
    ("ImagePositionPatient", ["1", "2"]),
    ("ImagePositionPatient", ["1e300", "0", "0"]),
    ("Rows", 0),
    ("Rows", 65000),
    ("Columns", 3),
    ("BitsAllocated", 8),
    ("BitsAllocated", 17),
    ("BitsStored", 30),
    ("SamplesPerPixel", 3),
    ("PhotometricInterpretation", "RGB"),
    ("PhotometricInterpretation", "MONOCHROME1"),
    ("PhotometricInterpretation", "NONSENSE"),
    ("RescaleSlope", "1e300"),
    ("RescaleSlope", "0"),
    ("SeriesInstanceUID", "2.25.99"),
    ("PixelData", b""),
    ("PixelData", b"\1\2"),
    ("PixelData", bytes(1_000_000)),
]
MAY_PASS = {("PhotometricInterpretation", "MONOCHROME1")}
"""Values with a certain meaning: MONOCHROME1 says that low values are bright."""


def attempts():
    for keyword in REQUIRED:
        for scope in ("one file", "all files"):
            write = _altered(lambda content, k=keyword: delattr(content, k), scope)
            yield Attempt("dicom", "missing tag", f"{keyword}, {scope}", write, keyword in IGNORABLE)
    for keyword, value in VALUES:
        # A series that has another UID in all of its files is an intact series.
        scope = "one file" if keyword == "SeriesInstanceUID" else "all files"
        shown = f"{keyword} {value!r}"[:50]
        write = _altered(lambda content, k=keyword, v=value: setattr(content, k, v), scope)
        yield Attempt("dicom", "value", shown, write, (keyword, str(value)) in MAY_PASS)
    for share in (0.0, 0.2, 0.5, 0.9):
        yield Attempt("dicom", "cut", str(share), _damaged(lambda path, s=share: cut(path, s)))
    for seed in range(6):
        yield Attempt("dicom", "flipped bytes", f"seed {seed}", _damaged(lambda path, s=seed: flip(path, s, 4)), True)
    yield Attempt("dicom", "missing file", "slice 3", _damaged(lambda path: path.unlink()))
    yield Attempt("dicom", "other file", "text", _damaged(lambda path: path.write_bytes(b"hello " * 100)))
    for name, change in FRAMES.items():
        yield Attempt("dicom", "multi-frame", name, _frames(change))


def _prepare(folder):
    (folder / "raw/ct").mkdir(parents=True)
    sitk.WriteImage(organ(), str(folder / "raw/a_seg.nii.gz"))
    (folder / "raw/table.csv").write_text("case,image,label\na,ct,a_seg.nii.gz\n", encoding="utf-8")
    write_dataset(folder, options={"table": "table.csv"})
    return folder / "raw/ct"


def _altered(change, scope):
    def write(folder):
        home = _prepare(folder)
        write_series(home, scan())
        files = sorted(home.iterdir())
        for path in files[3:4] if scope == "one file" else files:
            alter(path, change)
        return import_arguments()

    return write


def _damaged(damage):
    def write(folder):
        home = _prepare(folder)
        write_series(home, scan())
        damage(sorted(home.iterdir())[3])
        return import_arguments()

    return write


def _frames(change):
    def write(folder):
        home = _prepare(folder)
        write_multiframe(home / "frames.dcm", scan())
        content = pydicom.dcmread(home / "frames.dcm")
        change(content)
        content.save_as(home / "frames.dcm")
        return import_arguments()

    return write


def _remove(keyword):
    return lambda content: delattr(content, keyword)


def _one_position(content):
    groups = content.PerFrameFunctionalGroupsSequence
    groups[3].PlanePositionSequence[0].ImagePositionPatient = ["0", "0", "500"]


def _no_position(content):
    del content.PerFrameFunctionalGroupsSequence[3].PlanePositionSequence


def _fewer_groups(content):
    content.PerFrameFunctionalGroupsSequence = content.PerFrameFunctionalGroupsSequence[:3]


FRAMES = {
    "no shared groups": _remove("SharedFunctionalGroupsSequence"),
    "no groups of frames": _remove("PerFrameFunctionalGroupsSequence"),
    "no number of frames": _remove("NumberOfFrames"),
    "frames 9999": lambda content: setattr(content, "NumberOfFrames", 9999),
    "one frame elsewhere": _one_position,
    "one frame nowhere": _no_position,
    "fewer groups than frames": _fewer_groups,
}
