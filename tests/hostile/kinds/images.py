"""Images: cut or damaged files of all formats, headers that contradict themselves, and voxels that are no numbers."""

import os
import socket

import numpy as np
import SimpleITK as sitk
from conftest import make_volume
from volume_files import FORMATS, change_nifti, change_text

from kinds.attempt import Attempt
from kinds.material import SHAPE, cut, flip, scan, write_format, write_scan

NAN, INF = float("nan"), float("inf")


def resample(name, spacing="2"):
    return ["resample", "--in", name, "--out", "out/resampled.nii.gz", "--kind", "image", "--spacing", spacing]


READERS = (
    resample,
    lambda name: ["array", "--in", name, "--out", "out/array.npy", "--window", "0", "100"],
    lambda name: ["perturb", "--image", name, "--out", "out/noisy.nii.gz", "noise", "--std", "0.1"],
)
"""Verbs that read an image, taken in turn."""

NIFTI_HEADERS = {
    "rank 0": {"dim": (0, 10, 12, 8, 1, 1, 1, 1)},
    "rank 100": {"dim": (100, 10, 12, 8, 1, 1, 1, 1)},
    "size 0": {"dim": (3, 0, 12, 8, 1, 1, 1, 1)},
    "size -5": {"dim": (3, 10, -5, 8, 1, 1, 1, 1)},
    "huge size": {"dim": (3, 30000, 30000, 30000, 1, 1, 1, 1)},
    "one slice more": {"dim": (3, 10, 12, 9, 1, 1, 1, 1)},
    "one slice less": {"dim": (3, 10, 12, 7, 1, 1, 1, 1)},
    "unknown datatype": {"datatype": 999},
    "RGB datatype": {"datatype": 128},
    "wrong bits": {"bitpix": 64},
    "spacing NaN": {"pixdim": (1, NAN, 1.5, 2, 1, 1, 1, 1)},
    "spacing 0": {"pixdim": (1, 1, 0, 2, 1, 1, 1, 1)},
    "spacing infinite": {"pixdim": (1, 1, 1.5, INF, 1, 1, 1, 1)},
    "spacing 1e-30": {"pixdim": (1, 1e-30, 1.5, 2, 1, 1, 1, 1)},
    "spacing 1 m": {"pixdim": (1, 1000, 1000, 1000, 1, 1, 1, 1)},
    "spacing against sform": {"pixdim": (1, 3, 3, 3, 1, 1, 1, 1)},
    "offset NaN": {"vox_offset": NAN},
    "offset negative": {"vox_offset": -100},
    "offset beyond the end": {"vox_offset": 1e9},
    "slope NaN": {"scl_slope": NAN},
    "slope infinite": {"scl_slope": INF},
    "intercept NaN": {"scl_slope": 1, "scl_inter": NAN},
    "unknown unit": {"xyzt_units": 7},
    "quaternion NaN": {"quatern": (NAN, 0, 0), "qform_code": 1, "sform_code": 0},
    "origin NaN": {"qoffset": (NAN, 0, 0), "qform_code": 1, "sform_code": 0},
    "sform NaN": {"srow_x": (NAN, 0, 0, 0), "sform_code": 1, "qform_code": 0},
    "sform zero": {"srow_x": (0, 0, 0, 0), "sform_code": 1, "qform_code": 0},
    "sform sheared": {"srow_x": (1, 0, 0.9, 0), "sform_code": 1, "qform_code": 0},
    "wrong magic": {"magic": b"xyz\0"},
    "header size 0": {"sizeof_hdr": 0},
}
TOLERABLE = {"rank 0", "unknown unit", "slope NaN", "slope infinite", "wrong bits", "intercept NaN", "one slice less"}
"""Headers that NIfTI-1 lets a reader ignore: a slope that is not finite means no scaling."""

TEXT_HEADERS = [
    ("raw.nrrd", "sizes:", "sizes: 10 12 80"),
    ("raw.nrrd", "sizes:", "sizes: 10 12 -8"),
    ("raw.nrrd", "sizes:", "sizes: 10 12"),
    ("raw.nrrd", "sizes:", None),
    ("raw.nrrd", "type:", "type: complex"),
    ("raw.nrrd", "encoding:", "encoding: rot13"),
    ("raw.nrrd", "dimension:", "dimension: 99999999"),
    ("raw.nrrd", "space directions:", "space directions: (nan,0,0) (0,1.5,0) (0,0,2)"),
    ("raw.nrrd", "space directions:", "space directions: (1,0,0) (0,1.5,0) (0,0.75,2)"),
    ("raw.nrrd", "space directions:", "space directions: (0,0,0) (0,1.5,0) (0,0,2)"),
    ("raw.nrrd", "space origin:", "space origin: (nan,0,0)"),
    ("raw.nhdr", "data file:", "data file: ../../etc/passwd"),
    ("raw.mhd", "DimSize", "DimSize = 10 12 800000"),
    ("raw.mhd", "DimSize", "DimSize = 10 -12 8"),
    ("raw.mhd", "DimSize", None),
    ("raw.mhd", "ElementSpacing", "ElementSpacing = 1 -1.5 2"),
    ("raw.mhd", "ElementSpacing", "ElementSpacing = 1 nan 2"),
    ("raw.mhd", "ElementType", "ElementType = MET_NONSENSE"),
    ("raw.mhd", "ElementDataFile", "ElementDataFile = missing.raw"),
    ("raw.mhd", "TransformMatrix", "TransformMatrix = 1 0 0 0.9 1 0 0 0 1"),
    ("raw.mhd", "Offset", "Offset = inf 0 0"),
]


