"""The smallest grid worth running: one organ of three small scans, two short trainings and a control."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import SimpleITK as sitk
import yaml
from conftest import make_volume, oblique_direction

PROJECT = Path(__file__).parents[2]

CONFIG = {
    "experiment": "tiny",
    "datasets": {"hospital": ["spleen"]},
    "methods": ["partial_ce_unet", "dense_unet", "truth"],
    "spacing": 10.0,
    "preset": "cpu",
    "raw": {"hospital": "scans"},
    "accelerator": "cpu",
}

DATASET = """\
description: Three scans in BTCV's layout.
licence: none
modality: CT
format: btcv
access:
  place: {archive: RawData.zip, instructions: ask the hospital}
organs:
  spleen: [1]
intensity:
  window: [0, 100]
split: config/splits/hospital.csv
"""


def copy_of_the_repository(folder, steps=3, checkpoint_every=500):
    """Return ``folder`` with all that a run needs; both trainings last ``steps`` steps."""
    for part in ("src", "workflow", "config", "envs"):
        shutil.copytree(PROJECT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    training = {"patch_size": [16, 16, 16], "steps": steps, "checkpoint_every": checkpoint_every}
    small = {"network": {"unet": {"channels": [2, 4, 8]}}, "training": training}
    config = CONFIG | {"overrides": {"partial_ce_unet": small, "dense_unet": small}}
    (folder / "tiny.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    (folder / "config/datasets/hospital.yaml").write_text(DATASET, encoding="utf-8")
    split = "case,split\n0001,train\n0002,train\n0003,test\n"
    (folder / "config/splits/hospital.csv").write_text(split, encoding="utf-8")
    write_scans(folder / "scans")
    return folder


def write_scans(folder):
    """Write three scans of about 20 x 20 x 20 voxels as BTCV's archive."""
    folder.mkdir()
    with zipfile.ZipFile(folder / "RawData.zip", "w") as archive:
        for number in range(1, 4):
            label = np.zeros((18, 20, 22), np.uint8)
            label[4:12, 5:12, 6 + number : 14] = 1
            image = np.random.default_rng(number).normal(30, 10, label.shape) + 40 * label
            for kind, array in (("img", image.astype(np.float32)), ("label", label)):
                volume = make_volume(array, (9.0, 8.0, 11.0), (3, -7, 20), oblique_direction(number % 2 == 0))
                path = folder / f"{kind}{number:04d}.nii.gz"
                sitk.WriteImage(volume, path)
                archive.write(path, f"RawData/Training/{kind}/{path.name}")
                path.unlink()


def snakemake_command(*arguments, config="tiny.yaml"):
    """Return the command that runs the tiny grid, or the workflow's own config if ``config`` is None."""
    configfile = [] if config is None else ["--configfile", config]
    return [sys.executable, "-m", "snakemake", *configfile, *map(str, arguments)]


def snakemake(folder, *arguments, environment=None, config="tiny.yaml"):
    """Run the tiny grid in ``folder``; what is in ``environment`` is laid over this process's own."""
    environment = os.environ | (environment or {})
    return subprocess.run(
        snakemake_command(*arguments, config=config), cwd=folder, env=environment, capture_output=True, encoding="utf-8"
    )


def change_config(folder, **keys):
    """Lay ``keys`` over the config of the tiny grid."""
    config = yaml.safe_load((folder / "tiny.yaml").read_text(encoding="utf-8")) | keys
    (folder / "tiny.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")


def planned_jobs(folder):
    """Return ``{rule: number of jobs}`` that a dry run of the tiny grid plans."""
    said = snakemake(folder, "--dry-run", "--cores", "1")
    assert said.returncode == 0, (said.stdout + said.stderr)[-5000:]
    counts = re.findall(r"^(\w+) +(\d+)$", said.stdout.partition("Job stats:")[2].partition("Reasons")[0], re.MULTILINE)
    return {rule: int(number) for rule, number in counts if rule != "total"}


def finished_run(folder, *arguments, environment=None):
    """Run the tiny grid to its end and return all that it said."""
    ran = snakemake(folder, *arguments, environment=environment)
    said = ran.stdout + ran.stderr
    assert ran.returncode == 0, said[-5000:]
    return said


TIMES = {"run.json", "provenance.json", "report.html", "cost.csv", "cost.md", "cost.tex"}
"""Results that tell when or how fast they were made."""


def tables(folder):
    """Return ``{name: bytes}`` of every table of a finished run."""
    files = sorted((folder / "results/tiny/tables").iterdir())
    return {path.name: path.read_bytes() for path in files if path.is_file() and path.name not in TIMES}


def digests(folder):
    """Return ``{path: sha256}`` of every result but logs, benchmarks and what tells of time.

    A model's file holds its weights under a name of their own in each writing; predictions stand for it.
    """
    results = folder / "results" / "tiny"
    files = [path.relative_to(results) for path in sorted(results.rglob("*")) if path.is_file()]
    return {
        str(path): hashlib.sha256((results / path).read_bytes()).hexdigest()
        for path in files
        if path.parts[0] not in ("logs", "benchmarks") and path.name not in TIMES | {"model.pt"}
    }
