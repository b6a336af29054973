"""``tables/provenance.json``: what leads from a number back to its cases, its models and its config."""

from typing import Any

from weakseg3d.datasets.description import PARTS
from weakseg3d.experiment import paths
from weakseg3d.experiment.annotation_seeds import seed_of
from weakseg3d.experiment.experiment import Cell, Experiment, pseudo_label_part
from weakseg3d.experiment.external_facts import label_programs
from weakseg3d.experiment.mixture import shares_of
from weakseg3d.experiment.supervision import network_and_supervision
from weakseg3d.files import file_digest
from weakseg3d.schemas import seen_from_project


def provenance(experiment: Experiment, config: dict[str, Any]) -> dict[str, Any]:
    """Return the config as it was given, the datasets, methods and labels, and the cells with their models' folders."""
    datasets = {
        name: {
            **{key: dataset.description[key] for key in ("description", "citation", "licence", "modality")},
            "split": seen_from_project(dataset.split_path),
            "split_sha256": file_digest(dataset.split_path),
            "cases": {part: dataset.cases(part) for part in PARTS},
            "window": dataset.intensity.get("window"),
        }
        for name, dataset in experiment.datasets.items()
    }
    return {
        "experiment": experiment.name,
        "evaluated_on": experiment.evaluate_on,
        "largest_component": experiment.largest_component,
        # What is said of a release changes no result.
        "config": {key: value for key, value in config.items() if key != "release"},
        "datasets": datasets,
        "methods": {
            name: {key: experiment.methods[name][key] for key in ("description", "citation")}
            | network_and_supervision(name, experiment.methods[name])
            for name in experiment.shown
        },
        "annotations": list(experiment.annotations()),
        "pseudo_labels": list(experiment.pseudo_labels()),
        "cells": [_with_models(experiment, cell) for cell in experiment.cells()],
    }


def _with_models(experiment: Experiment, cell: Cell) -> dict[str, Any]:
    """Return a cell with the folder of the model that predicts, and of those it started from.

    A cell of a program of somebody else's, which has a model only if it is trained, is marked as ``external``; one of
    mixed supervision has its ``shares``, one that learns from the labels of a program the ``label_runs``; one whose
    model was chosen among trials has all trainings of theirs.
    """
    known: dict[str, Any] = {}
    if experiment.is_external(cell.method):
        known = {"external": True, "uncertainty": experiment.has_uncertainty(cell.method)}
    if not experiment.is_trained(cell.method):
        return cell._asdict() | {"model": None, "first_stages": []} | known

    def folder(method: str) -> str:
        return paths.in_results(paths.TRAINING).format(**cell._asdict() | {"method": method})

    labelled = _shares(experiment, cell) | _label_runs(experiment, cell)
    if experiment.trials(cell.method):
        trials = [folder(method) for method in experiment.trained_for(cell.method)]
        chosen = {"model": folder(cell.method), "first_stages": [], "trials": trials}
        return cell._asdict() | chosen | labelled
    model, *stages = map(folder, experiment.trained_for(cell.method))
    return cell._asdict() | {"model": model, "first_stages": stages} | known | labelled


def _shares(experiment: Experiment, cell: Cell) -> dict[str, list[str]]:
    """Return the annotations of the shares of a cell with mixed supervision; nothing for any other."""
    if cell.annotation not in experiment.mixtures():
        return {}
    shares = shares_of(experiment.methods[cell.method]).values()
    seed = seed_of(cell.annotation)
    return {"shares": [experiment.annotation_part(share, cell.dataset, cell.organ, seed) for share in shares]}


def _label_runs(experiment: Experiment, cell: Cell) -> dict[str, list[str]]:
    """Return the records of the programs of somebody else's that made the labels of a cell; nothing without any.

    They are those of all its trainings, as trials may learn from labels made with different settings.
    """
    seed = seed_of(cell.annotation)
    runs = [
        paths.in_results(paths.LABEL_RUN).format(
            dataset=cell.dataset,
            organ=cell.organ,
            annotation=experiment.annotation_part(share, cell.dataset, cell.organ, seed),
            pseudo_label=pseudo_label_part(share["pseudo_label"]),
        )
        for method in experiment.trained_for(cell.method)
        for share in label_programs(experiment.methods[method])
    ]
    return {"label_runs": list(dict.fromkeys(runs))} if runs else {}
