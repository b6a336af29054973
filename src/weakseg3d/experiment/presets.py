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
    chain = [name]
    while (lower := _content(chain[-1]).get("over")) is not None:
        if lower in chain:
            raise UserError(f"{_source(chain[-1])}: over: {quoted(lower)} leads back to this preset; name another one")
        chain.append(lower)
    return chain


def preset_changes(name: str, wanted: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return ``{method: changes}`` of the preset ``config/presets/{name}.yaml`` and of those that it is laid over.

    Raises UserError, which names the file, for an unknown preset or method, and for changes that do not fit one of the
    ``wanted`` methods.
    """
    changes: dict[str, dict[str, Any]] = {}
    for preset in reversed(preset_chain(name)):
        for method, own in _content(preset)["methods"].items():
            choose(method, names("methods"), f"method in {_source(preset)}")
            changes[method] = merged(changes.get(method, {}), own)
    for method in set(wanted) & changes.keys():
        checked_method(merged(read_yaml(named_file("methods", method)), changes[method]), f"{_source(name)}, {method}")
    return changes


def _content(name: str) -> dict[str, Any]:
    path = named_file("presets", name)
    return validated(read_yaml(path), "preset", path)


def _source(name: str) -> str:
    return seen_from_project(named_file("presets", name))
