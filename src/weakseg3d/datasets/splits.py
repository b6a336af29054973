"""Splits that are drawn at random from a seed, never by file order, and written case by case."""

import csv
import os
from collections.abc import Collection, Iterable, Mapping

import numpy as np

from weakseg3d.datasets.file_search import natural
from weakseg3d.errors import UserError, quoted
from weakseg3d.files import whole_file
from weakseg3d.texts import as_cell


def draw_split(cases: Iterable[str], validation: int, test: int, seed: int) -> dict[str, str]:
    """Return ``{case: part}`` with ``test`` test cases, ``validation`` validation cases, and training cases.

    The draw depends only on the set of cases and the seed, not on the order of the cases. Raises UserError if no case
    is left for training.
    """
    shuffled = _shuffled(cases, seed)
    if validation + test >= len(shuffled):
        raise UserError(
            f"{validation} validation and {test} test cases leave none of the {len(shuffled)} cases for training; take"
            " fewer"
        )
    parts = ["test"] * test + ["validation"] * validation
    parts += ["train"] * (len(shuffled) - len(parts))
    return dict(zip(shuffled, parts, strict=True))


def draw_folds(cases: Iterable[str], folds: int, seed: int) -> list[dict[str, str]]:
    """Return one split per fold; each case is a test case in exactly one fold, and fold sizes differ by at most one.

    Raises UserError for fewer than two folds, and for more folds than cases.
    """
    shuffled = _shuffled(cases, seed)
    if not 2 <= folds <= len(shuffled):
        raise UserError(f"--folds {folds}: must be from 2 to {len(shuffled)}, the number of cases")
    return [
        {case: "test" if place % folds == fold else "train" for place, case in enumerate(shuffled)}
        for fold in range(folds)
    ]


def completed(split: Mapping[str, str], cases: Collection[str]) -> dict[str, str]:
    """Return ``split`` (``{case: part}``) with all other ``cases`` added as test cases.

    Raises UserError if a case of ``split`` is not among ``cases``.
    """
    missing = [case for case in split if case not in cases]
    if missing:
        raise UserError(
            f"{len(missing)} cases of the split are missing, such as {quoted(missing[0])}; get all of them first"
        )
    return {**dict.fromkeys(cases, "test"), **split}


def write_split(split: Mapping[str, str], path: str | os.PathLike[str]) -> None:
    """Write ``{case: part}`` as a CSV file ``case,split`` with the cases in natural order."""
    with whole_file(path) as partial, open(partial, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["case", "split"])
        writer.writerows((as_cell(case), split[case]) for case in sorted(split, key=natural))


def _shuffled(cases: Iterable[str], seed: int) -> list[str]:
    ordered = sorted(cases, key=natural)
    return [ordered[place] for place in np.random.default_rng(seed).permutation(len(ordered))]
