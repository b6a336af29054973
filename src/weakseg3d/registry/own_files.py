"""A user's own file with a network, a loss or another choice: ``{file: my_net.py, name: MyNet, width: 8}``.

A recipe holds the file's digest, so that a changed file trains again, and a model never runs another file than the one
it was trained with.
"""

import importlib.util
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from weakseg3d.errors import UserError, quoted
from weakseg3d.files import existing_file, file_digest
from weakseg3d.named_files import sought_file

KEYS: dict[str, Any] = {
    "file": {"type": "string", "description": "A file of Python of your own."},
    "name": {"type": "string", "description": "The function or class in it; by default, the file's own name."},
    "sha256": {"type": "string", "description": "The file's digest, which the workflow fills in."},
}
"""The keys that are not parameters, as JSON Schema."""


def located(file: str) -> Path:
    """Return the path of a ``file``, seen from the current folder and, if it is not there, from the repository's root.

    Raises UserError if there is no such file, or if it is not called ``*.py``.
    """
    if not file.endswith(".py"):
        raise UserError(f"{quoted(file)}: not a file of Python; give it a name that ends in .py")
    return existing_file(sought_file(file))


def with_digest(content: Any) -> Any:
    """Return a choice that names a file with the digest of that file, and any other content as it is."""
    if not isinstance(content, dict) or not isinstance(content.get("file"), str):
        return content
    path = located(content["file"])
    check_digest(path, content.get("sha256"))
    return content | {"sha256": file_digest(path)}


def check_digest(path: Path, expected: str | None) -> None:
    """Raise UserError if a file has another digest than ``expected``, unless that is None."""
    if expected is not None and file_digest(path) != expected:
        raise UserError(f"{path}: not the file that this was planned or trained with; restore it, or start again")


@cache
def run(path: Path) -> ModuleType:
    """Return the module of a file of the user's, which runs it.

    Raises UserError, with the line, if that fails.
    """
    name = f"own_file_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UserError(f"{path}: not a file of Python; give it a name that ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    with failures_of(path):
        spec.loader.exec_module(module)
    return module


@contextmanager
def failures_of(path: Path) -> Iterator[None]:
    """Turn whatever a file of the user's raises into a UserError that names its line."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        line = f", line {lines[-1]}" if lines else ""
        raise UserError(f"{path}{line}: {type(error).__name__}: {quoted(str(error))}; correct the file") from error
