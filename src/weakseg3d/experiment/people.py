"""Annotations that people made, as a dataset's YAML or the config names their files: inputs, which are only read."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from weakseg3d.annotations import ANNOTATIONS, is_drawn, resembled
from weakseg3d.errors import UserError, quoted
from weakseg3d.files import PROJECT
from weakseg3d.registry.registry import Entry
from weakseg3d.schemas import choose

IMPORTED = "imported"
"""What the key says in place of files: the scribbles that were published with the dataset."""

PREFIX = "people"
"""Start of the path part of such annotations, ``people_scribbles``."""

ANNOTATOR = "{annotator}"
"""What stands for an annotator's name in the names of files."""

ANYBODY, SIMULATED = "people", "simulated"
"""What a method's ``annotated_by`` may say instead of an annotator's name."""


def is_peoples(part: str) -> bool:
    """Return whether the path part of an annotation is that of one that people made."""
    return part.startswith(f"{PREFIX}_")


@dataclass(frozen=True)
class People:
    """The files of an organ's annotations: patterns with ``{case}``, and what the values of drawn maps mean.

    ``raw`` is the folder of the user's raw data; files are looked for there first, then from the current folder.
    ``times``, if there is one, is a table of the time that each case took. ``kind`` is the only kind of annotation that
    the files are; if it is empty, they are whatever kind is saved so. ``annotator`` made them, if that was said.
    """

    organ: str
    files: Sequence[str]
    background_files: Sequence[str]
    values: Mapping[str, Sequence[int]]
    raw: str
    times: str = ""
    imported: bool = False
    """Whether they are the published scribbles that the import writes beside the image, and no files of a user's."""
    kind: str = ""
    annotator: str = ""

    def fits(self, kind: str) -> bool:
        """Return whether the files can be a ``kind`` of annotation, an entry of `ANNOTATIONS`."""
        return self.kind in ("", kind) and is_drawn(ANNOTATIONS.entry(kind)) == self.drawn()

    def part(self, kind: str) -> str:
        """Return the path part of these files as a ``kind`` of annotation."""
        return f"{PREFIX}_{kind}" + f"_annotator-{self.annotator}" * bool(self.annotator)

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


def people_of(
    settings: Mapping[str, Any], description: Mapping[str, Any], raw: str, source: str
) -> dict[str, tuple[People, ...]]:
    """Return ``{organ: People}`` of the key ``annotations``, which ``source`` holds: one for each kind and annotator.

    ``description`` is that of the dataset. Raises UserError for a path that leaves its folder, for files of different
    kinds, for annotators that the files do not tell apart, and for published scribbles that the dataset does not have.
    """
    found = {}
    for organ, entry in settings.items():
        listed = entry if isinstance(entry, list) and isinstance(entry[0], dict) else [entry]
        found[organ] = tuple(
            people
            for content in listed
            for people in (
                [_published(organ, description, source)]
                if content == IMPORTED
                else _people(organ, content, raw, f"{source}: annotations.{organ}")
            )
        )
    return found


def _people(organ: str, entry: Any, raw: str, place: str) -> list[People]:
    """Return what one entry for an organ names: one `People`, or one for each annotator."""
    content: dict[str, Any] = {"files": entry} if isinstance(entry, str | list) else entry
    lists = {key: _listed(content.get(key, [])) for key in ("files", "background_files")}
    annotators = content.get("annotators", [])
    for pattern in [*lists["files"], *lists["background_files"]]:
        if ".." in Path(pattern).parts or "{case}" not in pattern or not Path(pattern).parts:
            raise UserError(
                f"{place} is {quoted(pattern)}; give a path with {{case}} in place of the case id, without '..'"
            )
        if (ANNOTATOR in pattern) != bool(annotators):
            raise UserError(
                f"{place} is {quoted(pattern)}; write {ANNOTATOR} in it and name them under 'annotators', or neither"
            )
    if "kind" in content:
        choose(content["kind"], list(ANNOTATIONS.entries), "annotation")
    values = {key: content.get(key, []) for key in ("organ", "background", "unknown")}
    times = content.get("seconds", "")
    if ".." in Path(times).parts:
        raise UserError(f"{place}.seconds is {quoted(times)}; give a path without '..'")
    people = People(organ, lists["files"], lists["background_files"], values, raw, times, kind=content.get("kind", ""))
    if len({pattern.endswith(".json") for pattern in people.files}) > 1:
        raise UserError(f"{place} mixes markups and label maps; give one or the other")
    if people.kind and is_drawn(ANNOTATIONS.entry(people.kind)) != people.drawn():
        suffix = "label maps" if is_drawn(ANNOTATIONS.entry(people.kind)) else "Slicer markups"
        raise UserError(f"{place}.kind is '{people.kind}', which is saved as {suffix}; correct it or the files")
    return [_of_annotator(people, name) for name in annotators] or [people]


