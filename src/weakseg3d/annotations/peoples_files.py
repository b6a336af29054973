"""The files of one annotation that a person made, named on the command line, and what they mean."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from weakseg3d.errors import UserError, quoted
from weakseg3d.files import existing_file
from weakseg3d.option_types import whole_number

if TYPE_CHECKING:
    import SimpleITK as sitk

    from weakseg3d.annotations.markups import Annotation

CASE = "{case}"
MARKUPS = ".mrk.json"


def add_file_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options that say what a person's files mean."""
    parser.add_argument(
        "--background", action="extend", nargs="+", default=[], metavar="FILE", help="clicks outside the organ"
    )
    parser.add_argument(
        "--organ", default="", metavar="NAME", help="name of the organ's list, segment, or file in a folder"
    )
    for option, text in (
        ("--organ-value", "values of a drawn map that are the organ"),
        ("--background-value", "values that are background (default: all others, if --unknown is given)"),
        ("--unknown", "values that are not annotated (default: all others, if --background-value is given)"),
    ):
        parser.add_argument(
            option, action="extend", nargs="+", type=whole_number, default=[], metavar="VALUE", help=text
        )


@dataclass(frozen=True)
class PeoplesFiles:
    """The ``files`` of one annotation: Slicer markups, of which several add up, or one drawn map.

    ``background`` are markups whose points lie outside the organ; ``organ`` is the name of its list or segment;
    ``values`` are those of a drawn map: organ, background and unknown. A folder stands for the markups in it that are
    named after the organ: ``spleen.mrk.json``, ``{case}-spleen.mrk.json`` and ``spleen-background.mrk.json``.
    """

    files: Sequence[str]
    background: Sequence[str] = ()
    organ: str = ""
    values: tuple[Sequence[int], Sequence[int], Sequence[int]] = ((), (), ())

    @classmethod
    def given(cls, args: argparse.Namespace, files: Sequence[str]) -> PeoplesFiles:
        """Return those of the options that `add_file_options` declares, for ``files``."""
        values = (args.organ_value, args.background_value, args.unknown)
        return cls(files, args.background, args.organ, values)

    def of_case(self, case: str) -> PeoplesFiles:
        """Return the files of a case, whose id takes the place of ``{case}`` in all names."""
        names = [[name.replace(CASE, case) for name in group] for group in (self.files, self.background)]
        return replace(self, files=names[0], background=names[1])

    def found(self) -> PeoplesFiles:
        """Return the same with folders replaced by the files in them.

        Raises UserError for a file that does not exist, and for a folder without a file named after the organ, or with
        those of several cases.
        """
        files = [path for name in self.files for path in self._in_folder(name)]
        for path in [*files, *self.background]:
            existing_file(path)
        return replace(self, files=files)

    def _in_folder(self, name: str) -> list[str]:
        if not Path(name).is_dir():
            return [name]
        if not self.organ:
            raise UserError(f"{name}: is a folder; say with --organ which of its files are meant")
        roles = {
            path: role_of(path.name.removesuffix(MARKUPS), self.organ, of_file=True)
            for path in sorted(Path(name).glob(f"*{MARKUPS}"))
        }
        inside = [path for path, role in roles.items() if role == "organ"]
        if not inside:
            raise UserError(f"{name}: holds no {self.organ}{MARKUPS}; save the list under that name, or pass the file")
        if len(inside) > 1:
            raise UserError(
                f"{name}: {quoted(inside[0].name)} and {quoted(inside[1].name)} are both called after the {self.organ};"
                " pass the file of one case"
            )
        case = _case_words(inside[0], self.organ)
        outside = [path for path, role in roles.items() if role == "background"]
        return [str(path) for path in (*inside, *outside) if _case_words(path, self.organ) in (case, [])]

    def clicks(self, empty: bool = False) -> Annotation:
        """Return all points and boxes, as `read_clicks`; with ``empty``, there may be none."""
        from weakseg3d.annotations.clicked_lists import read_clicks

        return read_clicks(self.files, self.background, self.organ, empty)

    def drawn(self, kind: str) -> sitk.Image:
        """Return the drawn map of a ``kind`` of annotation, as `read_drawn_map`; raises UserError for several files."""
        from weakseg3d.annotations.drawn_maps import Values, read_drawn_map

        if len(self.files) > 1 or self.background:
            raise UserError(f"{self.files[-1]}: {kind} are one label map; draw both classes into one file")
        return read_drawn_map(self.files[0], Values(*self.values), self.organ, kind)


def role_of(name: str, organ: str, of_file: bool = False) -> str:
    """Return what the list or file ``name`` holds of ``organ``: "organ", "background", or empty text for another organ.

    A list is called ``spleen``, ``spleen-background`` or ``background``. The name of a file may begin with the case:
    ``patient001-spleen``. Case, underscores, hyphens, dots and spaces do not matter.
    """
    words, wanted = _words(name), _words(organ)
    inside = words[-len(wanted) :] == wanted if of_file else words == wanted
    if inside:
        return "organ"
    if words[-1:] == ["background"] and (len(words) == 1 or role_of(" ".join(words[:-1]), organ, of_file)):
        return "background"
    return ""


def _case_words(path: Path, organ: str) -> list[str]:
    """Return the words of a file's name that come before the organ and ``background``: those of a case."""
    words, wanted = _words(path.name.removesuffix(MARKUPS)), _words(organ)
    if words[-1:] == ["background"]:
        words = words[:-1]
    return words[: -len(wanted)] if words[-len(wanted) :] == wanted else words


def _words(name: str) -> list[str]:
    for separator in "-_.":
        name = name.replace(separator, " ")
    return name.lower().split()
