"""An experiment: what a config asks for, with every name resolved, checked, and turned into path parts.

The workflow reads this module and nothing else of the package, so it needs no numerical library.
"""

from dataclasses import dataclass
from itertools import product
from pathlib import Path

from weakseg3d.datasets.description import load_dataset, read_split
from weakseg3d.errors import UserError
from weakseg3d.recipes import FILLED_PARTS, load_method, merged
from weakseg3d.validation import choose, relative_to_project, validated
from weakseg3d.variants import variant_name, variant_parts


@dataclass(frozen=True)
class Dataset:
    """A dataset in an experiment: its YAML, organs, each case's split, where its raw data lie, intensity scaling."""

    description: dict
    organs: list
    split: dict
    split_path: Path
    raw: str
    intensity: dict

    def cases(self, part=None):
        """Return the case ids, of ``part`` (train or test) or all of them."""
        return [case for case, split in self.split.items() if part in (None, split)]

    def ids(self, organ):
        """Return the label ids that make up ``organ``."""
        return self.description["organs"][organ]


@dataclass(frozen=True)
class Experiment:
    """What a config asks for: datasets and methods by name, seeds, spacing in mm."""

    name: str
    datasets: dict
    methods: dict
    seeds: list
    annotation_seed: int
    spacing: float
    threads: int
    accelerator: str
    uncertainty: bool

    def cells(self):
        """Return one dict per dataset, organ, method and seed, in config order; a control has the first seed only."""
        return [
            {"dataset": dataset, "organ": organ, "annotation": self.annotation(method), "method": method, "seed": seed}
            for dataset, entry in self.datasets.items()
            for organ, method in product(entry.organs, self.methods)
            for seed in (self.seeds[:1] if "control" in self.methods[method] else self.seeds)
        ]

    def annotation(self, method):
        """Return the path part of a method's annotation: its kind and every parameter, or ``dense``."""
        if self.methods[method]["supervision"] == "dense":
            return "dense"
        kind, parameters = one(self.methods[method]["annotation"])
        return kind if kind == "none" else path_part(kind, parameters | {"seed": self.annotation_seed})

    def pseudo_label(self, method):
        """Return the path part of a method's pseudo label, or None for a method without one."""
        if "pseudo_label" not in self.methods[method]:
            return None
        return path_part(*one(self.methods[method]["pseudo_label"]))

    def image(self, method, part):
        """Return the file name, less its suffix, of the images a method sees in ``part`` (train or test)."""
        perturbation = self.methods[method]["images"].get(part)
        return f"image_{self._perturbation_part(perturbation)}" if perturbation else "image"

    def perturbations(self):
        """Return ``{path part: (kind, parameters)}`` of all perturbations of images in use."""
        used = [perturbation for method in self.methods.values() for perturbation in method["images"].values()]
        return {self._perturbation_part(perturbation): one(perturbation) for perturbation in used}

    def _perturbation_part(self, perturbation):
        kind, parameters = one(perturbation)
        return path_part(kind, parameters | {"seed": self.annotation_seed})

    def model_of(self, method):
        """Return the method whose model ``method`` predicts with: itself, or one of its base trained alike."""
        return next(name for name in self.methods if self._training(name) == self._training(method))

    def _training(self, method):
        """Return all that a method's training depends on."""
        parts = self.methods[method]
        images = {part: perturbation for part, perturbation in parts["images"].items() if part != "test"}
        return variant_parts(method)[0], parts | {"images": images}

    def annotations(self):
        """Return ``{path part: (kind, parameters)}`` of all annotations in use."""
        return {self.annotation(name): one(method["annotation"]) for name, method in self.methods.items()}

    def pseudo_labels(self):
        """Return ``{path part: (kind, parameters)}`` of all pseudo labels in use."""
        with_one = {name: method for name, method in self.methods.items() if "pseudo_label" in method}
        return {self.pseudo_label(name): one(method["pseudo_label"]) for name, method in with_one.items()}

    def recipe(self, dataset, method, seed):
        """Return the training recipe of a method on a dataset, as `weakseg3d.recipes.checked_recipe` reads it."""
        parts = {key: self.methods[method][key] for key in FILLED_PARTS}
        return {
            "method": method,
            "seed": seed,
            "threads": self.threads,
            "spacing": self.spacing,
            "intensity": self.datasets[dataset].intensity,
            **parts,
        }


def load_experiment(config):
    """Return the `Experiment` a config asks for.

    Raises UserError for unknown keys, datasets, organs or methods, and for what is wrong in their files.
    """
    config = validated(_with_text_levels(config), "config", "the config")
    datasets = {name: _dataset(name, organs, config) for name, organs in config["datasets"].items()}
    study = config.get("study", {"methods": [], "factors": {}})
    methods = {name: load_method(name, config["overrides"].get(name)) for name in config["methods"]}
    methods |= _variants(study, config["overrides"])
    for name in config["overrides"]:
        choose(name, [*config["methods"], *study["methods"]], "method in 'overrides'")
    for key in ("raw", "splits", "intensity"):
        for name in config[key]:
            choose(name, list(config["datasets"]), f"dataset in '{key}'")
    return Experiment(
        name=config["experiment"],
        datasets=datasets,
        methods=methods,
        seeds=config["seeds"],
        annotation_seed=config["annotation_seed"],
        spacing=config["spacing"],
        threads=config["threads"],
        accelerator=config["accelerator"],
        uncertainty=config["uncertainty"],
    )


def path_part(kind, parameters):
    """Return ``kind`` and its parameters as one readable path part."""
    return "_".join([kind, *(f"{key}-{value}" for key, value in parameters.items())])


def options(parameters):
    """Return parameters as command line options: ``{"number": 3}`` gives ``--number 3``."""
    return " ".join(f"--{key.replace('_', '-')} {value}" for key, value in parameters.items())


def one(choice):
    """Return the name and the parameters of a choice written ``{name: {parameter: value}}``."""
    ((name, parameters),) = choice.items()
    return name, parameters


def _with_text_levels(config):
    """Return the config with the levels of a study as text: YAML reads ``25:`` as a number."""
    factors = config.get("study", {}).get("factors") if isinstance(config.get("study", {}), dict) else None
    if not isinstance(factors, dict):
        return config
    text = {
        factor: {str(level): changes for level, changes in levels.items()} if isinstance(levels, dict) else levels
        for factor, levels in factors.items()
    }
    return {**config, "study": {**config["study"], "factors": text}}


def _variants(study, overrides):
    """Return ``{name: method}`` of the methods of a study, crossed with the levels of its factors."""
    methods = {}
    for method in study["methods"]:
        for levels in product(*(levels.items() for levels in study["factors"].values())):
            changes = overrides.get(method, {})
            for _, change in levels:
                changes = merged(changes, change)
            name = variant_name(method, dict(zip(study["factors"], (level for level, _ in levels), strict=True)))
            methods[name] = load_method(method, changes)
    return methods


def _dataset(name, organs, config):
    description = load_dataset(name)
    for organ in organs:
        choose(organ, list(description["organs"]), f"organ of dataset '{name}'")
    if name in config["splits"]:
        path = Path(config["splits"][name])
    elif description["split"]:
        path = relative_to_project(description["split"])
    else:
        raise UserError(
            f"dataset '{name}' has no split; write one (case,split) and name it in the config under 'splits'"
        )
    split = read_split(path)
    for part in ("train", "test"):
        if part not in split.values():
            raise UserError(f"{path}: no case is marked '{part}'; mark at least one")
    return Dataset(
        description,
        organs,
        split,
        path,
        config["raw"].get(name, ""),
        config["intensity"].get(name, description["intensity"]),
    )
