"""Zip archives whose bytes depend on the files in them alone: fixed dates and permissions, and a fixed order."""

import zipfile
from pathlib import Path

FIXED_DATE = (2000, 1, 1, 0, 0, 0)


def pack(archive: zipfile.ZipFile, root: Path) -> None:
    """Add all files below ``root`` to an open archive, under their paths relative to it."""
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        info = zipfile.ZipInfo(path.relative_to(root).as_posix(), FIXED_DATE)
        info.external_attr = 0o644 << 16
        info.compress_type = zipfile.ZIP_STORED if path.suffix == ".gz" else zipfile.ZIP_DEFLATED
        archive.writestr(info, path.read_bytes(), compresslevel=1)
