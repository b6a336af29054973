"""The verb doctor: what is missing for which part, on machines of several kinds."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from weakseg3d.cli import main
from weakseg3d.doctor import packages
from weakseg3d.doctor.packages import problem
from weakseg3d.doctor.parts import PARTS

PROJECT = Path(__file__).parents[1]
CODE = """
import json, sys
from weakseg3d.cli import main
print(json.dumps([main(["doctor"]), "torch" in sys.modules]))
"""


def run(path, options=(), **variables):
    """Run the verb in a process of its own; return its code, whether it imported torch, and ``{name: words}``."""
    environment = {"PATH": str(path), "PYTHONPATH": str(PROJECT / "src"), **variables}
    ran = subprocess.run(
        [sys.executable, *options, "-c", CODE], capture_output=True, encoding="utf-8", env=environment, cwd=path
    )
    *lines, last = ran.stdout.splitlines()
    pairs = (line.split("  ", 1) for line in lines if line)
    code, imported = json.loads(last)
    return code, imported, {name: words.strip() for name, words in pairs}


def program(folder, name, text="exit 0"):
    """Write a program for the search path."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def test_a_machine_without_gpu_needs_no_torch(tmp_path):
    code, imported, found = run(tmp_path)
    assert (code, imported) == (0, False)
    assert found["GPU"].startswith("none (there is no nvidia-smi)")
    assert found["scheduler"].startswith("none")
    assert found["weakseg3d"].endswith(str(PROJECT))
    assert found["training, prediction"] == "ready"
    assert found["Slurm"].startswith("missing: sbatch (docs/cluster.md")
    assert found["conda environments"].startswith("missing: conda or mamba")


def test_a_gpu_is_named_and_compared_with_what_torch_sees(tmp_path):
    program(tmp_path, "nvidia-smi", "echo 'NVIDIA A100-SXM4-40GB, 40960 MiB, 550.54.15'")
    code, imported, found = run(tmp_path, CUDA_VISIBLE_DEVICES="")
    assert (code, imported) == (0, True)
    assert found["GPU"].startswith("NVIDIA A100-SXM4-40GB (40960 MiB, driver 550.54.15); torch 2.")
    assert "can use none of them" in found["GPU"]


def test_a_driver_that_fails_is_no_gpu(tmp_path):
    program(tmp_path, "nvidia-smi", "echo 'NVIDIA-SMI has failed'; exit 9")
    code, imported, found = run(tmp_path)
    assert (code, imported) == (0, False)
    assert found["GPU"].startswith("none (nvidia-smi lists none)")


def test_schedulers_and_programs_are_found_on_the_path(tmp_path):
    for name in ("sbatch", "qsub", "mamba", "apptainer"):
        program(tmp_path, name)
    _, _, found = run(tmp_path, SYNAPSE_AUTH_TOKEN="secret")
    assert found["scheduler"].startswith("Slurm (sbatch), PBS or Grid Engine (qsub)")
    for part in ("Slurm", "LSF, PBS, Grid Engine", "conda environments", "containers"):
        assert found[part] == "ready"
    assert "SYNAPSE_AUTH_TOKEN" not in found["download of BTCV"]
    assert "secret" not in str(found)


def test_a_bare_python_is_told_what_it_lacks(tmp_path):
    """Without site-packages, not even a package of the workflow can be imported."""
    code, imported, found = run(tmp_path, ["-S"])
    assert (code, imported) == (2, False)
    assert found["training, prediction"].startswith("missing: torch, lightning, monai, einops (envs/install.sh")
    assert found["workflow"].startswith("missing: snakemake, ")


def test_another_version_is_named(monkeypatch):
    monkeypatch.setattr(packages, "version", lambda name: "1.2.3")
    assert problem("torch") == "torch==2.13.0 (here it is 1.2.3)"
    assert problem("seaborn") is None
    assert problem("synapseclient") is None
    monkeypatch.setattr(packages, "version", lambda name: "2.13.0+cpu")
    assert problem("torch") is None


def test_what_the_demo_lacks_ends_with_code_2(monkeypatch, capsys):
    known = packages.version

    def version(name):
        if name in ("torch", "ruff"):
            raise packages.PackageNotFoundError(name)
        return "8.0" if name == "snakemake" else known(name)

    monkeypatch.setattr(packages, "version", version)
    assert main(["doctor"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert (
        "snakemake<10,>=9 (here it is 8.0) for workflow; torch for training, prediction; run envs/install.sh" in error
    )
    assert "ruff" not in error


def test_every_package_of_the_project_belongs_to_a_part():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    wanted = {Requirement(line).name for group in groups for line in group}
    named = [package for part in PARTS for package in part.packages]
    assert set(named) - {"synapseclient"} == wanted
    assert len(named) == len(set(named))
    basic = {package for part in PARTS if part.basic for package in part.packages}
    assert basic | {"requests"} == {Requirement(line).name for line in project["dependencies"]}


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_pages_of_the_remedies_exist(part):
    for word in part.remedy.replace(";", " ").replace(",", " ").split():
        if "/" in word:
            assert os.path.exists(PROJECT / word)
