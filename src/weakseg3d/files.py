"""Files and folders that appear under their final name only once they are complete."""

import hashlib
import os
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
    partial = path.with_name(f".part-{os.getpid()}-{path.name}")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Do the same as `whole_file` for a folder; an existing folder of that name is replaced."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".part-{os.getpid()}-{path.name}")
    try:
        partial.mkdir()
        yield partial
        if path.exists():
            shutil.rmtree(path)
        os.replace(partial, path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


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


def file_digest(path: str | os.PathLike[str], algorithm: str = "sha256") -> str:
    """Return the hexadecimal digest of a file, which is read in pieces."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, algorithm).hexdigest()