def attempts():
    reader = 0
    for name in FORMATS:
        for share in (0.0, 0.3, 0.95):
            reader += 1
            yield Attempt("image", "cut voxels", f"{name} {share}", _cut(name, share, READERS[reader % 3]))
    for name in FORMATS:
        yield Attempt("image", "flipped bytes", name, _flipped(name, len(name)), may_pass=True)
    for name, fields in NIFTI_HEADERS.items():
        yield Attempt("image", "NIfTI header", name, _nifti(fields), name in TOLERABLE)
    for name, start, line in TEXT_HEADERS:
        yield Attempt("image", "text header", f"{name} {line or f'no {start}'}", _text(name, start, line))
    for value in (NAN, INF, -INF):
        for name in ("v.nii", "v.NII.GZ", "v.mha", "v.nrrd"):
            yield Attempt("image", "voxels that are no numbers", f"{value} {name}", _voxels(value, name))
    for name, write in SPECIAL_FILES.items():
        yield Attempt("image", "not a volume", name, write)


def _cut(name, share, verb):
    def write(folder):
        volume, voxels = write_format(folder, name)
        cut(voxels, share)
        return verb(volume.name)

    return write


def _flipped(name, seed):
    def write(folder):
        volume, _ = write_format(folder, name)
        flip(volume, seed, 3)
        return resample(volume.name)

    return write


def _nifti(fields):
    def write(folder):
        volume, _ = write_format(folder, "v.nii")
        change_nifti(volume, **fields)
        return resample(volume.name)

    return write


def _text(name, start, line):
    def write(folder):
        volume, _ = write_format(folder, name)
        change_text(volume, start, line)
        return resample(volume.name)

    return write


def _voxels(value, name):
    def write(folder):
        voxels = np.ones(SHAPE, np.float32)
        voxels[3, 4, 5] = value
        sitk.WriteImage(make_volume(voxels), str(folder / name.lower()))
        os.rename(folder / name.lower(), folder / name)
        return resample(name)

    return write


def _fifo(folder):
    os.mkfifo(folder / "pipe.nii.gz")
    return resample("pipe.nii.gz")


def _socket(folder):
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.open(folder, os.O_RDONLY)
        listener.bind(f"/proc/self/fd/{here}/s.nii")
        os.close(here)
    return resample("s.nii")


def _link_to_itself(folder):
    (folder / "loop.nii.gz").symlink_to("loop.nii.gz")
    return resample("loop.nii.gz")


def _folder(folder):
    (folder / "folder.nii.gz").mkdir()
    return resample("folder.nii.gz")


def _file(name, content):
    def write(folder):
        (folder / name).write_bytes(content)
        return resample(name)

    return write


def _latin_1(folder):
    write_scan(folder)
    name = os.fsdecode("Müller.nii.gz".encode("latin-1"))
    os.rename(folder / "image.nii.gz", folder / name)
    return resample(name)


def _sized(*size):
    def write(folder):
        array = np.zeros(size, np.float32)
        sitk.WriteImage(sitk.GetImageFromArray(array), str(folder / "v.nrrd"))
        return resample("v.nrrd")

    return write


def _several_channels(folder):
    sitk.WriteImage(sitk.Compose(scan(), scan()), str(folder / "v.nrrd"))
    return resample("v.nrrd")


SPECIAL_FILES = {
    "pipe": _fifo,
    "socket": _socket,
    "link to itself": _link_to_itself,
    "folder": _folder,
    "missing": lambda folder: resample("missing.nii.gz"),
    "device": lambda folder: resample("/dev/zero"),
    "empty": _file("v.nii.gz", b""),
    "text": _file("v.nii", b"hello\n" * 100),
    "zeros": _file("v.nii", bytes(1000)),
    "gzip of nothing": _file("v.nii.gz", bytes.fromhex("1f8b0800000000000003030000000000000000")),
    "PNG signature": _file("v.png", b"\x89PNG\r\n\x1a\n" + bytes(50)),
    "unknown suffix": _file("v.docx", b"PK\3\4"),
    "name in Latin-1": _latin_1,
    "name with NUL escaped": lambda folder: resample("a\nb.nii.gz"),
    "two dimensions": _sized(12, 10),
    "several channels": _several_channels,
}
