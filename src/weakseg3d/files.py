"""Files appear under their final name only when they are whole."""

import hashlib
import os
import shutil
from contextlib import contextmanager
from pathlib import Path

from weakseg3d.errors import UserError

PROJECT = Path(__file__).resolve().parents[2]
"""The repository's root: where ``config/`` and ``workflow/`` lie."""


@contextmanager
def whole_file(path):
    """Yield a temporary path beside ``path``; rename it when the block ends, remove it when it fails.

    Parent folders are made. The temporary name keeps the suffix, by which writers choose their format.
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
def whole_folder(path):
    """Like `whole_file`, for a folder; an existing folder of that name is replaced."""
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


def existing_file(path):
    """Return ``path`` as a Path, or raise a UserError that names it when it is no file."""
    path = Path(path)
    if path.is_dir() or not path.exists():
        raise UserError(f"{path}: no such file; check the path")
    return path


def existing_folder(path):
    """Return ``path`` as a Path, or raise a UserError that names it when it is no folder."""
    path = Path(path)
    if not path.is_dir():
        raise UserError(f"{path}: no such folder; check the path")
    return path


def file_digest(path, algorithm="sha256"):
    """Return the hexadecimal digest of a file, read in pieces."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, algorithm).hexdigest()
