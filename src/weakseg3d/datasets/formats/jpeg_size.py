"""Size of the image in a JPEG, JPEG-LS or JPEG 2000 code stream, read without decoding it.

A decoder reserves memory for the size that the DICOM header claims, so that is compared with the code stream first.
"""

START = b"\xff\xd8"

JPEG2000_START = b"\xff\x4f\xff\x51"
"""Start of code stream, and the marker of the size segment, which must follow (ISO/IEC 15444-1, A.5.1)."""

FRAME_MARKERS = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
"""Second byte of the markers that introduce a frame header (ISO/IEC 10918-1, table B.1; ISO/IEC 14495-1, C.2.2)."""

JP2_BOXES = 1024
"""Bytes before the code stream in which the boxes of a JP2 file may lie."""


def coded_size(stream: bytes) -> tuple[int, int] | None:
    """Return (rows, columns) of the image in ``stream``, or None if it does not begin as such a code stream does."""
    start = stream.find(JPEG2000_START, 0, JP2_BOXES)
    if start >= 0:
        # Marker, length and capabilities take 8 bytes; then follow the extent and the offset of the image, x first.
        x, y, x_offset, y_offset = (_number(stream, start + 8 + 4 * k, 4) for k in range(4))
        return y - y_offset, x - x_offset
    position = len(START)
    while stream.startswith(START) and position + 9 <= len(stream) and stream[position] == 0xFF:
        marker = stream[position + 1]
        if marker in FRAME_MARKERS:
            return _number(stream, position + 5, 2), _number(stream, position + 7, 2)
        # A marker may be preceded by any number of fill bytes.
        position += 1 if marker == 0xFF else 2 + _number(stream, position + 2, 2)
    return None


def _number(stream: bytes, start: int, length: int) -> int:
    return int.from_bytes(stream[start : start + length], "big")
