"""Annotations that people made, as a dataset's YAML or the config names their files: inputs, which are only read."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weakseg3d.annotations import is_drawn, resembled
from weakseg3d.errors import UserError, quoted
from weakseg3d.files import PROJECT
from weakseg3d.registry.registry import Entry

IMPORTED = "imported"
"""What the key says in place of files: the scribbles that were published with the dataset."""

PREFIX = "people"
"""Start of the path part of such annotations, ``people_scribbles``."""


@dataclass(frozen=True)
class People:
    """The files of an organ's annotations: patterns with ``{case}``, and what the values of drawn maps mean.

    ``raw`` is the folder of the user's raw data; files are looked for there first, then from the current folder.
    ``times``, if there is one, is a table of the time that each case took.
    """

    organ: str
    files: Sequence[str]
    background_files: Sequence[str]
    values: Mapping[str, Sequence[int]]
    raw: str
    times: str = ""
    imported: bool = False
    """Whether they are the published scribbles that the import writes beside the image, and no files of a user's."""

    def drawn(self) -> bool:
        """Return whether the files are label maps; otherwise they are Slicer markups."""
        return self.imported or not self.files[0].endswith(".json")

    def patterns(self, case: str) -> tuple[list[str], list[str]]:
        """Return the paths of the files and of the background's files with ``case`` filled in."""
        return [self._path(each, case) for each in self.files], [
            self._path(each, case) for each in self.background_files
        ]

    def of_case(self, case: str) -> list[str]:
        """Return all files of a case."""
        return [path for paths in self.patterns(case) for path in paths]

    def missing_file(self, case: str) -> str | None:
        """Return the first file of a case that does not exist, or None."""
        return next((path for path in self.of_case(case) if not Path(path).is_file()), None)

    def times_file(self) -> list[str]:
        """Return the path of the table of times, as a list; an empty list if there is none."""
        roots = [root for root in _roots(self.raw) if (root / self.times).is_file()] or _roots(self.raw)
        return [_relative(roots[0] / self.times)] if self.times else []

    def _path(self, pattern: str, case: str) -> str:
        return _relative(_root(pattern, self.raw) / pattern).replace("{case}", case)

    def check(self, cases: Sequence[str], place: str) -> None:
        """Raise UserError, naming ``place``, for a case without its files."""
        for case in cases:
            if path := self.missing_file(case):
                raise UserError(
                    f"{place}: {path} does not exist, the annotation of the {self.organ} in case {quoted(case)};"
                    " annotate it, or take the case out of the split"
                )
        for path in self.times_file():
            if not Path(path).is_file():
                raise UserError(f"{place}: {path} does not exist, the 'seconds' of the {self.organ}; correct the path")


def people_of(settings: Mapping[str, Any], description: Mapping[str, Any], raw: str, source: str) -> dict[str, People]:
    """Return ``{organ: People}`` of the key ``annotations``, which ``source`` holds.

    ``description`` is that of the dataset. Raises UserError for a path that leaves its folder, for files of different
    kinds, and for published scribbles that the dataset does not have.
    """
    found = {}
    for organ, entry in settings.items():
        if entry == IMPORTED:
            found[organ] = _published(organ, description, source)
            continue
        content: dict[str, Any] = {"files": entry} if isinstance(entry, str | list) else entry
        lists = {key: _listed(content.get(key, [])) for key in ("files", "background_files")}
        for pattern in [*lists["files"], *lists["background_files"]]:
            if ".." in Path(pattern).parts or "{case}" not in pattern or not Path(pattern).parts:
                raise UserError(
                    f"{source}: annotations.{organ} is {quoted(pattern)}; give a path with {{case}} in place of the"
                    " case id, without '..'"
                )
        values = {key: content.get(key, []) for key in ("organ", "background", "unknown")}
        times = content.get("seconds", "")
        if ".." in Path(times).parts:
            raise UserError(f"{source}: annotations.{organ}.seconds is {quoted(times)}; give a path without '..'")
        people = People(organ, lists["files"], lists["background_files"], values, raw, times)
        if len({pattern.endswith(".json") for pattern in people.files}) > 1:
            raise UserError(f"{source}: annotations.{organ} mixes markups and label maps; give one or the other")
        found[organ] = people
    return found


def _published(organ: str, description: Mapping[str, Any], source: str) -> People:
    """Return the published scribbles of an organ; their values are the label ids, and those of `scribbles`."""
    if "scribbles" not in description:
        raise UserError(
            f"{source}: annotations.{organ} is '{IMPORTED}', but the dataset has no key 'scribbles'; name the files"
        )
    values = {"organ": description["organs"][organ], "background": [], "unknown": [description["scribbles"]["unknown"]]}
    return People(organ, [], [], values, "", imported=True)


def check_kind(people: People, annotation: Entry, method: str) -> None:
    """Raise UserError if ``method`` learns from another kind of ``annotation`` than people gave."""
    if is_drawn(annotation) != people.drawn():
        given, wanted = ("drawings", "clicks or boxes") if people.drawn() else ("Slicer markups", "label maps")
        raise UserError(
            f"method '{method}' learns from annotation '{resembled(annotation)}', which is {wanted}, but"
            f" 'annotations.{people.organ}' names {given}; choose another method, or change its annotation under"
            " 'overrides'"
        )


def _root(pattern: str, raw: str) -> Path:
    """Return the folder from which a pattern is seen: the first one that has the folders it names before ``{case}``."""
    fixed = Path(*itertools.takewhile(lambda part: "{case}" not in part, Path(pattern).parent.parts))
    roots = _roots(raw)
    return next((root for root in roots if (root / fixed).is_dir()), roots[0])


def _roots(raw: str) -> list[Path]:
    """Return the folders from which paths are seen, the first one that fits: raw data, current folder, repository."""
    return [Path(raw)] * bool(raw) + [Path.cwd(), PROJECT]


def _listed(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _relative(path: Path) -> str:
    """Return a path below the current folder as seen from there, so that a moved project reruns nothing."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
