"""From a config to an `Experiment`: every name resolved, every file it names read and checked."""

import datetime
from pathlib import Path
from typing import Any

from weakseg3d.annotations import ANNOTATIONS
from weakseg3d.datasets.description import load_dataset, read_split
from weakseg3d.datasets.patients import divided_patient
from weakseg3d.errors import UserError
from weakseg3d.evaluation.metric_names import metric_names
from weakseg3d.experiment.annotation_seeds import seed_of
from weakseg3d.experiment.experiment import Dataset, Experiment, students
from weakseg3d.experiment.idle_keys import check_passes
from weakseg3d.experiment.people import SIMULATED, check_annotators, check_kind, people_of
from weakseg3d.experiment.presets import preset_changes
from weakseg3d.experiment.recipes import check_patch, checked_method, load_method, merged
from weakseg3d.experiment.study import NO_STUDY, study_trials, study_variants, with_text_levels
from weakseg3d.experiment.trials import check_validation_cases
from weakseg3d.experiment.variants import variant_parts
from weakseg3d.named_files import sought_file
from weakseg3d.release.about import check_day
from weakseg3d.schemas import choose, schema, validated


def load_experiment(config: dict[str, Any]) -> Experiment:
    """Return the `Experiment` that a config asks for.

    Raises UserError for unknown keys, datasets, organs or methods, and for mistakes in their files.
    """
    _check_one_kind_of_seeds(config)
    config = validated(_with_text_date(with_text_levels(config)), config_schema(), "the config")
    if "release" in config:
        check_day(config["release"]["date"], "'release.date' in the config")
    datasets = {name: _dataset(name, organs, config) for name, organs in config["datasets"].items()}
    changes = _changes(config)
    methods = {name: load_method(name, changes.get(name)) for name in config["methods"]}
    study = config.get("study", NO_STUDY)
    variants = study_variants(study, changes)
    methods |= variants
    shown = list(methods)
    selection, trials = study_trials(study, variants, changes)
    methods |= trials
    for name in list(methods):
        if selection is None or name not in selection.trials:
            methods |= _first_stages(name, methods, changes)
    _check_validation_cases(methods, datasets)
    if selection:
        check_validation_cases(datasets.items())
    _check_people(methods, datasets)
    _check_mixtures(methods, datasets)
    for name in config["overrides"]:
        choose(name, list(dict.fromkeys(variant_parts(method)[0] for method in methods)), "method in 'overrides'")
    for name in config["report"]["metrics"]:
        choose(name, metric_names(), "metric in 'report.metrics'")
    for key in ("raw", "splits", "intensity", "annotations"):
        for name in config[key]:
            choose(name, list(config["datasets"]), f"dataset in '{key}'")
    experiment = Experiment(
        name=config["experiment"],
        datasets=datasets,
        methods=methods,
        shown=shown,
        selection=selection,
        seeds=config["seeds"],
        annotation_seeds=config.get("annotation_seeds", [config["annotation_seed"]]),
        spacing=config["spacing"],
        preset=config.get("preset"),
        threads=config["threads"],
        accelerator=config["accelerator"],
        container=config.get("container"),
        batch=config["batch"],
        uncertainty=config["uncertainty"],
        evaluate_on=config["evaluate_on"],
        largest_component=config["largest_component"],
        report=config["report"],
        raw_folder=config["raw_folder"],
        offline=config["offline"],
        release=config.get("release"),
    )
    _check_annotators(experiment)
    return experiment


def _with_text_date(config: dict[str, Any]) -> dict[str, Any]:
    """Return the config with the day of a release as text: YAML reads ``2026-11-27`` as a date."""
    release = config.get("release")
    if not isinstance(release, dict) or not isinstance(release.get("date"), datetime.date):
        return config
    return {**config, "release": {**release, "date": release["date"].isoformat()}}


def _check_one_kind_of_seeds(config: dict[str, Any]) -> None:
    if "annotation_seed" in config and "annotation_seeds" in config:
        raise UserError("the config has both 'annotation_seed' and 'annotation_seeds'; keep one of them")


def _check_annotators(experiment: Experiment) -> None:
    """Raise UserError for several annotation seeds where nothing is simulated."""
    simulated = any(seed_of(cell.annotation) is not None for cell in experiment.cells())
    if len(experiment.annotation_seeds) > 1 and not simulated:
        raise UserError(
            "'annotation_seeds' in the config has no effect, as no method learns from simulated annotations; remove it"
        )


def config_schema() -> dict[str, Any]:
    """Return the schema of configs; what it says of annotations that people made is that of a dataset."""
    rules = schema("config")
    return rules | {"$defs": rules["$defs"] | schema("dataset")["$defs"]}


