"""What the tables of a report are made of, beside the files of the experiment: ``tables/settings.json`` records it."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from weakseg3d.errors import UserError, quoted
from weakseg3d.experiment import paths
from weakseg3d.schemas import seen_from_project
from weakseg3d.texts import read_json

NAME = paths.in_results(paths.SETTINGS)
"""Where a report records its settings, seen from its folder."""


@dataclass(frozen=True)
class Settings:
    """The inputs and options of a report. The same inputs with the same settings give the same bytes in every table."""

    metrics: str | None
    """The long table of metrics, or a folder of such tables; None for the finished evaluations of the experiment."""

    effort: list[str]
    """Tables of the verb 'effort'."""

    agreement: list[str]
    """Tables of the verb 'agree'."""

    tried: list[str]
    """Tables of the verb 'select'."""

    published: str | None
    """CSV of values published by others."""

    title: str

    footer: dict[str, str]
    """Entries below every table, in addition to those that follow from the metrics."""

    software: dict[str, str]
    """The software that made the tables, as `weakseg3d.report.tables.origin.origin` describes it."""

    selection: dict[str, str]
    """The rule that selected the model of each method."""

    paid: dict[str, str]
    """When the effort of each method is paid."""

    show: list[str]
    """The metrics that tables show, the leading one first."""

    scans_to_come: int

    means_without_missed: bool

    viewer_cases: int

    def with_inputs(self, change: Callable[[str], str]) -> "Settings":
        """Return settings whose inputs have the paths that ``change`` makes of the present ones."""
        return replace(
            self,
            metrics=change(self.metrics) if self.metrics else None,
            effort=[change(path) for path in self.effort],
            agreement=[change(path) for path in self.agreement],
            tried=[change(path) for path in self.tried],
            published=change(self.published) if self.published else None,
        )

    def seen_from(self, folder: Path) -> "Settings":
        """Return settings whose inputs, as far as they lie in ``folder``, have paths relative to it."""
        return self.with_inputs(lambda path: _seen_from(folder, path))

    def inputs(self) -> list[str]:
        """Return the paths of all inputs."""
        single = [path for path in (self.metrics, self.published) if path]
        return [*single, *self.effort, *self.agreement, *self.tried]

    def text(self) -> str:
        """Return the settings as JSON."""
        return json.dumps(asdict(self), indent=1) + "\n"


def read_settings(path: str | Path) -> Settings:
    """Return the settings in a file that a report wrote; raise UserError if it is missing, or anything else."""
    content = read_json(path)
    kinds = {field.name: field.type for field in fields(Settings)}
    if content.keys() != kinds.keys():
        raise UserError(f"{path}: not the settings of a report of this version; run the report again")
    for name, kind in kinds.items():
        if not _is_of(content[name], kind):
            raise UserError(f"{path}: {quoted(name)} is not what a report writes; run the report again")
    return Settings(**content)


def _seen_from(folder: Path, path: str) -> str:
    """Return ``path`` as it is seen from ``folder`` if it lies there; otherwise from the project or the start."""
    absolute = Path(os.path.abspath(path))
    inside = Path(os.path.abspath(folder))
    return absolute.relative_to(inside).as_posix() if absolute.is_relative_to(inside) else seen_from_project(absolute)


def _is_of(value: Any, kind: Any) -> bool:
    """Return whether ``value`` has the type of a field of `Settings`."""
    if kind == list[str]:
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    if kind == dict[str, str]:
        return isinstance(value, dict) and all(isinstance(each, str) for each in value.values())
    if kind is int:
        return type(value) is int
    return isinstance(value, kind)
