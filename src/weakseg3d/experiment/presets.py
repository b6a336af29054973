"""Presets: sizes for a machine, in one file, that are laid over the published settings of the methods."""

from collections.abc import Iterable
from typing import Any

from weakseg3d.errors import UserError, quoted
from weakseg3d.experiment.recipes import checked_method, merged
from weakseg3d.named_files import named_file, names
from weakseg3d.schemas import choose, seen_from_project, validated
from weakseg3d.texts import read_yaml


def preset_chain(name: str) -> list[str]:
    """Return ``name`` and the presets that it is laid over, the lowest last.

    Raises UserError, which names the file, for an unknown preset and for one that is laid over itself.
    """
    return list(_contents(name))


def preset_changes(name: str, wanted: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return ``{method: changes}`` of the preset ``config/presets/{name}.yaml`` and of those that it is laid over.

    Raises UserError, which names the file, for an unknown preset or method, and for changes that do not fit one of the
    ``wanted`` methods.
    """
    changes: dict[str, dict[str, Any]] = {}
    for preset, content in reversed(_contents(name).items()):
        for method, own in content["methods"].items():
            choose(method, names("methods"), f"method in {_source(preset)}")
            changes[method] = merged(changes.get(method, {}), own)
    for method in set(wanted) & changes.keys():
        checked_method(merged(read_yaml(named_file("methods", method)), changes[method]), f"{_source(name)}, {method}")
    return changes


def _contents(name: str) -> dict[str, dict[str, Any]]:
    """Return ``{preset: content}`` of a preset and of those that it is laid over, as `preset_chain` orders them."""
    contents: dict[str, dict[str, Any]] = {}
    upper = name
    lower: str | None = name
    while lower is not None:
        if lower in contents:
            raise UserError(f"{_source(upper)}: over: {quoted(lower)} leads back to this preset; name another one")
        path = named_file("presets", lower)
        contents[lower] = validated(read_yaml(path), "preset", path)
        upper, lower = lower, contents[lower].get("over")
    return contents


def _source(name: str) -> str:
    return seen_from_project(named_file("presets", name))
