"""Command-line options of the verbs, as an experiment's config decides them. All are shell words, quoted."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from weakseg3d.errors import UserError
from weakseg3d.experiment import paths
from weakseg3d.experiment.annotator_pairs import Pair, compared_cases, compared_patterns
from weakseg3d.experiment.experiment import Experiment
from weakseg3d.experiment.external_commands import ENVIRONMENT_FILES
from weakseg3d.experiment.people import People, is_peoples
from weakseg3d.experiment.presets import preset_chain
from weakseg3d.experiment.stage_files import StageFiles
from weakseg3d.files import file_digest
from weakseg3d.named_files import from_here_or_project, named_file

EVALUATED_ON = {
    "original": "each scan's original grid, predictions brought back to it from {spacing} mm (linear, one half)",
    "isotropic": "the isotropic grid of {spacing} mm, references resampled to it",
}
"""What a table's footer says of the grid of the evaluation."""


def option(name: str, values: str | Iterable[Any]) -> str:
    """Return ``--name value ...``, or nothing where there is no value."""
    words = [values] if isinstance(values, str) and values else [str(value) for value in values]
    return f"--{name} {shlex.join(words)}" if words else ""


def folder_option(name: str, files: Sequence[Any]) -> str:
    """Return ``--name FOLDER``, the folder of ``files``, or nothing where there are none."""
    return option(name, str(files[0]).rpartition("/")[0] if files else "")


def peoples_options(experiment: Experiment, cell: Any) -> str:
    """Return the options of `collect` for the annotation that people made of a case, or of a batch in its place."""
    people = experiment.datasets[cell.dataset].people_of_part(cell.organ, cell.annotation)
    files, background = people.patterns(cell.case)
    if people.imported:
        files = [paths.tracked(_scribbles(experiment, cell.dataset, cell.case), experiment.batch)]
    (kind,) = experiment.annotations()[cell.annotation]
    return _joined(option("annotation", files), option("kind", kind), _meaning(people, background))


def models_option(files: StageFiles, cell: Any) -> str:
    """Return the option of `segment` for a method's models of all organs of a dataset."""
    organs = zip(files.experiment.datasets[cell.dataset].organs, files.models_of_organs(cell), strict=True)
    return option("models", [f"{organ}={model}" for organ, model in organs])


def trials_options(files: StageFiles, cell: Any) -> str:
    """Return the options of `select` for the trials of a variant, and the labels of the rows of its table."""
    known = {"dataset": cell.dataset, "modality": files.experiment.datasets[cell.dataset].description["modality"]}
    known |= {key: getattr(cell, key) for key in ("organ", "annotation", "method", "seed")}
    known |= {"labels": files.scored_with(cell)}
    settings = [trial.removeprefix(f"{cell.method}+") for trial in files.experiment.trials(cell.method)]
    return _joined(
        option("settings", settings),
        option("scores", files.scores_of_trials(cell)),
        option("models", files.models_of_trials(cell)),
        option("label", [f"{key}={value}" for key, value in known.items()]),
    )


def effort_options(files: StageFiles, cell: Any, part: str = "train") -> str:
    """Return the options of `effort` for the annotations of ``part`` of the split: people's as they saved them."""
    experiment = files.experiment
    if cell.annotation in experiment.mixtures():
        tables = files.efforts_of_mixture(cell).items()
        return _joined(*(option("combine", [table, *cases]) for table, cases in tables))
    if cell.annotation not in experiment.peoples_annotations():
        return option("annotations", files.annotations_of_cases(cell, part))
    dataset = experiment.datasets[cell.dataset]
    people = dataset.people_of_part(cell.organ, cell.annotation)
    patterns, background = people.patterns("{case}")
    if people.imported:
        patterns = [_scribbles(experiment, cell.dataset, "{case}")]
    return _joined(
        option("annotations", patterns),
        option("cases", files.annotated_cases(cell, part)),
        _meaning(people, background),
        option("seconds", people.times_file()),
    )


def _scribbles(experiment: Experiment, dataset: str, case: str) -> str:
    return paths.CASE_SCRIBBLES.format(experiment=experiment.name, dataset=dataset, case=case)


