"""Headers of MetaImage files: .mha, or .mhd with the voxels in another file.

The fields are described at https://itk.org/Wiki/ITK/MetaIO/Documentation.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from weakseg3d.errors import UserError, printable, quoted
from weakseg3d.files import existing_file
from weakseg3d.images.integrity.header import VolumeHeader, refusal

LONGEST_HEADER = 1 << 16
"""Bytes within which a header must end; usual ones take less than 1,000."""

SCALAR_TYPES = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    "MET_LONG": "i4",
    "MET_ULONG": "u4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}

SYNONYMS = {
    "ElementSize": "ElementSpacing",
    "Position": "Offset",
    "Origin": "Offset",
    "Rotation": "TransformMatrix",
    "Orientation": "TransformMatrix",
    "ElementByteOrderMSB": "BinaryDataByteOrderMSB",
}
"""Fields with two names. ElementSize, the extent of a voxel, serves as its spacing only if that is missing."""

MUST_BE = {
    "BinaryData": ("true", "but only binary voxels are read"),
    "ElementNumberOfChannels": ("1", "but only scalar volumes are read"),
    "ElementToIntensityFunctionSlope": ("1", "but scaled voxels are not supported"),
    "ElementToIntensityFunctionOffset": ("0", "but scaled voxels are not supported"),
    "HeaderSize": ("0", "but a header of another format is not skipped"),
    "DistanceUnits": ("mm", "but only millimetres are supported"),
}
"""Optional fields of which one value is supported, which is also the default."""


def metaimage_header(path: str | os.PathLike[str]) -> VolumeHeader:
    """Return the header of the MetaImage file at ``path``.

    Raises UserError that names the field if a value is missing, invalid, or not supported.
    """
    path = Path(path)
    fields, length = _fields(path)
    for name, (value, problem) in MUST_BE.items():
        if name in fields and not _same(fields[name], value):
            raise refusal(path, name, fields[name], problem)
    axes = _numbers(path, fields, "NDims", 1)[0]
    if axes != 3:
        raise UserError(
            f"{printable(path)}: not a scalar 3-D volume, as it has {axes:g} axes; extract one volume first"
        )
    size = _numbers(path, fields, "DimSize", 3)
    if not (size == np.floor(size)).all():
        raise refusal(path, "DimSize", fields["DimSize"], "but must be whole numbers")
    spacing = _numbers(path, fields, "ElementSpacing", 3)
    if not (spacing > 0).all():
        raise refusal(path, "ElementSpacing", fields["ElementSpacing"], "but spacings are positive numbers")
    # Each row of the text is the direction of one axis.
    direction = _numbers(path, fields, "TransformMatrix", 9, "1 0 0 0 1 0 0 0 1").reshape(3, 3).T
    local = _required(path, fields, "ElementDataFile").upper() == "LOCAL"
    voxel_file = path if local else _voxel_file(path, fields)
    start = length if local else 0
    compressed = _flag(path, fields, "CompressedData")
    if compressed and "CompressedDataSize" in fields:
        stated, present = _numbers(path, fields, "CompressedDataSize", 1)[0], voxel_file.stat().st_size - start
        if stated != present:
            raise UserError(
                f"{printable(voxel_file)}: truncated or damaged, as CompressedDataSize is {stated:.0f} in the header"
                f" but {present} bytes are present; copy or export it again"
            )
    return VolumeHeader(
        size=tuple(int(number) for number in size),
        dtype=_dtype(path, fields),
        spacing=spacing,
        voxel_file=voxel_file,
        start=start,
        compression="zlib" if compressed else "none",
        direction=direction,
        origin=_numbers(path, fields, "Offset", 3, "0 0 0"),
    )


def _fields(path: Path) -> tuple[dict[str, str], int]:
    """Return the fields of the header under the names that `SYNONYMS` maps to, and the length of the header in bytes.

    The header ends with the field ElementDataFile.
    """
    with path.open("rb") as stream:
        content = stream.read(LONGEST_HEADER)
    fields: dict[str, str] = {}
    position = 0
    while "ElementDataFile" not in fields:
        end = content.find(b"\n", position)
        end = len(content) if end < 0 else end
        if position >= len(content):
            raise UserError(f"{printable(path)}: has no field ElementDataFile; copy or export it again")
        line = content[position:end].decode("utf-8", "replace").strip()
        position = end + 1
        if not line:
            continue
        name, equals, value = (part.strip() for part in line.partition("="))
        if not equals:
            raise refusal(path, "a line", line, "but must be 'field = value'")
        if name in fields:
            raise refusal(path, name, value, f"but {quoted(fields[name])} in an earlier line")
        fields[name] = value
    for name, usual in SYNONYMS.items():
        if name in fields and usual in fields and name != "ElementSize":
            raise refusal(path, name, fields[name], f"but {usual} is given too")
        if name in fields:
            fields.setdefault(usual, fields[name])
    return fields, position


def _required(path: Path, fields: Mapping[str, str], name: str) -> str:
    if not fields.get(name):
        raise UserError(f"{printable(path)}: {name} is missing in the header; export it again")
    return fields[name]


def _numbers(
    path: Path, fields: Mapping[str, str], name: str, count: int, default: str | None = None
) -> NDArray[np.float64]:
    """Return ``count`` finite numbers. Raises UserError for others, and for a missing field without ``default``."""
    text = default if default is not None and name not in fields else _required(path, fields, name)
    try:
        numbers = np.array([float(word) for word in text.split()])
    except ValueError:
        numbers = np.array([])
    if len(numbers) != count or not np.isfinite(numbers).all():
        raise refusal(path, name, text, f"but must be {count} finite numbers" if count > 1 else "but must be a number")
    return numbers


def _flag(path: Path, fields: Mapping[str, str], name: str) -> bool:
    text = fields.get(name, "False").lower()
    if text not in ("true", "false"):
        raise refusal(path, name, text, "but must be True or False")
    return text == "true"


def _same(text: str, value: str) -> bool:
    try:
        return float(text) == float(value)
    except ValueError:
        return text.lower() in (value, "?")


def _dtype(path: Path, fields: Mapping[str, str]) -> np.dtype[np.generic]:
    name = _required(path, fields, "ElementType")
    if name not in SCALAR_TYPES:
        raise refusal(path, "ElementType", name, "which is no type of integers or floats")
    order = ">" if _flag(path, fields, "BinaryDataByteOrderMSB") else "<"
    return np.dtype(order + SCALAR_TYPES[name])


def _voxel_file(path: Path, fields: Mapping[str, str]) -> Path:
    name = fields["ElementDataFile"]
    if name.upper().startswith("LIST") or "%" in name:
        raise refusal(path, "ElementDataFile", name, "but only one file with voxels is supported")
    return existing_file(path.parent / name)
