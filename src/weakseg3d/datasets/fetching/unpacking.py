"""Safe unpacking: nothing is written outside the folder; links and archives that expand enormously are rejected."""

import gzip
import lzma
import os
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath, PureWindowsPath

from weakseg3d.errors import UserError
from weakseg3d.files import temporary_folder
from weakseg3d.ownership import MARK, claim, remove_claimed

LINK_MODE = 0o120000
"""File type of a symbolic link in the Unix mode that a zip entry may carry."""

MAX_EXPANSION = 100
"""An archive may expand to this many times its own size (scans and masks together stay below 10) ..."""

ALWAYS_ALLOWED = 1 << 30
"""... or to this many bytes, whichever is more."""

MAX_MEMBERS = 5_000_000
"""Largest number of files and folders in an archive."""

MAX_HEADER = 1 << 20
"""Largest header of a tar member in bytes; only long names and attributes need more than a block."""

CHUNK = 1 << 20

DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    lzma.LZMAError,
    zlib.error,
    EOFError,
    RuntimeError,
    NotImplementedError,
    UnicodeError,
)


class _Member(tarfile.TarInfo):
    """A member of a tar archive; one whose header claims more than `MAX_HEADER` raises tarfile.TarError.

    Python reads such a header (a long name, or attributes) into memory as a whole.
    """

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "_Member":
        """Return the member that the block ``buf`` describes."""
        member = super().frombuf(buf, encoding, errors)
        if not member.isreg() and not member.isdir() and member.size > MAX_HEADER:
            raise tarfile.TarError(f"a header claims {member.size} bytes")
        return member


def unpack(
    archives: Iterable[str | os.PathLike[str]], folder: str | os.PathLike[str], check: Callable[[Path], object]
) -> None:
    """Unpack zip or tar archives (paths) together into ``folder``, replacing what an earlier call put there.

    Everything is first unpacked to a temporary folder, on which ``check`` is called, so ``folder`` does not change if
    unpacking fails or ``check`` raises an error. Raises UserError for a damaged archive, another format, members that
    are links or lead outside the folder, an archive that would expand beyond `MAX_EXPANSION`, too little space on
    the disk, and an entry of ``folder`` that would be replaced and is not ours (`claim`).
    """
    folder = Path(folder)
    with temporary_folder(folder / "unpacked") as staging:
        for archive in map(Path, archives):
            try:
                _unpack_one(archive, staging)
            except DAMAGE as error:
                raise UserError(f"{archive}: damaged archive ({error}); get it again") from None
        check(staging)
        entries = sorted(staging.iterdir())
        claim(folder, [entry.name for entry in entries])
        for entry in entries:
            remove_claimed(folder / entry.name)
            os.replace(entry, folder / entry.name)


def _unpack_one(archive: Path, folder: Path) -> None:
    if zipfile.is_zipfile(archive):
        _unzip(archive, folder)
    elif _is_tar(archive):
        _untar(archive, folder)
    else:
        raise UserError(f"{archive}: not a zip or tar archive, or truncated; get it again")


def _is_tar(archive: Path) -> bool:
    """Return whether a file starts like a tar archive, possibly a compressed one."""
    try:
        with tarfile.open(archive, tarinfo=_Member):
            return True
    except (tarfile.ReadError, tarfile.CompressionError):
        return False


def _unzip(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as content:
        members = content.infolist()
        for member in members:
            _check_name(archive, member.filename)
            if (member.external_attr >> 16) & 0o170000 == LINK_MODE:
                raise UserError(f"{archive}: contains the link '{member.filename}'; unpack it yourself if you trust it")
        # A member never yields more bytes than its header states, as Python stops there.
        _check_amount(archive, folder, (member.file_size for member in members))
        content.extractall(folder)


def _untar(archive: Path, folder: Path) -> None:
    with tarfile.open(archive, tarinfo=_Member) as content:
        _check_amount(archive, folder, (_checked_size(archive, member) for member in content))
        # The checksum of a compressed tar follows the last member and is verified only if the file is read to its end.
        while content.fileobj.read(CHUNK):
            pass
        content.extractall(folder, filter="data")


def _checked_size(archive: Path, member: tarfile.TarInfo) -> int:
    _check_name(archive, member.name)
    if not (member.isfile() or member.isdir()):
        raise UserError(f"{archive}: contains the link '{member.name}'; unpack it yourself if you trust it")
    return member.size


def _check_amount(archive: Path, folder: Path, sizes: Iterable[int]) -> None:
    """Raise a UserError if members of ``sizes`` (bytes) are too many, too large, or do not fit on the disk.

    ``sizes`` are consumed one at a time, so that the headers of an excessive archive are not all read.
    """
    allowed = max(ALWAYS_ALLOWED, MAX_EXPANSION * archive.stat().st_size)
    free = shutil.disk_usage(folder).free
    total = 0
    for number, size in enumerate(sizes, start=1):
        total += size
        if total > allowed or number > MAX_MEMBERS:
            raise UserError(f"{archive}: unpacks to more than {allowed / 1e9:.1f} GB; do not use this archive")
        if total > free:
            raise UserError(f"{folder.parent}: {archive.name} needs more than {free / 1e9:.1f} GB; free some space")


def _check_name(archive: Path, name: str) -> None:
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or PureWindowsPath(name).drive or ".." in parts.parts:
        raise UserError(f"{archive}: the member '{name}' leads outside the folder; do not use this archive")
    if parts.parts[:1] in ((MARK,), ("source.json",)):
        raise UserError(f"{archive}: the member '{name}' has the name of a record of weakseg3d; unpack it yourself")
