"""Archives unpacked safely: nothing lands outside the folder; links and what swells without bounds are refused."""

import gzip
import lzma
import os
import shutil
import tarfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath

from weakseg3d.errors import UserError
from weakseg3d.files import whole_folder

LINK_MODE = 0o120000
"""File type of a symbolic link in the Unix mode that a zip entry may carry."""

MOST_SWELLING = 100
"""An archive may unpack to this many times its own size (scans and masks together stay below 10) ..."""

ALWAYS_ALLOWED = 1 << 30
"""... or to this many bytes, whichever is more."""

MOST_MEMBERS = 5_000_000
"""Files and folders an archive may hold."""

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


def unpack(archives, folder, check):
    """Unpack zip or tar archives (paths) together into ``folder``; an entry of the same name there is replaced.

    Everything is unpacked beside its place first and shown to ``check`` (called with that folder), so
    ``folder`` stays as it was when this fails or ``check`` raises. Raises UserError for a damaged archive, for
    another format, for members that are links or lead outside, for an archive that would grow beyond
    `MOST_SWELLING`, and for too little space on the disk.
    """
    folder = Path(folder)
    for left in folder.glob(".part-*-.unpacked"):  # A former call was killed here.
        shutil.rmtree(left)
    with whole_folder(folder / ".unpacked") as staging:
        for archive in map(Path, archives):
            try:
                _unpack_one(archive, staging)
            except DAMAGE as error:
                raise UserError(f"{archive}: damaged archive ({error}); get it again") from None
        check(staging)
        for entry in sorted(staging.iterdir()):
            _replace(entry, folder / entry.name)
    (folder / ".unpacked").rmdir()


def _unpack_one(archive, folder):
    if zipfile.is_zipfile(archive):
        _unzip(archive, folder)
    elif tarfile.is_tarfile(archive):
        _untar(archive, folder)
    else:
        raise UserError(f"{archive}: no zip or tar archive, or a truncated one; get it again")


def _unzip(archive, folder):
    with zipfile.ZipFile(archive) as content:
        members = content.infolist()
        for member in members:
            _check_name(archive, member.filename)
            if (member.external_attr >> 16) & 0o170000 == LINK_MODE:
                raise UserError(f"{archive}: holds the link '{member.filename}'; unpack it yourself if you trust it")
        # A member never gives more bytes than its header states: Python stops there.
        _check_amount(archive, folder, (member.file_size for member in members))
        content.extractall(folder)


def _untar(archive, folder):
    with tarfile.open(archive) as content:
        _check_amount(archive, folder, (_checked_size(archive, member) for member in content))
        # Behind the last member lies the checksum of a compressed tar, which is looked at only when it is read.
        while content.fileobj.read(CHUNK):
            pass
        content.extractall(folder, filter="data")


def _checked_size(archive, member):
    _check_name(archive, member.name)
    if not (member.isfile() or member.isdir()):
        raise UserError(f"{archive}: holds the link '{member.name}'; unpack it yourself if you trust it")
    return member.size


def _check_amount(archive, folder, sizes):
    """Raise a UserError when members of ``sizes`` (bytes) are too many, too large, or do not fit on the disk.

    ``sizes`` are taken one at a time, so that reading a swelling archive's headers ends early, too.
    """
    allowed = max(ALWAYS_ALLOWED, MOST_SWELLING * archive.stat().st_size)
    free = shutil.disk_usage(folder).free
    total = 0
    for number, size in enumerate(sizes, start=1):
        total += size
        if total > allowed or number > MOST_MEMBERS:
            raise UserError(f"{archive}: unpacks to more than {allowed / 1e9:.1f} GB; do not use this archive")
        if total > free:
            raise UserError(f"{folder.parent}: {archive.name} needs more than the {free / 1e9:.1f} GB left; make room")


def _check_name(archive, name):
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or PureWindowsPath(name).drive or ".." in parts.parts:
        raise UserError(f"{archive}: its member '{name}' leads outside the folder; do not use this archive")


def _replace(entry, target):
    if target.is_symlink() or target.is_file():
        target.unlink()
    elif target.is_dir():
        shutil.rmtree(target)
    os.replace(entry, target)
