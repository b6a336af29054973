"""Splits that are drawn at random from a seed, never by file order, and written case by case.

All cases of one patient belong to the same part, or the test would be easier than it looks.
"""

import csv
import os
from collections.abc import Collection, Iterable, Mapping

import numpy as np

from weakseg3d.datasets.file_search import natural
from weakseg3d.datasets.patients import patient_of
from weakseg3d.errors import UserError, quoted
from weakseg3d.files import whole_file
from weakseg3d.texts import as_cell


def draw_split(cases: Iterable[str], validation: int, test: int, seed: int, pattern: str = "") -> dict[str, str]:
    """Return ``{case: part}`` with ``test`` test patients, ``validation`` validation patients, and training patients.

    ``pattern`` finds the patient of a case (`patient_of`); without one, every case is a patient. The draw depends only
    on the set of cases and the seed, not on the order of the cases. Raises UserError if no patient is left for
    training, and as `patient_of` does.
    """
    patients = _cases_by_patient(cases, pattern)
    shuffled = _shuffled(patients, seed)
    if validation + test >= len(shuffled):
        what = "patients" if pattern else "cases"
        raise UserError(
            f"{validation} validation and {test} test {what} leave none of the {len(shuffled)} {what} for training; "
            "take fewer"
        )
    parts = ["test"] * test + ["validation"] * validation
    parts += ["train"] * (len(shuffled) - len(parts))
    return {case: part for patient, part in zip(shuffled, parts, strict=True) for case in patients[patient]}


def draw_folds(cases: Iterable[str], folds: int, seed: int, pattern: str = "") -> list[dict[str, str]]:
    """Return one split per fold; each patient is tested in exactly one, and their numbers differ by at most one.

    ``pattern`` as in `draw_split`. Raises UserError for fewer than two folds, and for more folds than patients.
    """
    patients = _cases_by_patient(cases, pattern)
    shuffled = _shuffled(patients, seed)
    if not 2 <= folds <= len(shuffled):
        what = "patients" if pattern else "cases"
        raise UserError(f"--folds {folds}: must be from 2 to {len(shuffled)}, the number of {what}")
    return [
        {
            case: "test" if place % folds == fold else "train"
            for place, patient in enumerate(shuffled)
            for case in patients[patient]
        }
        for fold in range(folds)
    ]


def completed(split: Mapping[str, str], cases: Collection[str], rest: str = "test") -> dict[str, str]:
    """Return ``split`` (``{case: part}``) with all other ``cases`` added to the part ``rest``.

    Raises UserError if a case of ``split`` is not among ``cases``.
    """
    missing = [case for case in split if case not in cases]
    if missing:
        raise UserError(
            f"{len(missing)} cases of the split are missing, such as {quoted(missing[0])}; get all of them first"
        )
    return {**dict.fromkeys(cases, rest), **split}


def write_split(split: Mapping[str, str], path: str | os.PathLike[str]) -> None:
    """Write ``{case: part}`` as a CSV file ``case,split`` with the cases in natural order."""
    with whole_file(path) as partial, open(partial, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["case", "split"])
        writer.writerows((as_cell(case), split[case]) for case in sorted(split, key=natural))


def _cases_by_patient(cases: Iterable[str], pattern: str) -> dict[str, list[str]]:
    patients: dict[str, list[str]] = {}
    for case in sorted(cases, key=natural):
        patients.setdefault(patient_of(case, pattern), []).append(case)
    return patients


def _shuffled(cases: Iterable[str], seed: int) -> list[str]:
    ordered = sorted(cases, key=natural)
    return [ordered[place] for place in np.random.default_rng(seed).permutation(len(ordered))]
