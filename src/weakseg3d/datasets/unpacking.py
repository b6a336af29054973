"""Archives unpacked safely: nothing lands outside the folder, and links are refused."""

import gzip
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


def unpack(archive, folder, check):
    """Unpack a zip or tar archive into ``folder``; an entry of the same name there is replaced.

    Everything is unpacked beside its place first and shown to ``check`` (called with that folder), so
    ``folder`` stays as it was when this fails or ``check`` raises. Raises UserError for a damaged archive, for
    another format, and for members that are links or lead outside.
    """
    archive, folder = Path(archive), Path(folder)
    with whole_folder(folder / ".unpacked") as staging:
        try:
            if zipfile.is_zipfile(archive):
                _unzip(archive, staging)
            elif tarfile.is_tarfile(archive):
                _untar(archive, staging)
            else:
                raise UserError(f"{archive}: no zip or tar archive, or a truncated one; get it again")
        except (zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, RuntimeError) as error:
            raise UserError(f"{archive}: damaged archive ({error}); get it again") from None
        check(staging)
        for entry in sorted(staging.iterdir()):
            _replace(entry, folder / entry.name)
    (folder / ".unpacked").rmdir()


def _unzip(archive, folder):
    with zipfile.ZipFile(archive) as content:
        for member in content.infolist():
            _check_name(archive, member.filename)
            if (member.external_attr >> 16) & 0o170000 == LINK_MODE:
                raise UserError(f"{archive}: holds the link '{member.filename}'; unpack it yourself if you trust it")
        content.extractall(folder)


def _untar(archive, folder):
    with tarfile.open(archive) as content:
        for member in content.getmembers():
            _check_name(archive, member.name)
            if not (member.isfile() or member.isdir()):
                raise UserError(f"{archive}: holds the link '{member.name}'; unpack it yourself if you trust it")
        content.extractall(folder, filter="data")


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
