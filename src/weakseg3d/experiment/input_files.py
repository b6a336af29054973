"""What can be checked before the first job starts: the files that a config names.

Only text files are read and folders listed, never voxels, so that a dry run stays fast.
"""

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

from weakseg3d.errors import UserError, quoted
from weakseg3d.experiment import paths
from weakseg3d.experiment.experiment import Dataset, Experiment
from weakseg3d.experiment.people import SIMULATED, is_peoples
from weakseg3d.experiment.trials import Selection
from weakseg3d.texts import read_csv


def check_input_files(experiment: Experiment) -> None:
    """Raise UserError for raw data that do not exist, for cases they lack, and for an unusable table of a report."""
    if experiment.report["published"]:
        _check_published(experiment.report["published"])
    for name, dataset in experiment.datasets.items():
        if dataset.raw and not Path(dataset.raw).exists():
            raise UserError(f"{dataset.raw}: no such file or folder; correct 'raw.{name}' in the config")
        _check_people(experiment, name)
        if experiment.selection:
            _check_scored_cases(experiment, name, experiment.selection)
        folder = unpacked_raw_data(experiment, name)
        cases = None if folder is None else sources_by_case(dataset, folder)
        missing = [case for case in dataset.split if cases is not None and case not in cases]
        if missing:
            raise UserError(
                f"{dataset.split_path}: case {quoted(missing[0])} is not in {folder}; correct the split or add the case"
            )


def with_unlabelled_cases(experiment: Experiment) -> Experiment:
    """Return the experiment with the cases of each dataset that have no label, as far as the raw data are here."""
    datasets = {}
    for name, dataset in experiment.datasets.items():
        folder = unpacked_raw_data(experiment, name)
        sources = sources_by_case(dataset, folder) if folder is not None and folder.exists() else None
        lacking = frozenset(case for case in dataset.split if (sources or {}).get(case, {}).get("label", "") is None)
        datasets[name] = replace(dataset, unlabelled=lacking)
    return replace(experiment, datasets=datasets)


def image_only(experiment: Experiment) -> dict[str, list[str]]:
    """Return ``{dataset: cases or batches}`` that are imported without a label: people annotated them, or nobody did.

    They are parts of a split, other than the test cases, of which some case has no label; new cases need none. Raises
    UserError where an organ or a method needs one.
    """
    found = {}
    for name, dataset in experiment.datasets.items():
        lacking = [case for case in dataset.split if case in dataset.unlabelled]
        for case in lacking:
            if dataset.split[case] == "test":
                raise UserError(
                    f"dataset '{name}': test case {quoted(case)} has no label to be evaluated with; add it, or take it"
                    " out of the split"
                )
        if not lacking:
            continue
        annotated = [case for case in lacking if dataset.split[case] != "new"]
        if annotated:
            _check_nothing_needs_labels(experiment, name, annotated[0])
        parts = {dataset.split[case] for case in lacking}
        found[name] = lacking if experiment.batch == "case" else [f"@{part}" for part in sorted(parts)]
    return found


def _check_nothing_needs_labels(experiment: Experiment, name: str, case: str) -> None:
    remedy = "give it a label, or take it out of the split"
    for organ in experiment.datasets[name].organs:
        if organ not in experiment.datasets[name].people:
            raise UserError(
                f"dataset '{name}': case {quoted(case)} has neither a label nor an annotation of the {organ}; {remedy}"
            )
    for method, parts in experiment.methods.items():
        simulated = parts["annotated_by"] == SIMULATED and "mixed" not in parts and "none" not in parts["annotation"]
        if parts["supervision"] == "dense" or parts.get("selection") == "dense_validation" or simulated:
            raise UserError(f"dataset '{name}': case {quoted(case)} has no label, which '{method}' needs; {remedy}")


