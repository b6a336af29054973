"""The one of several trained settings with the best score, as a folder like that of any training."""

import csv
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from weakseg3d.errors import UserError, quoted
from weakseg3d.files import existing_file, whole_file
from weakseg3d.ownership import check_claim, claim
from weakseg3d.texts import as_cell
from weakseg3d.tuning.scores import CaseScore, best, check_both_classes, read_scores, score

COPIED = ("losses.csv", "run.json", "model.pt")
"""What is copied of the chosen training, its model last."""
TABLE = "tried.csv"
COLUMNS = ("setting", "cases", "dice", "chosen")
"""Columns of the table, after those of its labels. ``dice`` is empty for a setting without a score."""


@dataclass(frozen=True)
class Trial:
    """A setting that was tried: its name, the table of its scores, and its ``model.pt`` beside which its files lie."""

    setting: str
    scores: str
    model: str


def select(trials: Sequence[Trial], out: str | os.PathLike[str], labels: Mapping[str, str]) -> None:
    """Write into ``out`` the table of all ``trials`` and, of the best one, copies of `COPIED`.

    The best has the highest mean Dice; of equal ones, the first of ``trials``. ``labels`` fill leading columns of the
    table. Raises UserError for a missing file, for a trial that was scored on something else than the others, for
    labels of one class only, and if no trial has a score; nothing is written then.
    """
    cases = [read_scores(trial.scores) for trial in trials]
    _check_same_labels(trials, cases)
    check_both_classes(cases[0], trials[0].scores)
    scores = [score(each) for each in cases]
    place = best(scores)
    if place is None:
        raise UserError(
            f"{trials[0].scores}: neither this setting nor any other of the {len(trials)} gave masks that could be"
            " scored; try other settings, such as lower learning rates"
        )
    folder = existing_file(trials[place].model).parent
    sources = [existing_file(folder / name) for name in COPIED]
    check_claim(out, (TABLE, *COPIED))
    claim(out, (TABLE, *COPIED))
    known = sum(bool(case.organ + case.background) for case in cases[0])
    _write_table(Path(out) / TABLE, labels, [trial.setting for trial in trials], scores, known, place)
    for source in sources:
        with whole_file(Path(out) / source.name) as partial:
            shutil.copyfile(source, partial)


def _check_same_labels(trials: Sequence[Trial], cases: Sequence[Sequence[CaseScore]]) -> None:
    labels = [[(case.case, case.organ, case.background) for case in each] for each in cases]
    for trial, each in zip(trials, labels, strict=True):
        if each != labels[0]:
            raise UserError(
                f"{trial.scores}: setting {quoted(trial.setting)} was scored on other labels than"
                f" {quoted(trials[0].setting)}; score both on the same"
            )


def _write_table(
    path: Path,
    labels: Mapping[str, str],
    settings: Sequence[str],
    scores: Sequence[Fraction | None],
    cases: int,
    chosen: int,
) -> None:
    with whole_file(path) as partial, open(partial, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([*map(as_cell, labels), *COLUMNS])
        cells = [as_cell(label) for label in labels.values()]
        for place, (setting, value) in enumerate(zip(settings, scores, strict=True)):
            dice = "" if value is None else f"{float(value):.6f}"
            writer.writerow([*cells, as_cell(setting), cases, dice, "yes" if place == chosen else "no"])
