"""Headers of NIfTI-1 files: single files, and pairs of .hdr and .img.

The fields are described in nifti1.h (https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h).
"""

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from weakseg3d.errors import UserError, printable
from weakseg3d.files import existing_file
from weakseg3d.images.integrity.header import SPACING_TOLERANCE, VolumeHeader, refusal
from weakseg3d.images.integrity.voxels import first_bytes, is_gzip

HEADER_LENGTH = 348
FIRST_VOXEL = 352
"""Smallest offset of the voxels in a single file: the header and four bytes that announce extensions."""

SCALAR_TYPES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8"}
"""Type of a voxel by the ``datatype`` of the header; others are colours, complex numbers, bits and long floats."""

MILLIMETRES = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}
"""Millimetres in the unit of length that ``xyzt_units`` states: unknown (taken for mm), metre, mm, micrometre."""

FIELDS = {
    "sizeof_hdr": (0, "i4"),
    "dim": (40, "8i2"),
    "datatype": (70, "i2"),
    "bitpix": (72, "i2"),
    "pixdim": (76, "8f4"),
    "vox_offset": (108, "f4"),
    "scl_slope": (112, "f4"),
    "scl_inter": (116, "f4"),
    "xyzt_units": (123, "u1"),
    "qform_code": (252, "i2"),
    "sform_code": (254, "i2"),
    "quatern_b": (256, "f4"),
    "quatern_c": (260, "f4"),
    "quatern_d": (264, "f4"),
    "qoffset_x": (268, "f4"),
    "qoffset_y": (272, "f4"),
    "qoffset_z": (276, "f4"),
    "srow_x": (280, "4f4"),
    "srow_y": (296, "4f4"),
    "srow_z": (312, "4f4"),
    "magic": (344, "S4"),
}
"""Offset in bytes and type of the fields that are read. NiBabel has all of them in the same form, but takes longer to
import than most volumes take to read."""

HEADER = np.dtype(
    {
        "names": list(FIELDS),
        "offsets": [offset for offset, _ in FIELDS.values()],
        "formats": [form for _, form in FIELDS.values()],
        "itemsize": HEADER_LENGTH,
    }
)

LPS = np.diag([-1.0, -1.0, 1.0])
"""Turns NIfTI's coordinates (towards right, anterior, superior) into ITK's (left, posterior, superior)."""


def nifti_header(path: str | os.PathLike[str]) -> VolumeHeader:
    """Return the header of the NIfTI-1 file at ``path``, which may be either file of a pair.

    Raises UserError that names the field if a value is invalid, or if qform, sform and pixdim contradict each other.
    """
    header_file, voxel_file = _files(Path(path))
    fields = _fields(header_file)
    single = header_file == voxel_file
    expected, magic = "n+1" if single else "ni1", fields["magic"].item().decode("latin-1")
    if magic != expected:
        raise refusal(path, "magic", magic, f"but must be {expected} in this kind of NIfTI-1 file")
    size = _size(path, fields)
    dtype = _dtype(path, fields)
    millimetres = _millimetres(path, fields)
    pixdim = fields["pixdim"][1:4].astype(np.float64)
    if not (np.isfinite(pixdim) & (pixdim > 0)).all():
        raise refusal(path, "pixdim", pixdim, "but spacings are positive numbers")
    affine = _affine(path, fields, pixdim, size)
    slope, intercept = _scaling(path, fields)
    offset = fields["vox_offset"].item()
    if not (np.isfinite(offset) and offset == int(offset) and offset >= (FIRST_VOXEL if single else 0)):
        raise refusal(path, "vox_offset", offset, f"but must be a whole number from {FIRST_VOXEL if single else 0}")
    with voxel_file.open("rb") as stream:
        compressed = is_gzip(stream.read(2))
    return VolumeHeader(
        size=size,
        dtype=dtype,
        spacing=pixdim * millimetres,
        voxel_file=voxel_file,
        skip=int(offset),
        compression="gzip" if compressed else "none",
        direction=None if affine is None else LPS @ affine[:, :3] / np.linalg.norm(affine[:, :3], axis=0),
        origin=None if affine is None else LPS @ affine[:, 3] * millimetres,
        slope=slope,
        intercept=intercept,
    )


def _files(path: Path) -> tuple[Path, Path]:
    """Return the files with the header and with the voxels. Raises UserError unless there is exactly one of each."""
    gz = path.suffix if path.suffix.lower() == ".gz" else ""
    suffix = path.name.removesuffix(gz)[-4:]
    if suffix.lower() not in (".hdr", ".img"):
        return path, path
    stem = path.name.removesuffix(gz)[:-4]
    files = []
    for kind in (".hdr", ".img"):
        names = [stem + form(kind) + end for form in (str.lower, str.upper) for end in ("", ".gz", ".GZ")]
        present = [path.with_name(name) for name in names if path.with_name(name).exists()]
        if len(present) != 1:
            problem = "has no" if not present else f"has {len(present)} files that could be its"
            raise UserError(f"{printable(path)}: {problem} {kind} file; keep one pair of .hdr and .img side by side")
        files.append(existing_file(present[0]))
    return files[0], files[1]


def _fields(file: Path) -> NDArray[np.void]:
    """Return the fields of the header (structured array, no axes) in the byte order of the file."""
    content = first_bytes(file, HEADER_LENGTH)
    if len(content) < HEADER_LENGTH:
        raise UserError(f"{printable(file)}: truncated, as it ends within its header; copy or export it again")
    fields = np.frombuffer(content, HEADER).reshape(())
    if fields["sizeof_hdr"] != HEADER_LENGTH:
        fields = fields.view(HEADER.newbyteorder())
    if fields["sizeof_hdr"] == HEADER_LENGTH:
        return fields
    raise UserError(
        f"{printable(file)}: sizeof_hdr is not {HEADER_LENGTH}, so this is not NIfTI-1; convert it to NIfTI-1"
    )