def _meaning(people: People, background: Sequence[str]) -> str:
    """Return the options that say what people's files mean."""
    return _joined(option("background", background), option("organ", people.organ), value_options(people.values))


def value_options(values: Mapping[str, Sequence[int]]) -> str:
    """Return the options that say what the values of a drawn map mean."""
    names = {"organ": "organ-value", "background": "background-value", "unknown": "unknown"}
    return _joined(*(option(names[key], numbers) for key, numbers in values.items()))


def raw_data_options(experiment: Experiment, dataset: str) -> str:
    """Return the options of `download` that name raw data of the user's own, or the folder that users share."""
    own = option("source", experiment.datasets[dataset].raw)
    shared = "" if own else option("shared", experiment.raw_folder)
    return _joined(own, shared, "--offline" * experiment.offline)


def intensity_options(experiment: Experiment, dataset: str, clipping: bool) -> str:
    """Return ``--window low high`` or ``--percentiles low high``, as `Experiment.intensity` says."""
    ((way, limits),) = experiment.intensity(dataset, clipping).items()
    return option(way, limits)


def window_options(experiment: Experiment, dataset: str) -> str:
    """Return the option that shows a dataset in its intensity window, where it has one."""
    return option("window", experiment.datasets[dataset].intensity.get("window", []))


def grid_options(experiment: Experiment, to_reference_grid: str) -> str:
    """Return the options that bring a prediction to the evaluated grid and reduce it to its largest component.

    ``to_reference_grid`` is what the verb calls the first of them.
    """
    original = experiment.evaluate_on == "original"
    return _joined(to_reference_grid * original, "--largest-component" * experiment.largest_component)


def file_options(files: Mapping[str, Any]) -> str:
    """Return the options of a verb that name ``files``, such as `StageFiles.overlay`; maps go by their folder."""
    volumes = [option(name, file) for name, file in files.items() if name != "uncertainty"]
    return _joined(*volumes, folder_option("uncertainty", files.get("uncertainty", ())))


def external_environment_file(external: Mapping[str, Any]) -> str | None:
    """Return the path of the conda environment of a program of somebody else's, or None where it names none.

    ``external`` is what a method says of it, under the key of that name.
    """
    environment = external.get("environment", "")
    return str(from_here_or_project(environment)) if environment.endswith(ENVIRONMENT_FILES) else None


def external_environments(experiment: Experiment) -> list[str]:
    """Return the conda environments of all programs of somebody else's, as the methods name them."""
    found = [external.get("environment", "") for external in experiment.programs()]
    return [environment for environment in dict.fromkeys(found) if environment.endswith(ENVIRONMENT_FILES)]


def external_maps(files: StageFiles, cell: Any, maps: Sequence[Any]) -> str:
    """Return the options of `adopt` for the probabilities of a case and the folder of ``maps``, where there are any."""
    return _joined(
        option("probability", files.external_mask(cell, paths.PROBABILITY)) if maps else "",
        folder_option("uncertainty", maps),
    )


def external_options(external: Mapping[str, Any], activated: bool) -> str:
    """Return the options of `external` that say where a program's commands run, and which file ``{program}`` is.

    ``activated`` says that Snakemake has activated the conda environment that ``external`` names.
    """
    environment = external.get("environment", "")
    own = environment if environment and not environment.endswith(ENVIRONMENT_FILES) else ""
    return _joined(
        option("environment", own),
        "--activated" * (activated and environment.endswith(ENVIRONMENT_FILES)),
        option("program", external.get("program", "")),
    )


def external_label_options(files: StageFiles, cell: Any) -> str:
    """Return the options of `adopt` for the pseudo label of a case that a program of somebody else's made."""
    soft = files.experiment.program_of(cell)["probabilities"]
    return option("soft" if soft else "mask", files.external_label(cell))


def prediction_options(given: Mapping[str, Any]) -> str:
    """Return the options of `external predict` for what `StageFiles.predicted_with` names."""
    return _joined(option("model", given.get("model", "")), option("facts", given.get("recipe", "")))


