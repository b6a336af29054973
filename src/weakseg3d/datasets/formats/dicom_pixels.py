"""Stored pixel values of a DICOM file, compared with what its header announces.

pydicom reads uncompressed and run-length encoded files. GDCM, which is part of SimpleITK, decodes JPEG, JPEG-LS and
JPEG 2000; it gets a file with nothing but the pixels, so that the header is interpreted in one place only.
"""

import os
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.pixels import get_decoder
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000TransferSyntaxes,
    JPEGLSTransferSyntaxes,
    JPEGTransferSyntaxes,
    RLELossless,
    SecondaryCaptureImageStorage,
)

from weakseg3d.datasets.formats.dicom_frames import PixelLayout
from weakseg3d.datasets.formats.dicom_headers import bare, optional_text, read_dicom
from weakseg3d.datasets.formats.jpeg_size import coded_size
from weakseg3d.errors import UserError

UNCOMPRESSED = (
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
)

JPEG_FAMILY = (*JPEGTransferSyntaxes, *JPEGLSTransferSyntaxes, *JPEG2000TransferSyntaxes)

END_OF_CODE_STREAM = b"\xff\xd9"
"""The marker at the end of every JPEG, JPEG-LS and JPEG 2000 code stream."""

StoredValues = NDArray[np.integer[Any]]


def stored_values(path: str | os.PathLike[str], frames: int, layout: PixelLayout) -> StoredValues:
    """Return the stored integers (frames, rows, columns) of a file that was described by `read_frames`.

    Raises UserError with the file and the tag if the pixels are missing, have another length than the header
    announces, exceed BitsStored, or are compressed in a way that cannot be decoded.
    """
    path = Path(path)
    try:
        content = read_dicom(path)
        data = content.get("PixelData")
    except Exception:  # A file that ends within the pixels makes the parser fail in many ways.
        raise UserError(f"{path}: PixelData is truncated; copy or export the file again") from None
    if not isinstance(data, bytes) or not data:
        raise UserError(f"{path}: PixelData is missing; export the series again")
    syntax = _transfer_syntax(content)
    if syntax in UNCOMPRESSED:
        _check_length(data, frames, layout, path)
        values = _decode_with_pydicom(content, syntax, path)
    elif syntax == RLELossless:
        values = _decode_with_pydicom(content, syntax, path)
    elif syntax in JPEG_FAMILY:
        values = _decode_with_gdcm(data, frames, layout, syntax, path)
    else:
        raise UserError(
            f"{path}: pixels compressed as TransferSyntaxUID {bare(syntax.name)} cannot be decoded; "
            "export the series without compression"
        )
    if values.size != frames * layout.rows * layout.columns:
        raise UserError(f"{path}: PixelData has {values.size} pixels, which contradicts the header; export it again")
    return _significant_bits(values.reshape(frames, layout.rows, layout.columns), layout, content, path)


def _transfer_syntax(content: pydicom.Dataset) -> UID:
    """Return how the file is encoded; a file without a file header is uncompressed."""
    named = optional_text(getattr(content, "file_meta", pydicom.Dataset()), "TransferSyntaxUID")
    if named is not None:
        return UID(named)
    implicit, little_endian = content.original_encoding
    if implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRLittleEndian if little_endian else ExplicitVRBigEndian


def _check_length(data: bytes, frames: int, layout: PixelLayout, path: Path) -> None:
    """Raise a UserError unless ``data`` is as long as the header says, apart from one byte that makes it even."""
    expected = frames * layout.rows * layout.columns * layout.bits_allocated // 8
    if len(data) not in (expected, expected + expected % 2):
        problem = "truncated" if len(data) < expected else "too long"
        sizes = f"{layout.rows} x {layout.columns} pixels of {layout.bits_allocated} bits"
        raise UserError(
            f"{path}: PixelData is {problem}: {len(data)} bytes, although {frames} x {sizes} (Rows, Columns, "
            f"BitsAllocated) take {expected}; copy or export the file again"
        )


def _decode_with_pydicom(content: pydicom.Dataset, syntax: UID, path: Path) -> StoredValues:
    try:
        with warnings.catch_warnings():
            # Only a warning tells that compressed data were longer than the pixels, which damage makes them.
            warnings.filterwarnings("error", message=".*RLE segment")
            # Unused bits are cleared below, where values that exceed BitsStored are noticed.
            values, _ = get_decoder(syntax).as_array(content, raw=True, correct_unused_bits=False)
    except Exception:  # Damaged data make the decoder fail in many ways.
        raise UserError(f"{path}: PixelData is truncated or damaged; copy or export the file again") from None
    return values.astype(values.dtype.newbyteorder("="), copy=False)


