"""Who has what: which cases of a dataset have a label, and which have annotations that people made."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from weakseg3d.experiment.people import People, people_of

Coverage = tuple[list[tuple[str, ...]], list[str]]
"""A table with a header, one row per case, and problems in words."""


def coverage(
    dataset: Mapping[str, Any],
    labelled: Mapping[str, bool],
    published: Collection[str],
    split: Mapping[str, str] | None,
    raw: str,
) -> Coverage:
    """Return what the cases of a ``dataset`` have, and what they lack for their part of the ``split``.

    ``labelled`` says of every case whether it has a label, ``published`` are those with published scribbles, ``raw`` is
    the raw folder, from which the annotations are seen first. Raises UserError as `people_of` does.
    """
    people = people_of(dataset["annotations"], dataset, raw, f"dataset '{dataset['name']}'")
    table: list[tuple[str, ...]] = [("case", "part", "label", *(f"annotation of the {organ}" for organ in people))]
    problems = []
    for case, has_label in labelled.items():
        missing = {organ: _missing(each, case, published) for organ, each in people.items()}
        part = (split or {}).get(case, "")
        table.append((case, part or "none", _word(has_label), *(_word(not path) for path in missing.values())))
        if has_label or part in ("validation", "new"):
            continue
        if part == "test":
            problems.append(f"case {case}: is a test case and has no label; add it, or mark the case 'new'")
        elif not people:
            problems.append(f"case {case}: has no label; add it, or name people's annotations in the dataset's YAML")
        elif part == "train":
            problems += _lacking(case, dataset["organs"], missing)
    return table, problems


def _lacking(case: str, organs: Iterable[str], missing: Mapping[str, str | None]) -> Iterator[str]:
    """Yield what a training case without a label lacks."""
    for organ in organs:
        if organ not in missing:
            yield f"case {case}: is a training case and has neither a label nor an annotation of the {organ}"
        elif missing[organ]:
            yield f"case {case}: is a training case without a label, and {missing[organ]} does not exist"


def _missing(people: Sequence[People], case: str, published: Collection[str]) -> str | None:
    """Return what a case lacks of an organ's annotation, or None if it has one, by anybody and of any kind."""
    missing = [_missing_of(each, case, published) for each in people]
    return None if None in missing else missing[0]


def _missing_of(people: People, case: str, published: Collection[str]) -> str | None:
    if people.imported:
        return None if case in published else "its published scribble"
    return people.missing_file(case)


def _word(present: bool) -> str:
    return "yes" if present else "no"
