"""Splits drawn by a seed, never by file order, and written down case by case."""

import csv

import numpy as np

from weakseg3d.datasets.file_search import natural
from weakseg3d.errors import UserError
from weakseg3d.files import whole_file


def draw_split(cases, validation, test, seed):
    """Return ``{case: part}``: ``test`` cases to test, ``validation`` to validate, the others to train.

    The draw depends on the set of cases and the seed alone, not on their order. Raises UserError when no case is
    left to train.
    """
    shuffled = _shuffled(cases, seed)
    if validation + test >= len(shuffled):
        raise UserError(
            f"{validation} + {test} cases to validate and test leave none of {len(shuffled)} to train; take fewer"
        )
    parts = ["test"] * test + ["validation"] * validation
    parts += ["train"] * (len(shuffled) - len(parts))
    return dict(zip(shuffled, parts, strict=True))


def draw_folds(cases, folds, seed):
    """Return one split per fold; each case is a test case in exactly one of them, and folds differ by one case at most.

    Raises UserError for fewer than two folds, and for more folds than cases.
    """
    shuffled = _shuffled(cases, seed)
    if not 2 <= folds <= len(shuffled):
        raise UserError(f"{folds} folds of {len(shuffled)} cases: take a number from 2 to {len(shuffled)}")
    return [
        {case: "test" if place % folds == fold else "train" for place, case in enumerate(shuffled)}
        for fold in range(folds)
    ]


def completed(split, cases):
    """Return ``split`` (``{case: part}``) with the other ``cases`` as test cases.

    Raises UserError when a case of ``split`` is not among ``cases``.
    """
    lost = [case for case in split if case not in cases]
    if lost:
        raise UserError(
            f"the split names {len(lost)} cases that are not there, such as '{lost[0]}'; get all of them first"
        )
    return {**dict.fromkeys(cases, "test"), **split}


def write_split(split, path):
    """Write ``{case: part}`` as a CSV file ``case,split``, cases in natural order."""
    with whole_file(path) as partial, open(partial, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["case", "split"])
        writer.writerows((case, split[case]) for case in sorted(split, key=natural))


def _shuffled(cases, seed):
    ordered = sorted(cases, key=natural)
    return [ordered[place] for place in np.random.default_rng(seed).permutation(len(ordered))]
