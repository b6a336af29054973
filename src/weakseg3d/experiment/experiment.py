"""An experiment: what a config asks for, with every name resolved, checked, and turned into path parts.

The workflow reads this module and nothing else of the package, so it needs no numerical library.
"""

from dataclasses import dataclass
from itertools import product
from pathlib import Path

from weakseg3d.datasets.description import load_dataset, read_split
from weakseg3d.errors import UserError
from weakseg3d.experiment.recipes import check_patch, checked_method, load_method, merged, recipe_parts
from weakseg3d.experiment.variants import variant_name, variant_parts
from weakseg3d.schemas import choose, relative_to_project, validated


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
    """What a config asks for: datasets and methods by name, seeds, spacing in mm.

    ``methods`` also holds those that are only a first stage of others; ``shown`` names the ones of the tables.
    """

    name: str
    datasets: dict
    methods: dict
    shown: list
    seeds: list
    annotation_seed: int
    spacing: float
    threads: int
    accelerator: str
    container: str | None
    batch: str
    uncertainty: bool
    evaluate_on: str
    largest_component: bool
    report: dict

    def cells(self):
        """Return one dict per dataset, organ, method and seed, in config order; a control has the first seed only."""
        return [
            {"dataset": dataset, "organ": organ, "annotation": self.annotation(method), "method": method, "seed": seed}
            for dataset, entry in self.datasets.items()
            for organ, method in product(entry.organs, self.shown)
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

    def students(self, method):
        """Return the two methods whose models a distillation starts from; none for any other method."""
        return _students(method, self.methods[method])

    def validation_part(self, dataset, method):
        """Return the part whose cases select a method's model: none, those marked so, or all training cases."""
        if self.methods[method].get("selection", "last") == "last":
            return None
        return "validation" if self.datasets[dataset].cases("validation") else "train"

    def validation_cases(self, dataset, method):
        """Return the cases that select a method's model."""
        part = self.validation_part(dataset, method)
        return self.datasets[dataset].cases(part) if part else []

    def batches(self, dataset, part):
        """Return what one job each is made for: the cases of ``part`` (train, validation or test), or their batch.

        A batch is named ``@`` and its part; there is none of a part without cases, nor of no part.
        """
        cases = self.datasets[dataset].cases(part) if part else []
        return cases if self.batch == "case" else [f"@{part}"] * bool(cases)

    def cases_of(self, dataset, batch):
        """Return the cases of one of the `batches`: those of its part, or the one case that it is."""
        return [batch] if self.batch == "case" else self.datasets[dataset].cases(batch[1:])

    def annotations(self):
        """Return ``{path part: (kind, parameters)}`` of all annotations in use."""
        return {self.annotation(name): one(method["annotation"]) for name, method in self.methods.items()}

    def pseudo_labels(self):
        """Return ``{path part: (kind, parameters)}`` of all pseudo labels in use."""
        with_one = {name: method for name, method in self.methods.items() if "pseudo_label" in method}
        return {self.pseudo_label(name): one(method["pseudo_label"]) for name, method in with_one.items()}

    def recipe(self, dataset, method, seed):
        """Return the training recipe of a method on a dataset, as `recipes.checked_recipe` reads it."""
        return {
            "method": method,
            "seed": seed,
            "threads": self.threads,
            "spacing": self.spacing,
            "intensity": self.datasets[dataset].intensity,
            **recipe_parts(self.methods[method]),
        }


def load_experiment(config):
    """Return the `Experiment` a config asks for.

    Raises UserError for unknown keys, datasets, organs or methods, and for what is wrong in their files.
    """
    config = validated(_with_text_levels(config), "config", "the config")
    datasets = {name: _dataset(name, organs, config) for name, organs in config["datasets"].items()}
    study = config.get("study", {"methods": [], "factors": {}, "per_method": {}})
    methods = {name: load_method(name, config["overrides"].get(name)) for name in config["methods"]}
    methods |= _variants(study, config["overrides"])
    shown = list(methods)
    for name in shown:
        methods |= _first_stages(name, methods, config["overrides"])
    _check_validation_cases(methods, datasets)
    for name in config["overrides"]:
        choose(name, list(dict.fromkeys(variant_parts(method)[0] for method in methods)), "method in 'overrides'")
    for key in ("raw", "splits", "intensity"):
        for name in config[key]:
            choose(name, list(config["datasets"]), f"dataset in '{key}'")
    return Experiment(
        name=config["experiment"],
        datasets=datasets,
        methods=methods,
        shown=shown,
        seeds=config["seeds"],
        annotation_seed=config["annotation_seed"],
        spacing=config["spacing"],
        threads=config["threads"],
        accelerator=config["accelerator"],
        container=config.get("container"),
        batch=config["batch"],
        uncertainty=config["uncertainty"],
        evaluate_on=config["evaluate_on"],
        largest_component=config["largest_component"],
        report=config["report"],
    )


def check_container(container, needed):
    """Raise UserError where jobs shall run in a container and the config names none, or a file that is not there."""
    if needed and container is None:
        raise UserError("--use-apptainer needs an image: name one in the config (container: weakseg3d.sif)")
    if needed and "://" not in container and not Path(container).exists():
        raise UserError(
            f"{container}: no such image; build it from the Dockerfile or correct 'container' in the config"
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
    study = config.get("study")
    if not isinstance(study, dict):
        return config
    per_method = study.get("per_method", {})
    if isinstance(per_method, dict):
        per_method = {method: _text_levels(factors) for method, factors in per_method.items()}
    levels = {"factors": _text_levels(study["factors"])} if "factors" in study else {}
    return {**config, "study": {**study, **levels, "per_method": per_method}}


def _text_levels(factors):
    if not isinstance(factors, dict):
        return factors
    return {
        factor: {str(level): changes for level, changes in levels.items()} if isinstance(levels, dict) else levels
        for factor, levels in factors.items()
    }


def _variants(study, overrides):
    """Return ``{name: method}`` of the methods of a study, crossed with the levels of its factors."""
    _check_per_method(study)
    methods = {}
    for method in study["methods"]:
        own = study["per_method"].get(method, {})
        for levels in product(*study["factors"].values()):
            levels = dict(zip(study["factors"], levels, strict=True))
            changes = overrides.get(method, {})
            for factor, level in levels.items():
                changes = merged(changes, study["factors"][factor][level])
                changes = merged(changes, own.get(factor, {}).get(level, {}))
            name = variant_name(method, levels)
            methods[name] = load_method(method, changes)
    return methods


def _check_per_method(study):
    for method, factors in study["per_method"].items():
        choose(method, study["methods"], "method in 'study.per_method'")
        for factor, levels in factors.items():
            choose(factor, list(study["factors"]), f"factor in 'study.per_method.{method}'")
            for level in levels:
                choose(level, list(study["factors"][factor]), f"level in 'study.per_method.{method}.{factor}'")


def _students(name, method):
    """Return the names of the methods that the method ``name`` starts from; those of a variant are variants too."""
    levels = variant_parts(name)[1]
    return [variant_name(student, levels) for student in method.get("distillation", {"students": []})["students"]]


def _first_stages(name, methods, overrides):
    """Return ``{name: method}`` of the methods that the method ``name`` starts from.

    They learn from its annotation, pseudo label and images. Raises UserError for one that cannot be started from, and
    for one that ``methods`` holds already and that learns from something else.
    """
    method, stages = methods[name], {}
    for base, student in zip(
        method.get("distillation", {"students": []})["students"], _students(name, method), strict=True
    ):
        stage = load_method(base, overrides.get(base))
        if "network" not in stage:
            raise UserError(f"method '{name}' starts from '{base}', which has no network; name another one")
        learnt = {key: method[key] for key in ("supervision", "annotation", "pseudo_label", "images", "normalisation")}
        stage = checked_method(stage | learnt, f"method '{base}' as the first stage of '{name}'")
        if student in methods and methods[student] != stage:
            raise UserError(
                f"method '{name}' starts from '{student}', which learns from something else; give both the same"
                f" {', '.join(learnt)} under 'overrides'"
            )
        check_patch(method["training"]["patch_size"], stage["network"], f"method '{name}' with a network of '{base}'")
        stages[student] = stage
    return stages


def _check_validation_cases(methods, datasets):
    for name, method in methods.items():
        for dataset in datasets.values():
            if method.get("selection") == "dense_validation" and not dataset.cases("validation"):
                raise UserError(
                    f"{dataset.split_path}: method '{name}' has 'selection: dense_validation', but no case is marked"
                    " 'validation'; mark some"
                )


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
            f"dataset '{name}' has no split; draw one with 'dataset split' and name it in the config under 'splits'"
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
