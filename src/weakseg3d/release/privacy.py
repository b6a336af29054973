"""Paths of the machine, and with them the names of its users, which have no place in what is released."""

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from weakseg3d.errors import UserError, quoted
from weakseg3d.files import PROJECT
from weakseg3d.texts import parse_yaml, read_json, read_text

CUT = "(path)"
"""What stands in place of a path."""

WORD = re.compile(r"(?<![)\]}>])[^\s\"'=,;()\[\]<>|]+")
"""A part of a value that may be a path of its own, as in the words of a command; what follows a bracket is not."""

PATH = re.compile(r"file:|~([A-Za-z_][\w.-]*)?[/\\]|[A-Za-z]:[/\\]|/+[^\s/]|\\\\\w|\.\.([/\\]|\Z)|~\Z")
"""How a path starts that depends on a machine."""

HOMES = re.compile(rb"(?<![\w.])(?:/home|/Users|[A-Za-z]:\\Users)[/\\][\w.-]+")
"""Home folders, on any machine."""


def without_paths(value: Any) -> Any:
    """Return ``value``, of JSON or YAML, with `CUT` in place of every path that depends on a machine.

    Those are absolute paths, paths below a home folder (``~``), and paths that lead upwards (``..``).
    """
    if isinstance(value, dict):
        return {without_paths(key): without_paths(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [without_paths(entry) for entry in value]
    if not isinstance(value, str):
        return value
    # As a whole first, since a path may have spaces.
    return CUT if is_private(value) else WORD.sub(lambda word: CUT if is_private(word[0]) else word[0], value)


def is_private(text: str) -> bool:
    """Return whether ``text`` as a whole is a path that depends on a machine."""
    upwards = not re.search(r"\s|://", text) and ".." in re.split(r"[/\\:]", text)
    return bool(PATH.match(text)) or upwards


def public_json(path: Path) -> bytes:
    """Return the content of a JSON file `without_paths`; unchanged if there is none in it."""
    content = read_json(path, finite=False)
    public = without_paths(content)
    return path.read_bytes() if public == content else (json.dumps(public, indent=1) + "\n").encode()


def public_yaml(path: Path) -> bytes:
    """Return the content of a YAML file `without_paths`, and without its comments, which may hold anything."""
    return yaml_bytes(without_paths(parse_yaml(read_text(path), path)))


def yaml_bytes(content: Any) -> bytes:
    """Return ``content`` as YAML."""
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120).encode()


def check_nothing_private(folder: Path, places: Iterable[Path]) -> None:
    """Raise a UserError if a file below ``folder`` names one of ``places`` of this machine, or any home folder."""
    known = {os.path.abspath(place) for place in (*places, Path.home(), Path.cwd(), PROJECT)} - {
        os.path.abspath(os.sep)
    }
    patterns = [re.compile(rb"(?<![\w.])" + re.escape(os.fsencode(place)) + rb"(?![\w.-])") for place in sorted(known)]
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        content = path.read_bytes()
        for pattern in (HOMES, *patterns):
            if found := pattern.search(content):
                name = path.relative_to(folder).as_posix()
                raise UserError(
                    f"{name}: would publish {quoted(os.fsdecode(found[0]))}, a folder of a machine; remove it from what"
                    " the experiment reads, and run the workflow again"
                )
