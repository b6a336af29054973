"""``snakemake --cores all --use-apptainer`` to the end, in the image that the config names and in nothing else.

`apptainer_stand_in` takes apptainer's place; `make test-container` runs it.
"""

import shutil

import pytest
import yaml
from apptainer_stand_in import build, install
from tiny_grid import PROJECT, copy_of_the_repository, finished_run, snakemake, tables

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def apptainer(tmp_path_factory):
    """The folder of the stand-in, with an image of the Dockerfile."""
    folder = tmp_path_factory.mktemp("apptainer")
    install(folder)
    build(PROJECT, folder / "prefix", folder / "weakseg3d.sif")
    return folder


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    return copy_of_the_repository(tmp_path_factory.mktemp("grid") / "copy")


def in_the_container(folder, apptainer):
    """Name the image in the tiny grid's config and run it with only the system and the stand-in on the path."""
    config = yaml.safe_load((folder / "tiny.yaml").read_text(encoding="utf-8"))
    config["container"] = str(apptainer / "weakseg3d.sif")
    (folder / "tiny.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    environment = {"PATH": f"{apptainer / 'bin'}:/usr/bin:/bin", "PYTHONPATH": "", "VIRTUAL_ENV": ""}
    return finished_run(folder, "--cores", "all", "--use-apptainer", environment=environment)


def test_every_job_runs_in_the_image_and_the_tables_are_the_same(grid, apptainer, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(grid, folder)
    in_the_container(folder, apptainer)
    executed = (apptainer / "executions").read_text(encoding="utf-8").splitlines()
    assert set(executed) == {str(apptainer / "weakseg3d.sif")}
    assert len(executed) >= len(list(folder.glob("results/tiny/benchmarks/**/*.tsv")))
    finished_run(grid, "--cores", "2")
    assert tables(grid) == tables(folder)


def test_without_an_image_the_remedy_is_named(grid):
    ran = snakemake(grid, "--cores", "1", "--use-apptainer", "--dry-run")
    assert ran.returncode == 2
    assert "container: weakseg3d.sif" in ran.stderr
