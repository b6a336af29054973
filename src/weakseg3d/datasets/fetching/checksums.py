"""Comparison of a file with the size and checksums in a description."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weakseg3d.files import file_digest


def mismatch(path: Path, expected: Mapping[str, Any]) -> str | None:
    """Return how the file at ``path`` differs from ``expected``, as part of a sentence, or None if it does not.

    ``expected`` may contain ``size`` (bytes), ``sha256`` and ``md5``. MD5, the weaker checksum, is used only without a
    SHA-256.
    """
    size = path.stat().st_size
    if expected.get("size", size) != size:
        return f"{size} bytes instead of {expected['size']}"
    for key, name in (("sha256", "SHA-256"), ("md5", "MD5")):
        if key in expected:
            digest = file_digest(path, key)
            return None if digest == expected[key] else f"its {name} is {digest} instead of {expected[key]}"
    return None
