"""Headers of NRRD files: .nrrd, or .nhdr with the voxels in another file.

The fields are described at https://teem.sourceforge.net/nrrd/format.html.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from weakseg3d.errors import UserError, printable, quoted
from weakseg3d.files import existing_file
from weakseg3d.images.integrity.header import VolumeHeader, refusal

SCALAR_TYPES = {
    "i1": ["signed char", "int8", "int8_t"],
    "u1": ["uchar", "unsigned char", "uint8", "uint8_t"],
    "i2": ["short", "short int", "signed short", "signed short int", "int16", "int16_t"],
    "u2": ["ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"],
    "i4": ["int", "signed int", "int32", "int32_t"],
    "u4": ["uint", "unsigned int", "uint32", "uint32_t"],
    "i8": ["longlong", "long long", "long long int", "signed long long", "signed long long int", "int64", "int64_t"],
    "u8": ["ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"],
    "f4": ["float"],
    "f8": ["double"],
}
"""The names of each type."""

SPACES = {
    "left-posterior-superior": [1, 1, 1],
    "lps": [1, 1, 1],
    "right-anterior-superior": [-1, -1, 1],
    "ras": [-1, -1, 1],
    "left-anterior-superior": [1, -1, 1],
    "las": [1, -1, 1],
}
"""Signs that turn the coordinates of each space into ITK's LPS."""

MILLIMETRE = ("", "mm", "millimeter", "millimeters", "millimetre", "millimetres")

ENCODINGS: dict[str, Literal["none", "gzip"]] = {"raw": "none", "gzip": "gzip", "gz": "gzip"}

UNSUPPORTED = ("line skip", "lineskip", "byte skip", "byteskip", "axis mins", "axismins", "axis maxs", "axismaxs")
"""Fields that place the voxels in the file or in space in a way that is not supported."""


def nrrd_header(path: str | os.PathLike[str]) -> VolumeHeader:
    """Return the header of the NRRD file at ``path``.

    Raises UserError that names the field if a value is missing, invalid, or not supported.
    """
    path = Path(path)
    fields, length = _fields(path)
    for name in UNSUPPORTED:
        if name in fields:
            raise refusal(path, name, fields[name], "but this field is not supported")
    kinds = {kind.lower() for kind in fields.get("kinds", [])}
    if fields["dimension"] != 3 or not kinds <= {"domain", "space", "none", "???"}:
        raise UserError(
            f"{printable(path)}: not a scalar 3-D volume, as it has {fields['dimension']} axes"
            f" of the kinds {quoted(' '.join(sorted(kinds)))}; extract one volume first"
        )
    size = tuple(int(count) for count in fields["sizes"])
    if len(size) != 3:
        raise refusal(path, "sizes", fields["sizes"], "but must be 3 numbers")
    if fields["encoding"].lower() not in ENCODINGS:
        raise refusal(path, "encoding", fields["encoding"], "but must be raw or gzip")
    spacing, direction, origin = _geometry(path, fields)
    detached = fields.get("data file", fields.get("datafile"))
    voxel_file = path if detached is None else _voxel_file(path, detached)
    return VolumeHeader(
        size=size,
        dtype=_dtype(path, fields),
        spacing=spacing,
        voxel_file=voxel_file,
        start=length if detached is None else 0,
        compression=ENCODINGS[fields["encoding"].lower()],
        direction=direction,
        origin=origin,
    )


def _fields(path: Path) -> tuple[dict[str, Any], int]:
    """Return the parsed fields of the header, and its length in bytes."""
    import nrrd

    with path.open("rb") as stream:
        try:
            fields = dict(nrrd.read_header(stream))
        except (nrrd.NRRDError, ValueError, IndexError, OverflowError, StopIteration) as error:
            raise UserError(
                f"{printable(path)}: its NRRD header cannot be read ({quoted(error)}); export it again"
            ) from None
        length = stream.tell()
    for name in ("type", "dimension", "sizes", "encoding"):
        if name not in fields:
            raise UserError(f"{printable(path)}: {name} is missing in the header; export it again")
    return fields, length


def _dtype(path: Path, fields: Mapping[str, Any]) -> np.dtype[np.generic]:
    name = fields["type"].lower()
    codes = [code for code, names in SCALAR_TYPES.items() if name in names]
    if not codes:
        raise refusal(path, "type", name, "which is no type of integers or floats")
    dtype = np.dtype(codes[0])
    order = fields.get("endian", "little" if dtype.itemsize == 1 else "").lower()
    if order not in ("little", "big"):
        raise refusal(path, "endian", order, "but must be little or big")
    return dtype.newbyteorder("<" if order == "little" else ">")


def _geometry(
    path: Path, fields: Mapping[str, Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None, NDArray[np.float64] | None]:
    """Return spacing (mm), direction (3, 3) and origin (mm) in LPS; the last two are None without a ``space``."""
    for name in ("space units", "units"):
        for unit in fields.get(name, []):
            if unit.lower() not in MILLIMETRE:
                raise refusal(path, name, unit, "but only millimetres are supported")
    if "space" not in fields:
        for name in ("space directions", "space origin", "space dimension"):
            if name in fields:
                raise UserError(
                    f"{printable(path)}: space is missing in the header, but needed by {name}; export it again"
                )
        return _spacing(path, fields, "spacings", _array(path, fields, "spacings", (3,))), None, None
    if fields["space"].lower() not in SPACES:
        raise refusal(path, "space", fields["space"], f"but must be one of {', '.join(list(SPACES)[::2])}")
    if "spacings" in fields:
        raise refusal(path, "spacings", fields["spacings"], "but 'space directions' give the spacing too")
    signs = np.array(SPACES[fields["space"].lower()], np.float64)
    axes = _array(path, fields, "space directions", (3, 3))  # One axis per row.
    spacing = _spacing(path, fields, "space directions", np.linalg.norm(axes, axis=1))
    origin = _array(path, fields, "space origin", (3,)) if "space origin" in fields else np.zeros(3)
    return spacing, (signs * axes).T / spacing, signs * origin


def _spacing(path: Path, fields: Mapping[str, Any], name: str, spacing: NDArray[np.float64]) -> NDArray[np.float64]:
    if not (spacing > 0).all():
        raise refusal(path, name, np.asarray(fields[name]), "but spacings are positive numbers")
    return spacing


def _array(path: Path, fields: Mapping[str, Any], name: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the finite numbers of a field. Raises UserError if it is missing or has another ``shape``."""
    if name not in fields:
        raise UserError(
            f"{printable(path)}: {name} is missing in the header, so its spacing is unknown; export it again"
        )
    try:
        numbers = np.array(fields[name], np.float64)
    except (TypeError, ValueError):
        numbers = np.array([])
    if numbers.shape != shape or not np.isfinite(numbers).all():
        count = " x ".join(str(number) for number in shape)
        raise refusal(path, name, np.asarray(fields[name], object), f"but must be {count} finite numbers")
    return numbers


def _voxel_file(path: Path, name: str) -> Path:
    if name.upper().startswith("LIST") or "%" in name:
        raise refusal(path, "data file", name, "but only one file with voxels is supported")
    return existing_file(path.parent / name)