def _check_people(experiment: Experiment, name: str) -> None:
    """Raise UserError for a case without the annotation that a method learns from, shows or is given."""
    dataset = experiment.datasets[name]
    weak = {each: method for each, method in experiment.methods.items() if "none" not in method["annotation"]}
    for organ, method in product(dataset.organs, weak):
        if "mixed" in weak[method]:
            _check_mixture(experiment, name, organ, method)
            continue
        part = experiment.annotation(method, name, organ)
        if is_peoples(part):
            cases = _annotated_cases(experiment, name, method)
            dataset.people_of_part(organ, part).check(cases, f"dataset '{name}'")


def _check_scored_cases(experiment: Experiment, name: str, selection: Selection) -> None:
    """Raise UserError for a validation case without what chooses among the settings of a study's methods."""
    dataset = experiment.datasets[name]
    for organ, case in product(dataset.organs, dataset.cases("validation")):
        part = experiment.annotation_part(dict(selection.share), name, organ)
        if not experiment.has(name, organ, part, case):
            raise UserError(
                f"dataset '{name}': validation case {quoted(case)} has neither an annotation of the {organ} that"
                " 'study.select' could choose by nor a label to simulate it from; give it one, or take it out of the"
                " split"
            )


def _check_mixture(experiment: Experiment, name: str, organ: str, method: str) -> None:
    """Raise UserError for a case that has no annotation of any share, and for one job of cases that differ in it."""
    dataset = experiment.datasets[name]
    for part in {"train", experiment.validation_part(name, method) or "train"}:
        for case, share in experiment.shares(method, name, organ, part).items():
            if share is None:
                raise UserError(
                    f"dataset '{name}': case {quoted(case)} has no annotation of the {organ} that '{method}' learns"
                    " from; annotate it, or take it out of the split"
                )
    by_people = is_peoples(experiment.annotation(method, name, organ))
    if experiment.batch != "case" and (by_people or dataset.unlabelled):
        raise UserError(
            f"dataset '{name}': the cases of '{method}' have different annotations, which needs 'batch: case'; change"
            " it in the config"
        )


def _annotated_cases(experiment: Experiment, dataset: str, method: str) -> list[str]:
    """Return the cases whose annotations a method needs: those it learns from, or those that it shows or is given."""
    annotates_test = experiment.annotates_test(method)
    parts = ["test"] if annotates_test else experiment.weakly_labelled_parts(dataset, method)
    return [case for case, part in experiment.datasets[dataset].split.items() if part in parts]


def unpacked_raw_data(experiment: Experiment, name: str) -> Path | None:
    """Return the folder in which the raw data of a dataset are now, or None if they are elsewhere or still packed."""
    raw = experiment.datasets[name].raw
    if not raw:
        record = Path(paths.SOURCE.format(experiment=experiment.name, dataset=name))
        return record.parent if record.is_file() else None
    return None if raw_archives(experiment.datasets[name]) else Path(raw)


def raw_archives(dataset: Dataset) -> list[Path]:
    """Return the archives of raw data of the user's own: the file named in the config, or those in the folder."""
    if Path(dataset.raw).is_file():
        return [Path(dataset.raw)]
    [access] = dataset.description["access"].values()
    names = [entry["archive"] for entry in [access, *access.get("also", [])] if "archive" in entry]
    return [Path(dataset.raw) / name for name in names if (Path(dataset.raw) / name).is_file()]


def sources_by_case(dataset: Dataset, folder: Path) -> dict[str, Any] | None:
    """Return ``{case: files}`` in a ``folder`` of raw data, or None where Snakemake's environment has no image library.

    Raises UserError for a folder without cases.
    """
    try:
        from weakseg3d.datasets.cases import cases_in, layout_root
    except ImportError:
        return None
    return cases_in(dataset.description, layout_root(dataset.description, folder), reported_path=folder)


def _check_published(path: str) -> None:
    try:
        from weakseg3d.report.tables.published import read_published
    except ImportError:
        read_csv(path)
    else:
        read_published(path)