def agreement_options(files: StageFiles, pair: Pair) -> str:
    """Return the options of `agree` for a pair of annotators."""
    first, second = compared_patterns(files, pair)
    cell = pair.cells[0]
    modality = files.experiment.datasets[cell.dataset].description["modality"]
    labels = {"dataset": cell.dataset, "modality": modality, "organ": cell.organ, "what": pair.what}
    labels |= {"method": pair.of(), "first": pair.names[0], "second": pair.names[1], "seed": str(cell.seed)}
    return _joined(
        option("first", first),
        option("second", second),
        option("cases", compared_cases(files.experiment, pair)),
        option("label", [f"{key}={value}" for key, value in labels.items()]),
    )


def report_options(experiment: Experiment) -> str:
    """Return the options of `report` that the config decides: facts of the methods, the footer, tables and page."""
    report = experiment.report
    trained = [name for name in experiment.shown if experiment.is_trained(name)]
    ours = [name for name in trained if not experiment.is_external(name)]
    selections = [f"{name}={experiment.methods[name]['selection']}" for name in ours]
    selections += [f"{name}=own" for name in trained if experiment.is_external(name)]
    paid = [f"{name}={when}" for name in experiment.shown if (when := experiment.paid(name))]
    return _joined(
        option("footer", [f"{key}={value}" for key, value in footer(experiment).items()]),
        option("selection", selections),
        option("paid", paid),
        option("scans-to-come", [report["scans_to_come"]]),
        option("show", report["metrics"]),
        option("viewer-cases", [report["viewer_cases"]]),
        "--means-without-missed" * report["means_without_missed"],
        option("published", report["published"] or ""),
    )


def release_options(experiment: Experiment) -> str:
    """Return the options of `release`. Raises UserError if the config says nothing of one."""
    about = experiment.release
    if about is None:
        raise UserError(
            "the config has no 'release', which says what to publish; add it with title, authors, licence and date"
        )
    return _joined(
        *(option(key, about[key]) for key in ("title", "authors", "licence", "date")),
        option("doi", about.get("doi", "")),
        "--voxels" * about["voxels"],
        "--people" * about["people"],
    )


def footer(experiment: Experiment) -> dict[str, str]:
    """Return what a table must say about its origin."""
    splits = {name: file_digest(dataset.split_path)[:12] for name, dataset in experiment.datasets.items()}
    return {
        "experiment": experiment.name,
        "spacing": f"{experiment.spacing} mm",
        "preset": _preset(experiment.preset),
        "seeds": " ".join(str(seed) for seed in experiment.seeds),
        **{f"split of {name}": f"sha256 {digest}" for name, digest in splits.items()},
        **_annotators(experiment),
        "evaluated on": EVALUATED_ON[experiment.evaluate_on].format(spacing=experiment.spacing),
        "components": "the largest of each prediction" if experiment.largest_component else "all of each prediction",
    }


def _annotators(experiment: Experiment) -> dict[str, str]:
    """Return who made the annotations, if any are used: people, where the dataset names their files, or a simulator."""
    used = {(cell.dataset, cell.organ, cell.annotation) for cell in experiment.cells()}
    peoples = sorted({f"{organ} of {dataset}" for dataset, organ, part in used if is_peoples(part)})
    others = any(part not in ("none", "dense") and not is_peoples(part) for _, _, part in used)
    sources = [f"by people ({', '.join(peoples)})"] * bool(peoples)
    seeds = ", ".join(map(str, experiment.annotation_seeds))
    sources += [f"simulated, seed{'s' * (len(experiment.annotation_seeds) > 1)} {seeds}"] * others
    return {"annotations": "; ".join(sources)} if sources else {}


def _preset(name: str | None) -> str:
    """Return what a table's footer says of the preset."""
    if name is None:
        return "none: the settings of the methods' files"
    files = {preset: file_digest(named_file("presets", preset))[:12] for preset in preset_chain(name)}
    named = [f"{preset} (sha256 {digest})" for preset, digest in files.items()]
    return " over ".join([*named, "the settings of the methods' files"])


def _joined(*words: str) -> str:
    return " ".join(word for word in words if word)
