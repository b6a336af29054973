"""``snakemake --cores all --use-conda`` to the end, in the environments of ``envs/`` and in nothing else.

`conda_stand_in` takes conda's place; `make test-conda` runs it.
"""

import shutil
import subprocess

import pytest
import yaml
from conda_stand_in import install
from tiny_grid import PROJECT, copy_of_the_repository, finished_run, tables

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def conda(tmp_path_factory):
    """The folder of the stand-in."""
    folder = tmp_path_factory.mktemp("conda")
    install(folder, PROJECT / "requirements.lock")
    return folder


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    return copy_of_the_repository(tmp_path_factory.mktemp("grid"))


@pytest.fixture(scope="module")
def finished(conda, grid, tmp_path_factory):
    """The folder of a run with conda."""
    folder = tmp_path_factory.mktemp("with conda") / "copy"
    shutil.copytree(grid, folder)
    run_with_conda(folder, conda)
    return folder


def run_with_conda(folder, conda):
    """Run the tiny grid where nothing but the system and the stand-in is on the path; return what it said."""
    environment = {"PATH": f"{conda / 'bin'}:/usr/bin:/bin", "PYTHONPATH": "", "VIRTUAL_ENV": ""}
    return finished_run(folder, "--cores", "all", "--use-conda", environment=environment)


def _used_environments():
    """Return the files of the environments; those of external methods are built for these alone."""
    return [PROJECT / "envs" / f"{name}.yaml" for name in ("core", "torch")]


def environments(folder):
    """Return ``{environment's prefix: its YAML}`` of a run."""
    made = folder.glob(".snakemake/conda/*.yaml")
    return {path.with_suffix(""): yaml.safe_load(path.read_text(encoding="utf-8")) for path in made}


def test_one_environment_is_built_of_each_file(finished):
    built = sorted(str(content) for content in environments(finished).values())
    asked = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in _used_environments()]
    assert built == sorted(str(content) for content in asked)


def test_an_environment_holds_the_versions_asked_for_and_not_this_package(finished):
    for prefix in environments(finished):
        listed = subprocess.run(
            [prefix / "bin/python", "-m", "pip", "list", "--format", "freeze"],
            capture_output=True,
            encoding="utf-8",
            check=True,
        ).stdout
        assert "weakseg3d" not in listed
        assert "numpy==" in listed


def test_every_job_ran_in_its_environment(finished, conda):
    activated = (conda / "activations").read_text(encoding="utf-8").splitlines()
    with_torch = {str(prefix): "pytorch" in str(content) for prefix, content in environments(finished).items()}
    assert sum(with_torch[prefix] for prefix in activated) == 4  # two trainings, two predictions
    assert len(activated) == len(list(finished.glob("results/tiny/benchmarks/**/*.tsv")))


def test_the_tables_are_those_of_a_run_without_conda(finished, grid):
    finished_run(grid, "--cores", "2")
    assert tables(grid) == tables(finished)


def test_a_second_call_has_nothing_to_do(finished, conda):
    assert "Nothing to be done" in run_with_conda(finished, conda)