def _decode_with_gdcm(data: bytes, frames: int, layout: PixelLayout, syntax: UID, path: Path) -> StoredValues:
    try:
        streams = list(generate_frames(data, number_of_frames=frames))
    except Exception:  # As above.
        streams = []
    whole = all(stream.rstrip(b"\0").endswith(END_OF_CODE_STREAM) for stream in streams)
    if len(streams) != frames or not whole:
        raise UserError(f"{path}: PixelData is truncated or damaged; copy or export the file again")
    for stream in streams:
        size = coded_size(stream)
        if size != (layout.rows, layout.columns):
            description = "no size" if size is None else f"{size[0]} x {size[1]} pixels"
            raise UserError(
                f"{path}: the compressed PixelData has {description}, although the header says {layout.rows} x "
                f"{layout.columns} (Rows, Columns); export the series again"
            )
    with tempfile.TemporaryDirectory() as folder:
        plane_file = Path(folder) / "plane.dcm"
        return np.stack([_decode_plane(stream, layout, syntax, path, plane_file) for stream in streams])


def _decode_plane(stream: bytes, layout: PixelLayout, syntax: UID, path: Path, plane_file: Path) -> StoredValues:
    """Return one plane (rows, columns), which passes to GDCM through ``plane_file``."""
    plane = pydicom.Dataset()
    plane.file_meta = FileMetaDataset()
    plane.file_meta.TransferSyntaxUID = syntax
    plane.SOPClassUID, plane.SOPInstanceUID = SecondaryCaptureImageStorage, UID("2.25.1")
    plane.file_meta.MediaStorageSOPClassUID = plane.SOPClassUID
    plane.file_meta.MediaStorageSOPInstanceUID = plane.SOPInstanceUID
    plane.Rows, plane.Columns, plane.SamplesPerPixel = layout.rows, layout.columns, 1
    plane.PhotometricInterpretation = "MONOCHROME2"
    plane.BitsAllocated, plane.BitsStored, plane.HighBit = (
        layout.bits_allocated,
        layout.bits_stored,
        layout.bits_stored - 1,
    )
    plane.PixelRepresentation = int(layout.signed)
    plane.PixelData = encapsulate([stream])
    plane["PixelData"].VR = "OB"
    plane.save_as(plane_file, enforce_file_format=True)
    try:
        values = sitk.GetArrayFromImage(sitk.ReadImage(str(plane_file), imageIO="GDCMImageIO"))
    except RuntimeError:
        raise UserError(
            f"{path}: pixels compressed as TransferSyntaxUID {bare(syntax.name)} cannot be decoded; "
            "export the series without compression"
        ) from None
    if values.shape != (1, layout.rows, layout.columns) or values.dtype.kind not in "iu":
        raise UserError(f"{path}: the compressed PixelData is not one greyscale plane of integers; export it again")
    return values[0]


def _significant_bits(values: StoredValues, layout: PixelLayout, content: pydicom.Dataset, path: Path) -> StoredValues:
    """Return ``values`` from the lowest BitsStored bits alone, with their sign.

    The bits above may repeat the sign, be 0, or contain an overlay (retired from DICOM, still seen in old MR).
    """
    unused = values.dtype.itemsize * 8 - layout.bits_stored
    if unused <= 0:
        return values
    kind = np.dtype(f"{'i' if layout.signed else 'u'}{values.dtype.itemsize}")
    as_stored = values.view(kind) if values.dtype != kind else values
    significant = (as_stored << unused) >> unused
    filled = as_stored.view(f"u{kind.itemsize}") >> layout.bits_stored != 0
    if ((significant != as_stored) & filled).any() and not _has_embedded_overlay(content):
        raise UserError(
            f"{path}: PixelData has values of more than {layout.bits_stored} bits, the header's BitsStored; "
            "export the series again"
        )
    return significant


def _has_embedded_overlay(content: pydicom.Dataset) -> bool:
    """Return whether an overlay (groups 6000 to 601E) is stored in unused bits of the pixels (OverlayBitPosition)."""
    overlays = [group for group in range(0x6000, 0x6020, 2) if (group, 0x0102) in content]
    try:
        return any(content[group, 0x0102].value not in (None, 0) for group in overlays)
    except Exception:  # A value that contradicts its type makes the parser fail in many ways.
        return False