def _size(path: str | os.PathLike[str], fields: NDArray[np.void]) -> tuple[int, ...]:
    dim = fields["dim"].tolist()
    if not 1 <= dim[0] <= 7 or min(dim[1 : dim[0] + 1]) < 1:
        raise refusal(path, "dim", dim, "but must be the number of axes, then the voxels along each")
    size = dim[1 : dim[0] + 1]
    while len(size) > 3 and size[-1] == 1:
        size.pop()
    return tuple(size)


def _dtype(path: str | os.PathLike[str], fields: NDArray[np.void]) -> np.dtype[np.generic]:
    code, bits = fields["datatype"].item(), fields["bitpix"].item()
    if code not in SCALAR_TYPES:
        raise refusal(path, "datatype", code, "which is no type of integers or of floats up to 64 bits")
    dtype = np.dtype(SCALAR_TYPES[code])
    if bits != 8 * dtype.itemsize:
        raise refusal(path, "bitpix", bits, f"although datatype {code} takes {8 * dtype.itemsize} bits")
    order = ">" if fields["datatype"].dtype == np.dtype(">i2") else "<"
    return np.dtype(order + SCALAR_TYPES[code])


def _millimetres(path: str | os.PathLike[str], fields: NDArray[np.void]) -> float:
    unit = fields["xyzt_units"].item() & 7
    if unit not in MILLIMETRES:
        raise refusal(path, "xyzt_units", unit, "which is no unit of length")
    return MILLIMETRES[unit]


def _scaling(path: str | os.PathLike[str], fields: NDArray[np.void]) -> tuple[float, float]:
    slope, intercept = fields["scl_slope"].item(), fields["scl_inter"].item()
    for name, value in (("scl_slope", slope), ("scl_inter", intercept)):
        if not np.isfinite(value):
            raise refusal(path, name, value, "but must be a finite number")
    # By the standard, voxels are not scaled if the slope is 0.
    return (slope, intercept) if slope else (1.0, 0.0)


def _affine(
    path: str | os.PathLike[str], fields: NDArray[np.void], pixdim: NDArray[np.float64], size: tuple[int, ...]
) -> NDArray[np.float64] | None:
    """Return the matrix (3, 4) from voxel indices to NIfTI's coordinates in the unit of ``pixdim``.

    It is None if both codes are 0, so that only spacings are known. Raises UserError for values that are not finite,
    codes that are not 0 to 5, a quaternion longer than 1, and matrices that contradict ``pixdim`` or each other.
    """
    affines = []
    for name, matrix in (("qform", _qform), ("sform", _sform)):
        code = fields[f"{name}_code"].item()
        if not 0 <= code <= 5:
            raise refusal(path, f"{name}_code", code, "but must be 0 to 5")
        if code:
            affines.append(matrix(path, fields, pixdim))
    if len(affines) == 2:
        corners = np.indices((2, 2, 2)).reshape(3, 8) * (np.array([[*size, 1, 1][:3]]).T - 1)
        qform, sform = (affine[:, :3] @ corners + affine[:, 3:] for affine in affines)
        shift = float(np.linalg.norm(qform - sform, axis=0).max())
        # Quaternions in single precision turn a volume by up to 3e-4, or 0.2 voxels over 512.
        if shift > pixdim.min() / 2:
            raise UserError(
                f"{printable(path)}: qform and sform contradict each other by up to {shift:.3g} mm, so the position of"
                " the volume is uncertain; correct one of them, or set its code to 0"
            )
    return affines[-1] if affines else None


def _sform(path: str | os.PathLike[str], fields: NDArray[np.void], pixdim: NDArray[np.float64]) -> NDArray[np.float64]:
    rows = np.array([fields[f"srow_{axis}"] for axis in "xyz"], np.float64)
    if not np.isfinite(rows).all():
        raise refusal(path, "sform", rows, "but must be finite numbers")
    spacing = np.linalg.norm(rows[:, :3], axis=0)
    if not np.allclose(spacing, pixdim, rtol=SPACING_TOLERANCE, atol=0):
        raise UserError(
            f"{printable(path)}: pixdim gives the spacing {_rounded(pixdim)}, but the sform gives {_rounded(spacing)};"
            " correct the header"
        )
    return rows


def _qform(path: str | os.PathLike[str], fields: NDArray[np.void], pixdim: NDArray[np.float64]) -> NDArray[np.float64]:
    quaternion = np.array([fields[f"quatern_{letter}"] for letter in "bcd"], np.float64)
    offset = np.array([fields[f"qoffset_{axis}"] for axis in "xyz"], np.float64)
    if not np.isfinite(offset).all():
        raise refusal(path, "qoffset", offset, "but must be finite numbers")
    b, c, d = quaternion
    square = 1 - float(quaternion @ quaternion)
    if not square >= -1e-5:
        raise refusal(path, "quatern", quaternion, "but its length must be at most 1")
    a = np.sqrt(max(square, 0))
    if square < 0:
        b, c, d = quaternion / np.linalg.norm(quaternion)
    side = fields["pixdim"][0].item()
    if side not in (-1, 0, 1):
        raise refusal(path, "pixdim[0]", side, "but must be 1 or -1")
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    return np.column_stack([rotation * pixdim * [1, 1, side or 1], offset])


def _rounded(spacing: NDArray[np.float64]) -> str:
    return " x ".join(f"{value:.5g}" for value in spacing)