def _of_annotator(people: People, name: str) -> People:
    files, background = (
        [pattern.replace(ANNOTATOR, name) for pattern in group] for group in (people.files, people.background_files)
    )
    times = people.times.replace(ANNOTATOR, name)
    return replace(people, files=files, background_files=background, times=times, annotator=name)


def chosen_people(people: Sequence[People], kind: str, annotated_by: str) -> People | None:
    """Return those of ``people`` whose files are a method's ``kind`` of annotation, or None.

    ``annotated_by`` is an annotator's name, or `ANYBODY` for the first that fit; a method that is `SIMULATED` has none.
    """
    fitting = [each for each in people if each.fits(kind) and annotated_by in (ANYBODY, each.annotator)]
    return fitting[0] if fitting and annotated_by != SIMULATED else None


def people_of_part(people: Iterable[People], part: str) -> People | None:
    """Return those of ``people`` that a path part means, ``people_points_annotator-ann``, or None."""
    kind = kind_of_part(part)
    return next((each for each in people if each.fits(kind) and each.part(kind) == part), None)


def kind_of_part(part: str) -> str:
    """Return the kind of annotation of such a path part."""
    return part.removeprefix(f"{PREFIX}_").partition("_")[0]


def _published(organ: str, description: Mapping[str, Any], source: str) -> People:
    """Return the published scribbles of an organ; their values are the label ids, and those of `scribbles`."""
    if "scribbles" not in description:
        raise UserError(
            f"{source}: annotations.{organ} is '{IMPORTED}', but the dataset has no key 'scribbles'; name the files"
        )
    values = {"organ": description["organs"][organ], "background": [], "unknown": [description["scribbles"]["unknown"]]}
    return People(organ, [], [], values, "", imported=True)


def check_annotators(methods: Mapping[str, Any], people: Iterable[Mapping[str, Sequence[People]]]) -> None:
    """Raise UserError for a method that learns from an annotator whom no organ of any dataset in ``people`` names."""
    names = list(dict.fromkeys(each.annotator for organs in people for group in organs.values() for each in group))
    known = [name for name in names if name]
    for method, content in methods.items():
        by = content["annotated_by"]
        if by not in (ANYBODY, SIMULATED, *known):
            said = f"; known are {', '.join(known)}" if known else ", as 'annotators' names nobody"
            raise UserError(
                f"method '{method}': nobody called {quoted(by)} annotated anything{said}; correct 'annotated_by'"
            )


def check_kind(people: Sequence[People], annotation: Entry, annotated_by: str, method: str) -> None:
    """Raise UserError if ``method`` learns from another kind of ``annotation`` than ``people`` gave, or from nobody."""
    kind, organ = resembled(annotation), people[0].organ
    if annotated_by == SIMULATED or chosen_people(people, kind, annotated_by):
        return
    names = list(dict.fromkeys(each.annotator for each in people if each.annotator))
    if annotated_by != ANYBODY and annotated_by not in names:
        known = f"; known are {', '.join(names)}" if names else ", as 'annotators' names nobody"
        raise UserError(
            f"method '{method}': nobody called {quoted(annotated_by)} annotated the {organ}{known}; correct"
            " 'annotated_by'"
        )
    given, wanted = ("drawings", "clicks or boxes") if people[0].drawn() else ("Slicer markups", "label maps")
    if people[0].drawn() == is_drawn(annotation):
        given, wanted = f"'{people[0].kind}'", "another kind"
    raise UserError(
        f"method '{method}' learns from annotation '{kind}', which is {wanted}, but"
        f" 'annotations.{organ}' names {given}; choose another method, or change its annotation under"
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
