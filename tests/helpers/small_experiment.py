"""A whole experiment in miniature: scans, masks, predictions, metrics and records, as the workflow leaves them."""

import json

import numpy as np
import SimpleITK as sitk
from conftest import make_volume, oblique_direction

from weakseg3d.annotations.markups import Annotation, write_markups
from weakseg3d.cli import main
from weakseg3d.inference.uncertainty_maps import write_uncertainty

CASES = ("1", "2", "3")
SHIFTS = {"good": 1, "poor": 4}
"""By how many voxels the predictions of each method are shifted in case 1; by one more in each further case."""

ANNOTATION = {"good": "points", "poor": "points", "truth": "none", "empty": "none"}
"""The annotation of each method; the last two are controls."""

SHAPE = (12, 30, 34)
ORIGINAL = {"spacing": (2.0, 1.5, 4.0), "origin": (-10.0, 20.0, 5.0), "direction": oblique_direction()}
"""The grid of all scans."""


def ellipsoid(shift=0):
    """Return the mask (z, y, x) of the organ, shifted by some voxels along x."""
    z, y, x = np.indices(SHAPE)
    mask = ((z - 6) / 4) ** 2 + ((y - 14) / 8) ** 2 + ((x - 13 - shift) / 9) ** 2 <= 1
    return mask.astype(np.uint8)


def write(image, path):
    """Write an image, creating the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sitk.WriteImage(image, str(path))


def run_record(steps_per_s=2.0, device="x86_64"):
    """Return the record of a training of an hour on two threads."""
    return {
        "recipe": {"method": "good", "threads": 2, "training": {"steps": 7200}},
        "seed": 0,
        "cases": ["8", "9"],
        "parameters": 1_500_000,
        "versions": {"torch": "2.13.0"},
        "git_commit": "c0ffee",
        "device": device,
        "wall_time_s": 3600.0,
        "steps_per_s": steps_per_s,
        "peak_memory_mb": 700,
    }


def small_experiment(folder, seeds=(0,), uncertain=("good",)):
    """Write an experiment below ``folder`` and return its folder; `poor` misses the organ in case 3.

    The methods ``uncertain`` have maps of uncertainty.
    """
    results = folder / "results" / "small"
    for case in CASES:
        _write_case(results, case)
    cells, rows = [], []
    for method, annotation in ANNOTATION.items():
        for seed in seeds if method in SHIFTS else seeds[:1]:
            labels = {"dataset": "toy", "organ": "blob", "annotation": annotation, "method": method, "seed": seed}
            model = f"7_models/{_path_of(labels)}" if method in SHIFTS else None
            cells.append(labels | {"model": model, "first_stages": []})
            if model:
                _write_model(results / model, f"weights of {method} {seed}")
            for number, case in enumerate(CASES):
                mask = _prediction(method, number)
                header, *case_rows = _evaluate(results, labels | {"case": case}, mask, method in uncertain)
                rows += case_rows
    dataset = {"modality": "ct", "split": "split.csv", "split_sha256": "ab" * 32, "window": [-50, 150]}
    dataset["cases"] = {"train": ["8", "9"], "validation": [], "test": list(CASES)}
    record = {
        "experiment": "small",
        "evaluated_on": "original",
        "largest_component": False,
        "cells": cells,
        "datasets": {"toy": dataset},
        "config": {"experiment": "small", "spacing": 2.0},
    }
    (results / "tables").mkdir()
    (results / "tables/metrics.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    (results / "tables/provenance.json").write_text(json.dumps(record), encoding="utf-8")
    return results


def _path_of(labels):
    """Return the path of a cell within a stage."""
    return "toy/blob/{annotation}/{method}/seed-{seed}".format(**labels)


def _write_case(results, case):
    """Write the image, the reference and a click at the centre of the organ."""
    noise = np.random.default_rng(int(case)).normal(0, 8, SHAPE).astype(np.float32)
    reference = make_volume(ellipsoid(), **ORIGINAL)
    write(make_volume(noise + 100 * ellipsoid(), **ORIGINAL), results / f"2_cases/toy/{case}/image.nii.gz")
    write(reference, results / f"4_masks/toy/blob/original/{case}.nii.gz")
    clicks = results / f"5_annotations/toy/blob/points/{case}.mrk.json"
    clicks.parent.mkdir(parents=True, exist_ok=True)
    centre = np.array([reference.TransformIndexToPhysicalPoint((13, 14, 6))])
    write_markups(Annotation([{"organ": centre}]), clicks)


def _write_model(folder, weights):
    """Write the files of a training."""
    folder.mkdir(parents=True)
    (folder / "model.pt").write_bytes(weights.encode())
    (folder / "run.json").write_text(json.dumps(run_record()), encoding="utf-8")
    losses = "".join(f"{step},{1 / step + 0.1:.6g}\n" for step in range(1, 101))
    (folder / "losses.csv").write_text("step,loss\n" + losses, encoding="utf-8")


def _prediction(method, number):
    """Return the mask that a method predicts for the case at place ``number``."""
    if method in SHIFTS:
        return ellipsoid(SHIFTS[method] + number) * (method != "poor" or CASES[number] != "3")
    return ellipsoid() * (method == "truth")


def _evaluate(results, labels, mask, uncertain):
    """Write a prediction, evaluate it, and return the lines of its metrics, the header first."""
    case = labels["case"]
    prediction = results / "8_predictions" / _path_of(labels) / f"{case}.nii.gz"
    write(make_volume(mask, **ORIGINAL), prediction)
    options = []
    if uncertain:
        maps = prediction.with_name(f"{case}_uncertainty")
        probability = sitk.Cast(make_volume(mask, **ORIGINAL), sitk.sitkFloat32) * 0.8 + 0.1
        write_uncertainty(probability, probability * 0.01, maps)
        options = ["--uncertainty", str(maps)]
    metrics = results / "9_metrics" / _path_of(labels) / f"{case}.csv"
    reference = results / f"4_masks/toy/blob/original/{case}.nii.gz"
    files = ["--prediction", str(prediction), "--reference", str(reference), "--csv", str(metrics)]
    pairs = [f"{key}={value}" for key, value in (labels | {"modality": "ct"}).items()]
    assert main(["evaluate", *files, *options, "--label", *pairs]) == 0
    return metrics.read_text(encoding="utf-8").splitlines()


def report(results, *options):
    """Run the verb ``report`` on an experiment and return its exit code."""
    files = ["--metrics", str(results / "tables/metrics.csv"), "--out", str(results), "--results", str(results)]
    return main(["report", *files, *options])
