"""Files that appear under their final name only once they are complete, and other basics of files."""

import glob
import hashlib
import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from weakseg3d.errors import UserError

PROJECT = Path(__file__).resolve().parents[2]
"""Root of the repository, which contains ``config/`` and ``workflow/``."""


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path next to ``path``; rename it to ``path`` when the block ends, delete it if the block fails.

    Missing parent folders are created. The temporary name keeps the suffix, from which writers choose their format.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
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
    prefix = f".part-{platform.node()}-"
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
    """Return ``path`` as a Path; raise a UserError that names it if it is not an existing file."""
    path = Path(path)
    if path.is_dir() or not path.exists():
        raise UserError(f"{path}: no such file; check the path")
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


def file_digest(path: str | os.PathLike[str], algorithm: str = "sha256") -> str:
    """Return the hexadecimal digest of a file, which is read in pieces."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, algorithm).hexdigest()
