"""Files that appear under their final name only once they are complete, and other basics of files."""

import glob
import hashlib
import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from weakseg3d.errors import UserError, printable

PROJECT = Path(__file__).resolve().parents[2]
"""Root of the repository, which contains ``config/`` and ``workflow/``."""

LONGEST_NAME = 190
"""Bytes of a file name, so that its temporary name fits into the 255 bytes that all usual file systems allow."""


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path next to ``path``; rename it to ``path`` when the block ends, delete it if the block fails.

    Missing parent folders are created. The temporary name keeps the suffix, from which writers choose their format.

    Raises UserError if ``path`` is a folder or a device, if its name is too long, or if a file is in the way of its
    folder.
    """
    path = Path(path)
    if len(os.fsencode(path.name)) > LONGEST_NAME:
        raise UserError(f"{printable(path)}: the file name is too long; choose a shorter one")
    if path.exists() and not path.is_file():
        raise UserError(
            f"{printable(path)}: is {_kind(path)} and cannot be replaced by a file; choose another file name"
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise UserError(f"{printable(path)}: lies below a file instead of a folder; choose another path") from None
    partial = _partial(path)
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def temporary_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a new folder next to ``path``, which is removed when the block ends; missing parents are created."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = _partial(path)
    try:
        partial.mkdir()
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _partial(path: Path) -> Path:
    """Return the temporary path beside ``path``, once what killed processes left under such names is removed."""
    prefix = f".part-{platform.node()[:32]}-"
    for remains in path.parent.glob(f"{glob.escape(prefix)}*-{glob.escape(path.name)}"):
        process = remains.name.removeprefix(prefix).partition("-")[0]
        if remains.name == f"{prefix}{process}-{path.name}" and process.isdigit() and not _is_alive(int(process)):
            shutil.rmtree(remains) if remains.is_dir() else remains.unlink(missing_ok=True)
    return path.with_name(f"{prefix}{os.getpid()}-{path.name}")


def _is_alive(process: int) -> bool:
    """Return whether a process of this machine has the number ``process``."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def existing_file(path: str | os.PathLike[str]) -> Path:
    """Return ``path`` as a Path; raise a UserError that names it if it is not a regular file that can be read.

    Anything else that can be opened is refused, as reading a FIFO or a terminal may never end.
    """
    path = Path(path)
    try:
        exists = path.exists()
    except OSError:  # The name is too long, or a folder above it must not be read.
        exists = False
    if not exists:
        raise UserError(f"{printable(path)}: no such file; check the path")
    if not path.is_file():
        raise UserError(f"{printable(path)}: is {_kind(path)}, not a file; check the path")
    if not os.access(path, os.R_OK):
        raise UserError(f"{printable(path)}: must not be read; change its permissions")
    return path


def existing_folder(path: str | os.PathLike[str]) -> Path:
    """Return ``path`` as a Path; raise a UserError that names it if it is not an existing folder."""
    path = Path(path)
    if not path.is_dir():
        raise UserError(f"{path}: no such folder; check the path")
    return path


def is_hidden(path: Path) -> bool:
    """Return whether ``path``, relative to a folder of the user's, has a part that starts with a dot."""
    return any(part.startswith(".") for part in path.parts)


def _kind(path: Path) -> str:
    """Return in words what ``path``, which is not a regular file, is."""
    if path.is_dir():
        return "a folder"
    if path.is_fifo():
        return "a FIFO"
    if path.is_char_device() or path.is_block_device():
        return "a device"
    return "a special file"


def file_digest(path: str | os.PathLike[str], algorithm: str = "sha256") -> str:
    """Return the hexadecimal digest of a file, which is read in pieces."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, algorithm).hexdigest()
