"""Presets: sizes for a machine, in one file, that are laid over the published settings of the methods."""

from collections.abc import Iterable
from typing import Any

from weakseg3d.experiment.recipes import checked_method, merged
from weakseg3d.named_files import named_file, names
from weakseg3d.schemas import choose, seen_from_project, validated
from weakseg3d.texts import read_yaml


def preset_changes(name: str, wanted: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return ``{method: changes}`` of the preset ``config/presets/{name}.yaml``.

    Raises UserError, which names the file, for an unknown preset or method, and for changes that do not fit one of the
    ``wanted`` methods.
    """
    path = named_file("presets", name)
    source = seen_from_project(path)
    changes: dict[str, dict[str, Any]] = validated(read_yaml(path), "preset", path)["methods"]
    for method in changes:
        choose(method, names("methods"), f"method in {source}")
    for method in set(wanted) & changes.keys():
        checked_method(merged(read_yaml(named_file("methods", method)), changes[method]), f"{source}, {method}")
    return changes
