"""The score of a trained setting: Dice on validation cases, over the voxels whose class their labels tell.

Dense masks tell it of every voxel, annotations of a few. Scores are kept as numbers of voxels and compared as exact
fractions, so that equal scores are equal on every machine.
"""

import csv
import os
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from fractions import Fraction

from weakseg3d.errors import UserError, quoted
from weakseg3d.files import whole_file
from weakseg3d.texts import as_cell, from_cell, read_csv


@dataclass(frozen=True)
class CaseScore:
    """What a network said of the voxels of one case whose class is known, in numbers of voxels.

    ``organ`` and ``background`` are known to be one or the other; ``found`` of the first and ``wrong`` of the second
    were predicted to be the organ. These two are None where the network gave probabilities that are not numbers.
    """

    case: str
    organ: int
    background: int
    found: int | None
    wrong: int | None

    def dice(self) -> Fraction | None:
        """Return Dice over the known voxels, 1 where there is nothing to find and nothing was; None if not known."""
        if self.found is None or self.wrong is None or not self.organ + self.background:
            return None
        total = self.organ + self.found + self.wrong
        return Fraction(2 * self.found, total) if total else Fraction(1)


COLUMNS = [field.name for field in fields(CaseScore)]


def score(cases: Iterable[CaseScore]) -> Fraction | None:
    """Return the mean Dice of the ``cases`` of which anything is known; None if the network failed in any of them."""
    known = [case for case in cases if case.organ + case.background]
    dice = [case.dice() for case in known]
    finite = [value for value in dice if value is not None]
    return sum(finite, Fraction()) / len(finite) if finite and len(finite) == len(dice) else None


def best(scores: Sequence[Fraction | None]) -> int | None:
    """Return the place of the highest score, of equal ones the first; None if there is no score at all."""
    known = [value for value in scores if value is not None]
    return scores.index(max(known)) if known else None


def check_both_classes(cases: Sequence[CaseScore], source: str | os.PathLike[str]) -> None:
    """Raise UserError, naming ``source``, where all known voxels are of one class: any network could be right there."""
    for what, number in (("organ", sum(c.organ for c in cases)), ("background", sum(c.background for c in cases))):
        if not number:
            raise UserError(
                f"{source}: no voxel of its labels is known to be {what}, so that they cannot choose a setting;"
                " annotate both classes in the validation cases"
            )


def write_scores(cases: Iterable[CaseScore], path: str | os.PathLike[str]) -> None:
    """Write one row per case with `COLUMNS`; what is None is empty."""
    with whole_file(path) as partial, open(partial, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for name, *numbers in map(astuple, cases):
            writer.writerow([as_cell(name), *numbers])


def read_scores(path: str | os.PathLike[str]) -> list[CaseScore]:
    """Return the rows of a table of `write_scores`; raise UserError for a missing file and for any other table."""
    table = read_csv(path)
    if table.columns != COLUMNS:
        raise UserError(f"{path}: the header must be '{','.join(COLUMNS)}'; write it with 'validate'")
    return [_case_score(row, path) for row in table.rows]


def _case_score(row: Sequence[str], path: str | os.PathLike[str]) -> CaseScore:
    name, *cells = row
    if not all(cell.isdecimal() for cell in cells[:2]) or not all(cell.isdecimal() or not cell for cell in cells[2:]):
        raise UserError(
            f"{path}: case {quoted(name)} has something else than numbers of voxels; write it with 'validate'"
        )
    organ, background, found, wrong = (int(cell) if cell else None for cell in cells)
    return CaseScore(from_cell(name), organ or 0, background or 0, found, wrong)
