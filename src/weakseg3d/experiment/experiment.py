"""An experiment: what a config asks for, with every name resolved and checked.

Nothing here needs a numerical library, so that the workflow plans without one.
"""

import json
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from weakseg3d.annotations import ANNOTATIONS, resembled
from weakseg3d.experiment.annotation_seeds import seed_of, with_seed
from weakseg3d.experiment.choices import choice_part, named_program
from weakseg3d.experiment.external_facts import facts_of, gets_annotations, label_facts
from weakseg3d.experiment.label_kinds import EXTERNAL
from weakseg3d.experiment.mixture import REST, divided, mixture_part, shares_of
from weakseg3d.experiment.paths import path_part
from weakseg3d.experiment.payment_times import NEVER, ONCE, PER_SCAN
from weakseg3d.experiment.people import (
    PREFIX,
    SIMULATED,
    People,
    chosen_people,
    is_peoples,
    kind_of_part,
    people_of_part,
)
from weakseg3d.experiment.presets import preset_chain
from weakseg3d.experiment.recipes import recipe_of, scaling_of
from weakseg3d.experiment.trials import Selection
from weakseg3d.experiment.variants import variant_name, variant_parts
from weakseg3d.named_files import takes_precedence, taking_precedence
from weakseg3d.perturbations import PERTURBATIONS
from weakseg3d.pseudo_labels import PSEUDO_LABELS


class Cell(NamedTuple):
    """One cell of the grid: a method, with its annotation and one seed, on one organ of one dataset.

    Functions that take a cell read only the attributes they need, so Snakemake's wildcards do in its place.
    """

    dataset: str
    organ: str
    annotation: str
    method: str
    seed: int


class Evaluation(NamedTuple):
    """A `Cell` on one test case (or on the batch of all of them)."""

    dataset: str
    organ: str
    annotation: str
    method: str
    seed: int
    case: str


@dataclass(frozen=True)
class Dataset:
    """A dataset in an experiment.

    ``description`` is its YAML, ``organs`` those that the config names, ``split`` maps each case to its part,
    ``split_path`` is the file that says so, ``raw`` where the raw data lie (empty to fetch or to make them), and
    ``intensity`` how images are scaled: ``{"window": [low, high]}`` or ``{"percentiles": [low, high]}``. ``people`` has
    the organs whose annotations people made, ``unlabelled`` the cases without a label, as far as the raw data are here.
    """

    description: dict[str, Any]
    organs: list[str]
    split: dict[str, str]
    split_path: Path
    raw: str
    intensity: dict[str, list[float]]
    people: dict[str, tuple[People, ...]] = field(default_factory=dict)
    unlabelled: frozenset[str] = frozenset()

    def people_of_part(self, organ: str, part: str) -> People:
        """Return whose files the annotation of a path part are, one that people made."""
        people = people_of_part(self.people[organ], part)
        assert people is not None, f"nobody made {part}"
        return people

    def cases(self, part: str | None = None) -> list[str]:
        """Return the case ids of ``part`` of the split, or all of them."""
        return [case for case, split in self.split.items() if part in (None, split)]

    def label_ids(self, organ: str) -> list[int]:
        """Return the label ids that make up ``organ``."""
        return self.description["organs"][organ]

    def format(self) -> list[Any]:
        """Return the format of the raw files and its options: what their import depends on beside the files."""
        return [self.description["format"], self.description.get("options")]


