"""The commands of ``docs/`` are run, as far as a machine without cluster, conda, container and GPU can."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import yaml
from conftest import make_volume
from tiny_grid import copy_of_the_repository

from weakseg3d.datasets.description import read_split

PROJECT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.M | re.S)
ELSEWHERE = ("pip", "conda", "docker", "apptainer", "kubectl", "scancel", "python3", "snakedeploy", "cd", ".")
"""Programs that need a network, a cluster or a container; `test_envs`, `test_slurm` and `test_conda` stand for them."""


TESTED_ELSEWHERE = ("by-hand.md", "new-scans.md")
"""Pages whose commands build on each other: `test_by_hand_page` and `test_end_to_end` run them."""


def blocks(language):
    """Return ``(page, text)`` of every block of a language in ``docs/``."""
    pages = sorted(page for page in (PROJECT / "docs").rglob("*.md") if page.name not in TESTED_ELSEWHERE)
    found = [(page.name, match) for page in pages for match in BLOCK.findall(page.read_text(encoding="utf-8"))]
    return [(page, text) for page, (kind, text) in found if kind == language]


def _place_of(page):
    """Return the place of a page's first block of Python among all."""
    return [name for name, _ in blocks("python")].index(page)


COMMANDS = sorted({line for _, text in blocks("bash") for line in text.splitlines()})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A copy of the repository with the dataset, method and experiment of ``extend.md``, and one case's files."""
    folder = copy_of_the_repository(tmp_path_factory.mktemp("docs") / "copy")
    shutil.copy(PROJECT / "pyproject.toml", folder)
    shutil.rmtree(folder / "scans")
    dataset, method = (
        next(text for page, text in blocks("yaml") if page == "extend.md" and start in text)
        for start in ("modality: CT", "three annotated slices")
    )
    experiment = next(text for page, text in blocks("yaml") if page == "extend.md" and "experiment: mine" in text)
    (folder / "config/datasets/hospital.yaml").write_text(dataset, encoding="utf-8")
    (folder / "config/splits/hospital.csv").unlink()
    (folder / "config/methods/three_slices.yaml").write_text(method, encoding="utf-8")
    (folder / "config/mine.yaml").write_text(experiment, encoding="utf-8")
    for name, page, key in (
        ("threshold", "external.md", "tail:"),
        ("balls", "promptable.md", "clicks on the scan itself."),
        ("balls_unet", "promptable.md", "clicks on training scans."),
    ):
        (method,) = (text for place, text in blocks("yaml") if place == page and key in text)
        (folder / f"config/methods/{name}.yaml").write_text(method, encoding="utf-8")
    for name, page in (("threshold", "external.md"), ("balls", "promptable.md")):
        (folder / f"{name}.py").write_text(blocks("python")[_place_of(page)][1], encoding="utf-8")
    kinds = next(text for page, text in blocks("python") if page == "extend.md" and "deepest_clicks" in text)
    (folder / "my_kinds.py").write_text(kinds, encoding="utf-8")
    for number in (1, 2, 3):
        label = np.zeros((20, 20, 20), np.uint8)
        label[5:12, 5 + number : 14, 6:15] = 1
        image = np.random.default_rng(number).normal(40 * label, 10).astype(np.float32)
        for kind, array in (("ct", image), ("seg", label)):
            (folder / "scans" / kind).mkdir(parents=True, exist_ok=True)
            sitk.WriteImage(make_volume(array, (2.0, 2.0, 3.0)), folder / f"scans/{kind}/{number:04d}.nii.gz")
    shutil.copy(folder / "scans/ct/0001.nii.gz", folder / "ct.nii.gz")
    shutil.copy(folder / "scans/seg/0001.nii.gz", folder / "spleen.nii.gz")
    word = {"word_0002": "train", **read_split(folder / "config/splits/word_test.csv")}
    for kind in ("images", "labels"):
        (folder / "raw/word" / kind).mkdir(parents=True)
        for case in word:  # Nothing but the names is looked at.
            (folder / "raw/word" / kind / f"{case}.nii.gz").touch()
    clicks = "annotate --mask scans/seg/0001.nii.gz --out spleen.mrk.json points --number 5"
    run(folder, f"python -m weakseg3d {clicks}")
    # A list of its own, as Slicer saves it: the file's name alone says what it is.
    points = [{"label": "F-1", "position": [4.0, 4.0, 6.0], "positionStatus": "defined"}]
    content = {"markups": [{"type": "Fiducial", "coordinateSystem": "LPS", "controlPoints": points}]}
    (folder / "spleen-background.mrk.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def run(folder, command):
    """Run a command as a shell would with the environment's programs on its path; return what it said."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(folder / "src")}
    ran = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, capture_output=True, encoding="utf-8")
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
    return ran.stdout + ran.stderr


def program(command):
    """Return the program that a command starts, after the variables it sets."""
    return next(word for word in shlex.split(command) if "=" not in word)


def named(start):
    return [command for command in COMMANDS if program(command) == start]


def test_every_command_is_known():
    assert {program(command) for command in COMMANDS} <= {"snakemake", "make", "python", *ELSEWHERE}


def test_verbs_run(folder):
    lines = [line for _, text in blocks("bash") for line in text.splitlines()]
    # A tutorial repeats commands of other pages; each runs once, in the order of the pages.
    verbs = list(dict.fromkeys(line for line in lines if line.startswith("python -m weakseg3d ")))
    assert len(verbs) >= 12
    for command in verbs:
        run(folder, command)
    assert (folder / "config/splits/hospital.csv").read_text(encoding="utf-8").count("test") == 1
    assert (folder / "soft.nii.gz").exists()
    assert (folder / "word.csv").read_text(encoding="utf-8").count("train") == 1


@pytest.mark.parametrize("command", named("snakemake"))
def test_snakemake_accepts(folder, command):
    if not (folder / "config/splits/hospital.csv").exists():
        test_verbs_run(folder)
    # Without conda or apptainer, these options end before they plan.
    planned = re.sub(r'--use-(conda|apptainer)( --conda-create-envs-only| --apptainer-args "[^"]*")?', "", command)
    said = run(folder, planned if "--unlock" in command else f"{planned} --dry-run")
    assert "--unlock" in command or "Job stats" in said


def test_the_pod_plans_what_its_resources_allow(folder):
    pod = yaml.safe_load((PROJECT / "docs/kubernetes.yaml").read_text(encoding="utf-8"))["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["resources"]["requests"]["cpu"] == container["command"][2]
    assert f"gpu={container['resources']['limits']['nvidia.com/gpu']}" in container["command"]
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    if not (folder / "config/splits/hospital.csv").exists():
        test_verbs_run(folder)
    assert "Job stats" in run(folder, f"{shlex.join(container['command'])} --dry-run")


@pytest.mark.parametrize("command", named("make"))
def test_make_knows(command):
    run(PROJECT, f"{command} --dry-run")


def test_a_verb_runs_on_its_own_device(folder):
    (command,) = [command for command in named("python") if "weakseg3d.jobs.devices" in command]
    start = command.partition(" --")[0]
    assert "--recipe" in run(folder, f"{start} --help")


def test_named_files_and_targets_exist():
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    for page in (PROJECT / "docs").rglob("*.md"):
        text = page.read_text(encoding="utf-8")
        for target in re.findall(r"`make ([\w-]+)`", text):
            assert f"\n{target}:" in makefile
        # A path in the line above a block of code is a file that readers are to write.
        to_write = re.findall(r"`(src/[\w/.]+)`[^\n]*\n\n```python", text)
        for path in re.findall(r"`((?:workflow|tests|envs|src)/[\w/.]+)`", text):
            assert (PROJECT / path).exists() or path in to_write, f"{page.name}: {path}"


def test_experiments_of_the_pages_are_valid():
    for page, text in blocks("yaml"):
        assert isinstance(yaml.safe_load(text), dict), page
