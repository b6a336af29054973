"""The conda environments hold what the rules import, at the lock file's versions."""

import ast
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from weakseg3d.annotations import ANNOTATIONS
from weakseg3d.cli import VERBS, module_name
from weakseg3d.jobs.code_hash import imported_modules
from weakseg3d.losses import LOSSES
from weakseg3d.networks import NETWORKS
from weakseg3d.pseudo_labels import PSEUDO_LABELS
from weakseg3d.regularisers import REGULARISERS

PROJECT = Path(__file__).parents[2]
CONDA_NAMES = {"pytorch": "torch", "matplotlib-base": "matplotlib", "seaborn-base": "seaborn"}
IMPORT_NAMES = {"nrrd": "pynrrd", "yaml": "pyyaml"}
LOADED_BY_NAME = {"annotate": [ANNOTATIONS], "pseudolabel": [PSEUDO_LABELS], "train": [NETWORKS, LOSSES, REGULARISERS]}
VERBS_WITH_TORCH = ("train", "distill", "validate", "predict", "segment")
FOR_PEOPLE = ("completion", "doctor", "export")
"""Verbs that no rule runs; they need what the lock file installs."""


def environment(name):
    """Return ``{package: version}`` of a conda environment, under PyPI's names."""
    dependencies = yaml.safe_load((PROJECT / "envs" / f"{name}.yaml").read_text(encoding="utf-8"))["dependencies"]
    pairs = (dependency.split("=") for dependency in dependencies)
    return {CONDA_NAMES.get(package, package): version for package, version in pairs}


def entries(lock="requirements.lock"):
    """Return ``{package: (version, hashes)}`` of a lock file."""
    text = (PROJECT / lock).read_text(encoding="utf-8")
    found = re.findall(r"^([\w.-]+)==(\S+)[^\n]*\n((?:    --hash=\S+(?: \\)?\n)*)", text, re.M)
    assert len(found) == len(re.findall(r"^[^#\s]", text, re.M))
    return {name.lower(): (version, re.findall(r"--hash=(\S+)", hashes)) for name, version, hashes in found}


def locked():
    return {name: version for name, (version, _) in entries().items()}


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-cpu.lock", "requirements-cuda.lock"])
def test_every_locked_package_has_hashes(lock):
    assert entries(lock)
    for _, hashes in entries(lock).values():
        assert hashes
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes)


def test_the_cpu_build_is_of_the_locked_torch():
    assert entries("requirements-cpu.lock")["torch"][0] == f"{locked()['torch']}+cpu"


def test_what_is_installed_is_what_the_lock_says():
    """`make test` runs in the environment that envs/install.sh made."""
    for line in (PROJECT / "requirements.lock").read_text(encoding="utf-8").splitlines():
        if line[:1].isalpha():
            pin = Requirement(line.removesuffix(" \\"))
            if pin.marker is None or pin.marker.evaluate():
                assert version(pin.name).partition("+")[0] in pin.specifier, pin


def test_a_file_with_another_hash_is_refused(tmp_path):
    for lock in PROJECT.glob("requirements*.lock"):
        text = lock.read_text(encoding="utf-8")
        (tmp_path / lock.name).write_text(re.sub(r"sha256:\w", "sha256:0", text), encoding="utf-8")
    (tmp_path / "envs").mkdir()
    for name in ("install.sh", "needs_cuda.py"):
        shutil.copy(PROJECT / "envs" / name, tmp_path / "envs" / name)
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    command = [tmp_path / "envs" / "install.sh", tmp_path / "venv" / "bin" / "python"]
    ran = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert ran.returncode != 0
    if "HASHES" not in ran.stderr:
        pytest.skip(f"no package index: {ran.stderr[-300:]}")


@pytest.mark.parametrize("name", ["core", "torch"])
def test_versions_equal_the_lock_file(name):
    packages = environment(name)
    assert packages.pop("python") == "3.11"
    assert packages == {package: locked()[package] for package in packages}


def statements_that_run(path):
    """Return the nodes of a file less those that only a type checker reads."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    return list(ast.walk(tree))


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in FOR_PEOPLE])
def test_everything_a_verb_imports_is_in_its_environment(verb):
    packages = environment("torch" if verb in VERBS_WITH_TORCH else "core")
    modules = imported_modules(f"weakseg3d.verbs.{module_name(verb)}")
    for registry in LOADED_BY_NAME.get(verb, ()):
        for entry in registry.entries.values():
            modules = modules | imported_modules(entry.module)
    nodes = [node for path in modules.values() for node in statements_that_run(path)]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    third_party = {name.split(".")[0] for name in names} - set(sys.stdlib_module_names) - {"weakseg3d"}
    assert {IMPORT_NAMES.get(name, name).lower() for name in third_party} <= packages.keys()


def test_the_workflow_itself_needs_no_numerical_library():
    code = (
        "import sys, weakseg3d.experiment.experiment, weakseg3d.jobs.code_hash, weakseg3d.phantom\n"
        "print([m for m in ('numpy', 'SimpleITK', 'scipy', 'pandas', 'torch') if m in sys.modules])"
    )
    environment = {"PYTHONPATH": str(PROJECT / "src")}
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", env=environment)
    assert printed.stdout.strip() == "[]", printed.stderr