@dataclass(frozen=True)
class Experiment:
    """What a config asks for: datasets and methods by name, seeds, spacing in mm.

    Every one of ``annotation_seeds`` is a simulated annotator. ``methods`` also holds those that are only a first stage
    of others, and the trials of a ``selection``; ``shown`` names the ones of the tables.
    """

    name: str
    datasets: dict[str, Dataset]
    methods: dict[str, dict[str, Any]]
    shown: list[str]
    seeds: list[int]
    annotation_seeds: list[int]
    spacing: float
    preset: str | None
    threads: int
    accelerator: str
    container: str | None
    batch: str
    uncertainty: bool
    evaluate_on: str
    largest_component: bool
    report: dict[str, Any]
    raw_folder: str
    offline: bool
    release: dict[str, Any] | None
    selection: Selection | None = None
    _shares: dict[tuple[str, ...], dict[str, str | None]] = field(default_factory=dict, compare=False, repr=False)

    def cells(self) -> list[Cell]:
        """Return one cell per dataset, organ, method, annotation and seed, in config order."""
        return [
            Cell(dataset, organ, annotation, method, seed)
            for dataset, entry in self.datasets.items()
            for organ, method in product(entry.organs, self.shown)
            for annotation in self.annotations_of(method, dataset, organ)
            for seed in self.seeds_of(method)
        ]

    @property
    def annotation_seed(self) -> int:
        """The first of the annotation seeds, which is shown where there is room for one only."""
        return self.annotation_seeds[0]

    def annotations_of(self, method: str, dataset: str, organ: str) -> list[str]:
        """Return the path parts of a method's annotations of an organ: one for each seed if they are simulated.

        Masks that were made elsewhere are what they are, so they have the first one only.
        """
        seeds = self.annotation_seeds[:1] if "predictions" in self.methods[method] else self.annotation_seeds
        return list(dict.fromkeys(self.annotation(method, dataset, organ, seed) for seed in seeds))

    def seeds_of(self, method: str) -> list[int]:
        """Return the seeds of a method: the first one if nothing is trained, unless given masks differ by seed."""
        single = not self.is_trained(method) and "{seed}" not in self.methods[method].get("predictions", "")
        return self.seeds[:1] if single else self.seeds

    def is_control(self, method: str) -> bool:
        """Return whether ``method`` is a control, which is not trained."""
        return "control" in self.methods[method]

    def is_trained(self, method: str) -> bool:
        """Return whether ``method`` is trained here, by this package or by a program of somebody else's."""
        content = self.methods[method]
        return "control" not in content and "predictions" not in content and "train" in content.get("external", "train")

    def paid(self, method: str) -> str:
        """Return when the annotator's effort for ``method`` is paid, one of `payment_times.PAID`.

        A program that nobody trains, and that gets no annotation, is ``never`` paid for. It is empty for the controls
        that end the scale, and where nobody says what was paid.
        """
        if self.annotates_test(method):
            return PER_SCAN
        if self.is_trained(method):
            return ONCE
        return NEVER if self.is_external(method) else ""

    def annotates_test(self, method: str) -> bool:
        """Return whether ``method`` shows or is given annotations of the very scans that it segments."""
        content = self.methods[method]
        return content.get("control") == "pseudo_label" or gets_annotations(content)

    def is_external(self, method: str) -> bool:
        """Return whether a program of somebody else's predicts, and maybe trains."""
        return "external" in self.methods[method]

    def segments_new_scans(self, method: str) -> bool:
        """Return whether the models of ``method`` segment new scans: any of ours but variants of a study."""
        return self.is_trained(method) and not self.is_external(method) and not self.is_variant(method)

    def has_uncertainty(self, method: str) -> bool:
        """Return whether maps of uncertainty lie beside the predictions of ``method``."""
        if self.is_external(method):
            return self.uncertainty and self.methods[method]["external"]["probabilities"]
        return self.uncertainty and self.is_trained(method)

    def externals(self, uncertain: bool | None = None) -> list[str]:
        """Return the methods of programs of somebody else's; ``uncertain`` asks for those with or without maps."""
        names = [name for name in self.methods if self.is_external(name)]
        return [name for name in names if uncertain in (None, self.has_uncertainty(name))]

    def program_of(self, cell: Any) -> dict[str, Any]:
        """Return what is said of the program of somebody else's that runs for a cell; nothing where there is none.

        It is that of the cell's pseudo label or, where it has none, of its method.
        """
        label = getattr(cell, "pseudo_label", None)
        return self.external_labels()[label] if label else self.methods[cell.method].get("external", {})

    def programs(self) -> list[dict[str, Any]]:
        """Return what the methods say of each program of somebody else's, under their keys ``external``."""
        return [*(self.methods[name]["external"] for name in self.externals()), *self.external_labels().values()]

    def given(self) -> list[str]:
        """Return the methods whose masks were made elsewhere."""
        return [name for name, method in self.methods.items() if "predictions" in method]

    def given_mask(self, cell: Any, case: str) -> str:
        """Return the path of a mask that was made elsewhere."""
        pattern = self.methods[cell.method]["predictions"]
        return pattern.format(case=case, dataset=cell.dataset, organ=cell.organ, seed=cell.seed)

    def controls(self) -> list[str]:
        """Return the names of the controls."""
        return [name for name in self.methods if self.is_control(name)]

    def is_variant(self, method: str) -> bool:
        """Return whether ``method`` is a variant of a study."""
        return bool(variant_parts(method)[1])

    def distilled(self) -> list[str]:
        """Return the names of the methods that start from the models of two others."""
        return [name for name in self.methods if self.students(name)]

    def annotation(self, method: str, dataset: str, organ: str, seed: int | None = None) -> str:
        """Return the path part of a method's annotation of an organ; ``seed`` simulates it, if not the first one.

        It is the kind and every parameter of a simulated one, the kind alone of one that people made, ``dense`` or, for
        mixed supervision, the shares of the cases.
        """
        content = self.methods[method]
        if "mixed" not in content:
            return self.annotation_part(content, dataset, organ, seed)
        parts = [self.annotation_part(share, dataset, organ) for share in shares_of(content).values()]
        mixture = mixture_part(content, parts)
        by_people = any(is_peoples(part) for part in parts)
        return f"{PREFIX}_{mixture}" if by_people else with_seed(mixture, self._simulated_with(seed))

    def _simulated_with(self, seed: int | None) -> int:
        return self.annotation_seed if seed is None else seed

    def annotation_part(self, share: dict[str, Any], dataset: str, organ: str, seed: int | None = None) -> str:
        """Return the same for a method of one kind of supervision, or for a share of a mixed one (`shares_of`)."""
        chosen = share["annotation"]
        if share["supervision"] == "dense":
            return "dense"
        if "none" in chosen:
            return "none"
        kind = resembled(ANNOTATIONS.choice(chosen).entry)
        if people := chosen_people(self.datasets[dataset].people.get(organ, ()), kind, share["annotated_by"]):
            return people.part(kind)
        if organ in self.datasets[dataset].people and share["annotated_by"] != SIMULATED:
            return f"{PREFIX}_{kind}"  # Nobody gave this kind, so no case has this share.
        return choice_part(ANNOTATIONS, chosen, seed=self._simulated_with(seed))

    def has(self, dataset: str, organ: str, part: str, case: str) -> bool:
        """Return whether a case has the annotation of a path part, or the label to simulate it from."""
        entry = self.datasets[dataset]
        if not is_peoples(part):
            return case not in entry.unlabelled
        people = people_of_part(entry.people[organ], part)
        return people is not None and people.missing_file(case) is None

    def shares(self, method: str, dataset: str, organ: str, part: str = "train") -> dict[str, str | None]:
        """Return ``{case: share}`` for the cases of ``part`` (`shares_of`); a case without an annotation is given None.

        Cases that select the model have the method's own annotation, as far as there is one.
        """
        content, key = self.methods[method], (method, dataset, organ, part)
        if key not in self._shares:
            parts = {name: self.annotation_part(share, dataset, organ) for name, share in shares_of(content).items()}

            def has(share: str, case: str) -> bool:
                return self.has(dataset, organ, parts[share], case)

            found = divided(content, self.datasets[dataset].cases(part), has)
            if part != "train":
                found = {case: REST if has(REST, case) else share for case, share in found.items()}
            self._shares[key] = found
        return self._shares[key]

    def annotations(self) -> dict[str, dict[str, Any]]:
        """Return ``{path part: choice}`` of all weak annotations in use; those of people have no parameters."""
        return self._annotations

    @cached_property
    def _annotations(self) -> dict[str, dict[str, Any]]:
        found = {}
        for share in self._all_shares():
            for dataset, entry in self.datasets.items():
                for organ, seed in product(entry.organs, self.annotation_seeds):
                    part = self.annotation_part(share, dataset, organ, seed)
                    found[part] = {kind_of_part(part): {}} if is_peoples(part) else share["annotation"]
        return {part: choice for part, choice in found.items() if part not in ("none", "dense")}

    def _all_shares(self) -> list[dict[str, Any]]:
        of_validation = [dict(self.selection.share)] if self.selection else []
        return [share for method in self.methods.values() for share in shares_of(method).values()] + of_validation

    def mixtures(self) -> dict[str, str]:
        """Return ``{path part: method}`` of the annotations of methods of mixed supervision."""
        return self._mixtures

    @cached_property
    def _mixtures(self) -> dict[str, str]:
        return {
            part: name
            for name, method in self.methods.items()
            if "mixed" in method
            for dataset, entry in self.datasets.items()
            for organ in entry.organs
            for part in self.annotations_of(name, dataset, organ)
        }

    def peoples_annotations(self) -> list[str]:
        """Return the path parts of the annotations that people made."""
        return [part for part in self.annotations() if is_peoples(part)]

    def pseudo_labels(self) -> dict[str, dict[str, Any]]:
        """Return ``{path part: choice}`` of all pseudo labels in use."""
        used = [share["pseudo_label"] for share in self._all_shares() if "pseudo_label" in share]
        return {pseudo_label_part(choice): choice for choice in used}

    def external_labels(self) -> dict[str, dict[str, Any]]:
        """Return ``{path part: program}`` of the pseudo labels that programs of somebody else's make."""
        return {part: choice[EXTERNAL] for part, choice in self.pseudo_labels().items() if EXTERNAL in choice}

    def image(self, method: str, part: str) -> str:
        """Return the file name, without suffix, of the images that a method sees in ``part`` (train or test)."""
        perturbation = self.methods[method]["images"].get(part)
        return f"image_{self._perturbation_part(perturbation)}" if perturbation else "image"

    def perturbations(self) -> dict[str, dict[str, Any]]:
        """Return ``{path part: choice}`` of all perturbations of images in use."""
        used = [perturbation for method in self.methods.values() for perturbation in method["images"].values()]
        return {self._perturbation_part(perturbation): perturbation for perturbation in used}

    def _perturbation_part(self, perturbation: dict[str, Any]) -> str:
        return choice_part(PERTURBATIONS, perturbation, seed=self.annotation_seed)

    def model_of(self, method: str) -> str:
        """Return the method whose model ``method`` predicts with: itself, or a variant that is trained alike.

        A variant that is selected among trials has the model of one of them in a folder of its own.
        """
        if self.trials(method):
            return method
        trained = (name for name in self.methods if not self.trials(name))
        return next(name for name in trained if self._training(name) == self._training(method))

    def trained_for(self, method: str) -> list[str]:
        """Return the methods whose trainings ``method`` needs: the one it predicts with, and those it starts from.

        Of a variant that is selected among trials, these are the trainings of all trials.
        """
        if trials := self.trials(method):
            return list(dict.fromkeys(name for trial in trials for name in self.trained_for(trial)))
        return [self.model_of(name) for name in (method, *self.students(method))]

    def trials(self, method: str) -> tuple[str, ...]:
        """Return the trials among which the validation cases choose the model of ``method``; none for most methods."""
        return self.selection.trials.get(method, ()) if self.selection else ()

    def selected(self) -> list[str]:
        """Return the variants whose models are chosen among trials."""
        return list(self.selection.trials) if self.selection else []

    def _training(self, method: str) -> tuple[str, dict[str, Any]]:
        """Return everything that a method's training depends on."""
        parts = self.methods[method]
        images = {part: perturbation for part, perturbation in parts["images"].items() if part != "test"}
        return variant_parts(method)[0], parts | {"images": images}

    def students(self, method: str) -> list[str]:
        """Return the two methods whose models a distillation starts from; none for any other method.

        Of a variant that is selected among trials, it is the trials that start from others.
        """
        return [] if self.trials(method) else students(method, self.methods[method])

    def validation_part(self, dataset: str, method: str) -> str | None:
        """Return the part whose cases select a method's model: none, those marked so, or all training cases."""
        if self.methods[method].get("selection", "last") == "last":
            return None
        return "validation" if self.datasets[dataset].cases("validation") else "train"

    def weakly_labelled_parts(self, dataset: str, method: str) -> list[str]:
        """Return the parts whose cases need the weak labels of a method: to train it and, if they do, to select it."""
        selected = self.methods[method].get("selection") == "weak_labels"
        apart = self.validation_part(dataset, method) == "validation"
        return ["train", *["validation"] * (selected and apart)]

    def validation_cases(self, dataset: str, method: str) -> list[str]:
        """Return the cases that select a method's model."""
        part = self.validation_part(dataset, method)
        return self.datasets[dataset].cases(part) if part else []

    def batches(self, dataset: str, part: str | None) -> list[str]:
        """Return the batches of cases that make up ``part`` of the split: one job each.

        With ``batch: case`` a batch is one case and bears its name; otherwise it is the whole part and is named ``@``
        and the part. A part without cases has no batch, nor has None.
        """
        cases = self.datasets[dataset].cases(part) if part else []
        return cases if self.batch == "case" else [f"@{part}"] * bool(cases)

    def cases_of(self, dataset: str, batch: str) -> list[str]:
        """Return the cases of one of the `batches`."""
        return [batch] if self.batch == "case" else self.datasets[dataset].cases(batch[1:])

    def own_files(self) -> list[Path]:
        """Return the methods, datasets, splits and presets of the current folder that replace the repository's."""
        methods = dict.fromkeys(variant_parts(method)[0] for method in self.methods)
        splits = [entry.split_path for entry in self.datasets.values() if takes_precedence(entry.split_path)]
        datasets = taking_precedence("datasets", list(self.datasets))
        presets = taking_precedence("presets", preset_chain(self.preset) if self.preset else [])
        return [*datasets, *taking_precedence("methods", list(methods)), *splits, *presets]

    def devices(self, method: str) -> int:
        """Return on how many devices, each with a process of its own, a method trains one model."""
        return self.methods[method]["training"]["devices"]

    def intensity(self, dataset: str, clipping: bool) -> dict[str, list[float]]:
        """Return how the images of a dataset are scaled; without ``clipping``, from their lowest to highest value."""
        return scaling_of(self.datasets[dataset].intensity, clipping)

    def recipe_text(self, cell: Any) -> str:
        """Return the training recipe of a cell as JSON; for a program of somebody else's, the facts it is told."""
        if self.is_external(cell.method):
            return json.dumps(self.facts(cell), indent=2)
        return json.dumps(self.recipe(cell.dataset, cell.method, int(cell.seed)), indent=2)

    def facts(self, cell: Any) -> dict[str, Any]:
        """Return what a method's program of somebody else's is told about a cell."""
        scans = self._scan_facts(cell, int(cell.seed))
        return facts_of(self.methods[cell.method], method=cell.method, **scans)

    def label_recipe_text(self, cell: Any) -> str:
        """Return what a program that makes pseudo labels is told about those of a cell, as JSON.

        Its seed is that of the annotator, as training seeds share the labels.
        """
        seed = self._simulated_with(seed_of(cell.annotation))
        annotation = self.annotations()[cell.annotation]
        return json.dumps(label_facts(self.program_of(cell), annotation, **self._scan_facts(cell, seed)), indent=2)

    def _scan_facts(self, cell: Any, seed: int) -> dict[str, Any]:
        """Return the facts about the dataset and the organ of a cell."""
        dataset = self.datasets[cell.dataset]
        return {
            "dataset": cell.dataset,
            "modality": dataset.description["modality"],
            "organ": cell.organ,
            "seed": seed,
            "threads": self.threads,
            "spacing": self.spacing,
            "intensity": dataset.intensity,
        }

    def recipe(self, dataset: str, method: str, seed: int) -> dict[str, Any]:
        """Return the training recipe of a method on a dataset, as `recipes.checked_recipe` reads it."""
        return recipe_of(
            method,
            self.methods[method],
            seed=seed,
            threads=self.threads,
            spacing=self.spacing,
            intensity=self.datasets[dataset].intensity,
        )


def pseudo_label_part(choice: dict[str, Any]) -> str:
    """Return the path part of a pseudo label."""
    if EXTERNAL not in choice:
        return choice_part(PSEUDO_LABELS, choice)
    ((name, parameters),) = named_program(choice[EXTERNAL]).items()
    return path_part(name, parameters)


def students(name: str, method: dict[str, Any]) -> list[str]:
    """Return the names of the methods that the method ``name`` starts from; those of a variant are variants too."""
    levels = variant_parts(name)[1]
    return [variant_name(student, levels) for student in method.get("distillation", {"students": []})["students"]]
