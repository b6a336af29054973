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
"""Methods, and by how many voxels their predictions lie beside the organ in case 1; one more in every further case."""

ANNOTATION = {"good": "points", "poor": "points", "truth": "none", "empty": "none"}
SHAPE = (12, 30, 34)
ORIGINAL = {"spacing": (2.0, 1.5, 4.0), "origin": (-10.0, 20.0, 5.0), "direction": oblique_direction()}


def ellipsoid(shift=0, cut=False):
    z, y, x = np.indices(SHAPE)
    mask = ((z - 6) / 4) ** 2 + ((y - 14) / 8) ** 2 + ((x - 13 - shift) / 9) ** 2 <= 1
    return mask.astype(np.uint8)


def write(image, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    sitk.WriteImage(image, str(path))


def run_record(steps_per_s=2.0, device="x86_64"):
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
    """Write an experiment below ``folder`` and return its folder; case 3 of `poor` is a missed organ."""
    results = folder / "results" / "small"
    for case in CASES:
        noise = np.random.default_rng(int(case)).normal(0, 8, SHAPE).astype(np.float32)
        write(make_volume(noise + 100 * ellipsoid(), **ORIGINAL), results / f"2_cases/toy/{case}/image.nii.gz")
        write(make_volume(ellipsoid(), **ORIGINAL), results / f"4_masks/toy/blob/original/{case}.nii.gz")
        centre = make_volume(ellipsoid(), **ORIGINAL).TransformIndexToPhysicalPoint((13, 14, 6))
        clicks = results / f"5_annotations/toy/blob/points/{case}.mrk.json"
        clicks.parent.mkdir(parents=True, exist_ok=True)
        write_markups(Annotation([{"organ": np.array([centre])}]), clicks)
    cells, table = [], None
    for method, annotation in ANNOTATION.items():
        for seed in seeds if method in SHIFTS else seeds[:1]:
            part = f"toy/blob/{annotation}/{method}/seed-{seed}"
            model = f"7_models/{part}" if method in SHIFTS else None
            labels = {"dataset": "toy", "organ": "blob", "annotation": annotation, "method": method, "seed": seed}
            cells.append(labels | {"model": model, "first_stages": []})
            if model:
                (results / model).mkdir(parents=True)
                (results / model / "model.pt").write_bytes(f"weights of {method} {seed}".encode())
                (results / model / "run.json").write_text(json.dumps(run_record()), encoding="utf-8")
                losses = "".join(f"{step},{1 / step + 0.1:.6g}\n" for step in range(1, 101))
                (results / model / "losses.csv").write_text("step,loss\n" + losses, encoding="utf-8")
            for number, case in enumerate(CASES):
                mask = ellipsoid(SHIFTS[method] + number) if method in SHIFTS else ellipsoid() * (method == "truth")
                if method == "poor" and case == "3":
                    mask = mask * 0
                prediction = results / "8_predictions" / part / f"{case}.nii.gz"
                write(make_volume(mask, **ORIGINAL), prediction)
                options = []
                if method in uncertain:
                    soft = sitk.Cast(make_volume(mask, **ORIGINAL), sitk.sitkFloat32) * 0.8 + 0.1
                    write_uncertainty(soft, soft * 0.01, prediction.with_name(f"{case}_uncertainty"))
                    options = ["--uncertainty", str(prediction.with_name(f"{case}_uncertainty"))]
                metrics = results / "9_metrics" / part / f"{case}.csv"
                reference = results / f"4_masks/toy/blob/original/{case}.nii.gz"
                named = [f"{key}={value}" for key, value in (labels | {"case": case, "modality": "ct"}).items()]
                files = ["--prediction", str(prediction), "--reference", str(reference), "--csv", str(metrics)]
                assert main(["evaluate", *files, *options, "--label", *named]) == 0
                head, rows = metrics.read_text(encoding="utf-8").split("\n", 1)
                table = rows if table is None else table + rows
    datasets = {"toy": {"modality": "ct", "split": "split.csv", "split_sha256": "ab" * 32, "window": [-50, 150]}}
    datasets["toy"]["cases"] = {"train": ["8", "9"], "validation": [], "test": list(CASES)}
    record = {"experiment": "small", "evaluated_on": "original", "largest_component": False, "cells": cells}
    (results / "tables").mkdir()
    (results / "tables/metrics.csv").write_text(head + "\n" + table, encoding="utf-8")
    record |= {"datasets": datasets, "config": {"experiment": "small", "spacing": 2.0}}
    (results / "tables/provenance.json").write_text(json.dumps(record), encoding="utf-8")
    return results


def report(results, *options):
    files = ["--metrics", str(results / "tables/metrics.csv"), "--out", str(results), "--results", str(results)]
    return main(["report", *files, *options])
