"""The conda environments hold what the rules import, at the lock file's versions."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from weakseg3d.cli import VERBS, module_name
from weakseg3d.jobs.code_hash import imported_modules

PROJECT = Path(__file__).parents[2]
CONDA_NAMES = {"pytorch": "torch", "matplotlib-base": "matplotlib", "seaborn-base": "seaborn"}
IMPORT_NAMES = {"nrrd": "pynrrd", "yaml": "pyyaml"}
VERBS_WITH_TORCH = ("train", "distill", "predict")


def environment(name):
    """Return ``{package: version}`` of a conda environment, under PyPI's names."""
    dependencies = yaml.safe_load((PROJECT / "envs" / f"{name}.yaml").read_text(encoding="utf-8"))["dependencies"]
    pairs = (dependency.split("=") for dependency in dependencies)
    return {CONDA_NAMES.get(package, package): version for package, version in pairs}


def locked():
    lines = (PROJECT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    return {name.lower(): version for name, _, version in (line.partition("==") for line in lines if "==" in line)}


@pytest.mark.parametrize("name", ["core", "torch"])
def test_versions_equal_the_lock_file(name):
    packages = environment(name)
    assert packages.pop("python") == "3.11"
    assert packages == {package: locked()[package] for package in packages}


@pytest.mark.parametrize("verb", VERBS)
def test_everything_a_verb_imports_is_in_its_environment(verb):
    packages = environment("torch" if verb in VERBS_WITH_TORCH else "core")
    modules = imported_modules(f"weakseg3d.verbs.{module_name(verb)}")
    nodes = [node for path in modules.values() for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
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
