"""The commands of a program of somebody else's: words with placeholders, which never reach a shell."""

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from weakseg3d.errors import UserError, quoted
from weakseg3d.files import existing_file, file_digest
from weakseg3d.named_files import from_here_or_project
from weakseg3d.registry.own_files import check_digest

REQUIRED = {"train": ("cases", "out"), "predict": ("images", "out")}
"""Placeholders that each command must have."""
OPTIONAL = ("recipe", "program")
"""Placeholders that each command may have."""
MODEL, ANNOTATIONS = "model", "annotations"
"""Of prediction: what a trained method must have, and what one without training may have, or must to make labels."""

ENVIRONMENT_FILES = (".yaml", ".yml")
"""How a conda environment's file ends; anything else is the folder of a Python environment."""

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")

PATTERN = ("case", "dataset", "organ", "seed")
"""Placeholders of a path to masks made elsewhere, of which the first is needed."""


def command_words(command: str, values: Mapping[str, str]) -> list[str]:
    """Return a ``command`` as words, split as a shell would, with ``{name}`` replaced by ``values[name]``.

    A value stays within its word, whatever characters it has. Raises UserError for a name without a value.
    """
    for name in placeholders(command):
        if name not in values:
            raise UserError(f"the command names {{{name}}}, which is not given; it can name {_braced(list(values))}")
    return [PLACEHOLDER.sub(lambda match: values[match[1]], word) for word in shlex.split(command)]


def placeholders(command: str) -> list[str]:
    """Return the names of the placeholders of a ``command``."""
    return PLACEHOLDER.findall(command)


def check_commands(external: Mapping[str, Any], source: str | Path) -> None:
    """Raise UserError, naming ``source``, for commands that are no words or whose placeholders are wrong.

    Also for a conda environment that does not exist; a folder may exist on another machine alone.
    """
    trained = "train" in external
    if trained and ANNOTATIONS in placeholders(external["predict"]):
        raise UserError(
            f"{source}: external.predict names {{{ANNOTATIONS}}}, but a method that is trained gets no annotations of"
            " the scans that it segments; remove it, or remove external.train"
        )
    for key in (key for key in REQUIRED if key in external):
        required = (*[MODEL] * (trained and key == "predict"), *REQUIRED[key])
        _check_command(external, key, required, [ANNOTATIONS] * (not trained), source, "external")


def check_label_command(program: Mapping[str, Any], source: str | Path) -> None:
    """Raise UserError, naming ``source``, for the command of a program that makes pseudo labels, likewise."""
    _check_command(program, "predict", (ANNOTATIONS, *REQUIRED["predict"]), (), source, "pseudo_label.external")


def _check_command(
    external: Mapping[str, Any],
    key: str,
    required: Sequence[str],
    allowed: Sequence[str],
    source: str | Path,
    where: str,
) -> None:
    """Raise UserError, naming ``source`` and ``where`` in it, for the environment or the command ``key`` of a program.

    ``required`` and ``allowed`` are the placeholders of this command.
    """
    if external.get("environment", "").endswith(ENVIRONMENT_FILES):
        existing_file(from_here_or_project(external["environment"]))
    place = f"{source}: {where}.{key}"
    try:
        words = shlex.split(external[key])
    except ValueError as error:
        raise UserError(f"{place} cannot be split into words ({error}); correct its quotes") from None
    if not words:
        raise UserError(f"{place} is empty; give a command")
    found = [name for word in words for name in placeholders(word)]
    known = (*required, *allowed, *OPTIONAL)
    for name in found:
        if name not in known:
            raise UserError(f"{place} has the placeholder {{{name}}}; use {_braced(known)}")
    for name in required:
        if name not in found:
            raise UserError(f"{place} lacks {{{name}}}; it needs {_braced(required)}")
    if "program" in found and "program" not in external:
        raise UserError(f"{place} has {{program}}, but {where}.program names no file; add it")


def check_pattern(pattern: str, source: str | Path) -> None:
    """Raise UserError, naming ``source``, for a path to masks made elsewhere that lacks the case or has ``..``."""
    names = PLACEHOLDER.findall(pattern)
    unknown = [name for name in names if name not in PATTERN]
    if "case" not in names or unknown or ".." in Path(pattern).parts or not pattern.endswith((".nii", ".nii.gz")):
        raise UserError(
            f"{source}: predictions is {quoted(pattern)}; give the path of a .nii.gz with {{case}} in place of the case"
            f" id, without '..'; {_braced(PATTERN[1:])} may stand there, too"
        )


def with_program_digest(external: Mapping[str, Any]) -> dict[str, Any]:
    """Return the key ``external`` of a method or a pseudo label with the digest of its program, if it names one.

    Raises UserError for a program that does not exist, and for another one than the digest that is there already.
    """
    if "program" not in external:
        return dict(external)
    path = located_program(external["program"])
    check_digest(path, external.get("sha256"))
    return dict(external) | {"sha256": file_digest(path)}


def located_program(program: str) -> Path:
    """Return the path of a program, seen from the current folder or from the repository's root."""
    return existing_file(from_here_or_project(program))


def _braced(names: Sequence[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)
