"""The voxels of a file, which must be as many as its header says: none missing, none left over, none damaged."""

import math
import os
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from weakseg3d.errors import UserError, printable
from weakseg3d.images.integrity.header import VolumeHeader, check_size

WINDOW = {"gzip": 16 + zlib.MAX_WBITS, "zlib": zlib.MAX_WBITS}
"""zlib's ``wbits`` for a stream with each kind of header and checksum."""

PIECE = 1 << 16
"""Compressed bytes that are read at a time, so that a file of many gzip streams is not copied once for each."""

PART = 1 << 18
"""Bytes that are decompressed at a time, so that they are still in the processor's cache when they are copied."""

LARGEST_RATIO = 1100
"""More than the 1032 bytes that DEFLATE can make of one (https://zlib.net/zlib_tech.html)."""


def stored_voxels(path: str | os.PathLike[str], header: VolumeHeader) -> NDArray[Any]:
    """Return the voxels of the volume at ``path``, axes ([volume,] z, y, x), in native byte order and unscaled.

    Compressed data are decompressed once, and never beyond the size that ``header`` gives.

    Raises UserError for missing and surplus bytes, for a damaged compressed stream and for a size beyond the limits.
    """
    check_size(path, header.size)
    file, count = header.voxel_file, math.prod(header.size)
    wanted = header.skip + count * header.dtype.itemsize
    with file.open("rb") as stream:
        stream.seek(header.start)
        if header.compression == "none":
            _check_length(file, os.fstat(stream.fileno()).st_size - header.start, wanted)
            flat = np.fromfile(stream, header.dtype, count, offset=header.skip)
        else:
            try:
                content = _decompressed(stream, WINDOW[header.compression], wanted)
            except zlib.error:
                raise UserError(
                    f"{printable(file)}: truncated or damaged compressed data; copy or export it again"
                ) from None
            _check_length(file, len(content), wanted)
            flat = np.frombuffer(content, header.dtype, count, offset=header.skip)
    return flat.reshape(header.size[::-1]).astype(header.dtype.newbyteorder("="), copy=False)


def scaled_voxels(voxels: NDArray[Any], header: VolumeHeader) -> NDArray[Any]:
    """Return ``stored * slope + intercept``: as float64 if floats of that size are stored, otherwise as float32."""
    if not header.scaled:
        return voxels
    scaled = voxels * np.float64(header.slope) + np.float64(header.intercept)
    return scaled if voxels.dtype == np.float64 else scaled.astype(np.float32)


def first_bytes(path: Path, count: int) -> bytes:
    """Return up to ``count`` bytes from the start of a file, decompressed if it is a gzip file.

    Raises UserError if the gzip stream is damaged, or ends before that.
    """
    with path.open("rb") as stream:
        content = stream.read(count)
        if not is_gzip(content):
            return content
        stream.seek(0)
        try:
            return bytes(_decompressed(stream, WINDOW["gzip"], count - 1))
        except zlib.error:
            raise UserError(f"{printable(path)}: truncated or damaged gzip file; copy or export it again") from None


def is_gzip(content: bytes) -> bool:
    """Return whether ``content`` starts as a gzip file does."""
    return content.startswith(b"\x1f\x8b")


def _decompressed(stream: BinaryIO, window: int, wanted: int) -> memoryview:
    """Return the decompressed rest of ``stream``, at most one byte more than ``wanted``.

    Raises zlib.error if the data are damaged, end too early, or are followed by anything but zeros or, for gzip,
    another stream. zlib compares the checksum at the end of each stream.
    """
    decoder = zlib.decompressobj(window)
    # A header may claim any size, but memory is taken only for what the file can contain.
    possible = LARGEST_RATIO * os.fstat(stream.fileno()).st_size
    content = np.empty(min(wanted + 1, possible), np.uint8).data
    length = 0
    while piece := stream.read(PIECE):
        while piece:
            if decoder.eof:
                if not piece.strip(b"\0"):
                    break  # Some writers pad the file.
                if window != WINDOW["gzip"]:
                    raise zlib.error("surplus bytes")
                decoder = zlib.decompressobj(window)
            part = decoder.decompress(piece, min(PART, wanted + 1 - length))
            content[length : length + len(part)] = part
            length += len(part)
            if length > wanted:
                return content
            piece = decoder.unused_data or decoder.unconsumed_tail
    if not decoder.eof:
        raise zlib.error("truncated")
    return content[:length]


def _check_length(file: Path, length: int, wanted: int) -> None:
    if length < wanted:
        raise UserError(
            f"{printable(file)}: truncated, {length} of {wanted} bytes are present; copy or export it again"
        )
    if length > wanted:
        raise UserError(
            f"{printable(file)}: contains more voxels than the header says;"
            " its size or its type is wrong there, export it again"
        )
