"""Who can be compared with whom: methods that differ in nothing but who annotated, in pairs."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from weakseg3d.experiment import paths
from weakseg3d.experiment.experiment import Cell, Evaluation, Experiment, pseudo_label_part
from weakseg3d.experiment.people import is_peoples, people_of_part
from weakseg3d.experiment.stage_files import StageFiles
from weakseg3d.experiment.variants import variant_name, variant_parts

LABELS, PREDICTIONS = "labels", "predictions"
"""What is compared: pseudo labels of training cases, and predictions of test cases."""

WITHOUT = ("annotated_by", "description", "citation")
"""Keys in which the methods of a pair may differ."""


@dataclass(frozen=True)
class Pair:
    """Two annotators, by ``names``, and the cells of an organ that learn from them; ``what`` of them is compared."""

    what: str
    names: tuple[str, str]
    cells: tuple[Cell, Cell]

    def name(self) -> str:
        """Return the pair's part of a path."""
        first, second = self.names
        seed = f"_seed-{self.cells[0].seed}" if self.what == PREDICTIONS else ""
        return f"{self.what}_{self.of()}_{first}_{second}{seed}"

    def of(self) -> str:
        """Return the name of the methods, without the levels that tell the two apart."""
        (method, levels), (_, others) = (variant_parts(cell.method) for cell in self.cells)
        return variant_name(method, {factor: level for factor, level in levels.items() if others.get(factor) == level})


def pairs(experiment: Experiment) -> dict[tuple[str, str, str], Pair]:
    """Return ``{(dataset, organ, name): pair}`` for all organs that people annotated; empty if nobody can be compared.

    Labels are compared once, for the first seed.
    """
    found = {}
    for first, second in combinations(_comparable(experiment), 2):
        same_place = (first.dataset, first.organ, first.seed) == (second.dataset, second.organ, second.seed)
        if not same_place or first.annotation == second.annotation or not _alike(experiment, first, second):
            continue
        names = (_annotator(experiment, first), _annotator(experiment, second))
        for what in [PREDICTIONS] + [LABELS] * (first.seed == experiment.seeds[0]):
            pair = Pair(what, names, (first, second))
            found[first.dataset, first.organ, pair.name()] = pair
    return found


def _comparable(experiment: Experiment) -> list[Cell]:
    """Return the cells of trained methods with a pseudo label, on organs that people annotated.

    Of several simulated annotators only the first is compared with people.
    """
    return [
        cell
        for cell in experiment.cells()
        if cell.organ in experiment.datasets[cell.dataset].people
        and experiment.is_trained(cell.method)
        and "pseudo_label" in experiment.methods[cell.method]
        and "mixed" not in experiment.methods[cell.method]
        and cell.annotation == experiment.annotation(cell.method, cell.dataset, cell.organ)
    ]


def _alike(experiment: Experiment, first: Cell, second: Cell) -> bool:
    def rest(cell: Cell) -> dict[str, Any]:
        return {key: value for key, value in experiment.methods[cell.method].items() if key not in WITHOUT}

    return rest(first) == rest(second)


def _annotator(experiment: Experiment, cell: Cell) -> str:
    if not is_peoples(cell.annotation):
        return "simulated"
    people = people_of_part(experiment.datasets[cell.dataset].people[cell.organ], cell.annotation)
    return (people.annotator if people else "") or "people"


def agreement_tables(experiment: Experiment, found: Iterable[tuple[str, str, str]]) -> list[str]:
    """Return the tables of the agreement in all pairs ``found`` in an experiment."""
    return [
        paths.AGREEMENT.format(experiment=experiment.name, dataset=dataset, organ=organ, pair=name)
        for dataset, organ, name in found
    ]


def compared_files(files: StageFiles, pair: Pair) -> list[str]:
    """Return the files that a pair is compared by, as Snakemake's graph knows them."""
    part = "train" if pair.what == LABELS else "test"
    return [
        _path(files, pair, cell, batch) for cell in pair.cells for batch in files.experiment.batches(cell.dataset, part)
    ]


def compared_patterns(files: StageFiles, pair: Pair) -> tuple[str, str]:
    """Return the two patterns of the compared files, with ``{case}``."""
    first, second = (_path(files, pair, cell, "{case}", tracked=False) for cell in pair.cells)
    return first, second


def compared_cases(experiment: Experiment, pair: Pair) -> list[str]:
    """Return the cases in which a pair is compared."""
    return experiment.datasets[pair.cells[0].dataset].cases("train" if pair.what == LABELS else "test")


def _path(files: StageFiles, pair: Pair, cell: Cell, case: str, tracked: bool = True) -> str:
    evaluation = Evaluation(*cell, case)
    experiment = files.experiment
    label = pseudo_label_part(experiment.methods[cell.method]["pseudo_label"])
    pattern = paths.PSEUDO_LABEL if pair.what == LABELS else paths.PREDICTION
    filled = pattern.format(experiment=experiment.name, pseudo_label=label, **evaluation._asdict())
    return paths.tracked(filled, experiment.batch) if tracked else filled