def _changes(config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return ``{method: changes}`` that a config makes to the methods' files: its preset, and over it its overrides."""
    overrides: dict[str, dict[str, Any]] = config["overrides"]
    if "preset" not in config:
        return overrides
    methods = [*config["methods"], *config.get("study", NO_STUDY)["methods"]]
    changes = preset_changes(config["preset"], methods)
    return changes | {name: merged(changes.get(name, {}), overrides[name]) for name in overrides}


def check_container(container: str | None, needed: bool) -> None:
    """Raise UserError where jobs are to run in a container and the config names none, or a file that does not exist."""
    if not needed:
        return
    if container is None:
        raise UserError("--use-apptainer needs an image: name one in the config (container: weakseg3d.sif)")
    if "://" not in container and not Path(container).exists():
        raise UserError(
            f"{container}: no such image; build it from the Dockerfile or correct 'container' in the config"
        )


def _dataset(name: str, organs: list[str], config: dict[str, Any]) -> Dataset:
    description = load_dataset(name)
    for organ in organs:
        choose(organ, list(description["organs"]), f"organ of dataset '{name}'")
    if name in config["splits"]:
        path = Path(config["splits"][name])
        path = path if path.exists() else sought_file(path)
    elif description["split"]:
        path = sought_file(description["split"])
    else:
        raise UserError(
            f"dataset '{name}' has no split; draw one with 'dataset split' and name it in the config under 'splits'"
        )
    split = read_split(path)
    for part in ("train", "test"):
        if part not in split.values():
            raise UserError(f"{path}: no case is marked '{part}'; mark at least one")
    patient = divided_patient(split, description["patient"])
    if patient is not None:
        raise UserError(f"{path}: patient {patient} is in different parts; put all cases of a patient into one")
    raw = config["raw"].get(name, "")
    source, annotations = f"dataset '{name}'", description["annotations"]
    if name in config["annotations"]:
        source, annotations = f"annotations.{name} in the config", config["annotations"][name]
    for organ in annotations:
        choose(organ, list(description["organs"]), f"organ of dataset '{name}' in 'annotations'")
    return Dataset(
        description,
        organs,
        split,
        path,
        raw,
        config["intensity"].get(name, description["intensity"]),
        people_of(annotations, description, raw if Path(raw).is_dir() else "", source),
    )


def _check_people(methods: dict[str, Any], datasets: dict[str, Dataset]) -> None:
    """Raise UserError for a method that learns from another kind of annotation than people gave."""
    check_annotators(methods, [dataset.people for dataset in datasets.values()])
    weak = {name: method for name, method in methods.items() if method["supervision"] != "dense"}
    for dataset in datasets.values():
        for organ, people in dataset.people.items():
            for name, method in weak.items():
                if organ in dataset.organs and "none" not in method["annotation"] and "mixed" not in method:
                    check_kind(people, ANNOTATIONS.choice(method["annotation"]).entry, method["annotated_by"], name)


def _check_mixtures(methods: dict[str, Any], datasets: dict[str, Dataset]) -> None:
    """Raise UserError for a share without a number of cases where annotations are simulated: it would take them all."""
    for name, method in methods.items():
        for share, content in method.get("mixed", {}).items():
            for dataset, organ in ((each, organ) for each, entry in datasets.items() for organ in entry.organs):
                by_people = organ in datasets[dataset].people and method["annotated_by"] != SIMULATED
                if "cases" not in content and not by_people:
                    raise UserError(
                        f"method '{name}': mixed.{share} needs 'cases', as nobody annotated the {organ} of '{dataset}';"
                        " say how many cases it is for"
                    )


def _first_stages(name: str, methods: dict[str, Any], changes: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return ``{name: method}`` of the methods that the method ``name`` starts from.

    They learn from its annotation, pseudo label and images. Raises UserError for one that cannot be started from, and
    for one that ``methods`` holds already and that learns from something else.
    """
    method, stages = methods[name], {}
    bases = method.get("distillation", {"students": []})["students"]
    for base, student in zip(bases, students(name, method), strict=True):
        stage = load_method(base, changes.get(base))
        if "network" not in stage:
            raise UserError(f"method '{name}' starts from '{base}', which has no network; name another one")
        keys = ("supervision", "annotation", "annotated_by", "pseudo_label", "images", "normalisation", "clipping")
        shared = {key: method[key] for key in (*keys, *["mixed"] * ("mixed" in method))}
        stage.pop("mixed", None)
        stage = checked_method(stage | shared, f"method '{base}' as the first stage of '{name}'")
        if student in methods and methods[student] != stage:
            raise UserError(
                f"method '{name}' starts from '{student}', which learns from something else; give both the same"
                f" {', '.join(shared)} under 'overrides'"
            )
        check_patch(method["training"]["patch_size"], stage["network"], f"method '{name}' with a network of '{base}'")
        stages[student] = stage
    if stages:
        # The network of the first student makes the predictions.
        check_passes(method["prediction"], next(iter(stages.values()))["network"], f"method '{name}'")
    return stages


def _check_validation_cases(methods: dict[str, Any], datasets: dict[str, Dataset]) -> None:
    for name, method in methods.items():
        for dataset in datasets.values():
            if method.get("selection") == "dense_validation" and not dataset.cases("validation"):
                raise UserError(
                    f"{dataset.split_path}: method '{name}' has 'selection: dense_validation', but no case is marked"
                    " 'validation'; mark some"
                )
