"""Which factor of a study is the annotator's effort, and which methods are full supervision, from names alone."""

import re
from collections.abc import Iterable

from weakseg3d.experiment.variants import variant_parts

NUMBER = re.compile(r"\d+(\.\d+)?")
"""A level has no sign; ``float`` alone would accept ``10_20`` as a number."""

ANNOTATED = re.compile(r"(?:^|_)number-([^_]+)")
"""The number of clicks or slices in the path part of an annotation."""


def is_numeric(levels: Iterable[str]) -> bool:
    """Return whether all ``levels``, which are text, are numbers."""
    return all(NUMBER.fullmatch(level) for level in levels)


def effort_factor(cells: Iterable[tuple[str, str]]) -> str | None:
    """Return the first factor whose levels are the ``number`` of the annotations, such as clicks; None without one.

    ``cells`` are pairs of a method's name and the path part of its annotation. The factor needs two levels, and every
    variant that has it must have been annotated with as many clicks or slices as its level says.
    """
    levels: dict[str, dict[str, bool]] = {}
    for method, annotation in cells:
        number = ANNOTATED.search(annotation)
        for factor, level in variant_parts(method)[1].items():
            agrees = number is not None and is_numeric([level, number[1]]) and float(level) == float(number[1])
            known = levels.setdefault(factor, {})
            known[level] = agrees and known.get(level, True)
    return next((name for name, known in levels.items() if len(known) > 1 and all(known.values())), None)


def dense_references(cells: Iterable[tuple[str, str]]) -> list[str]:
    """Return the methods with full supervision that are no variants, from pairs as `effort_factor` takes them."""
    return list(dict.fromkeys(name for name, part in cells if part == "dense" and not variant_parts(name)[1]))
