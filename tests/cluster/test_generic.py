"""The generic profile, as it is, to the end, on a stand-in for LSF; `make test-slurm` runs it too."""

import os
import shutil

import pytest
from lsf_stand_in import install
from tiny_grid import copy_of_the_repository, finished_run, tables

pytestmark = pytest.mark.slow

PROFILE = ["--workflow-profile", "workflow/profiles/generic", "--seconds-between-status-checks", "2"]


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    return copy_of_the_repository(tmp_path_factory.mktemp("grid") / "copy")


@pytest.fixture(scope="module")
def lsf(tmp_path_factory):
    """The folder of the stand-in."""
    folder = tmp_path_factory.mktemp("lsf") / "bin"
    install(folder)
    return folder


@pytest.fixture(scope="module")
def submitted(grid, lsf, tmp_path_factory):
    folder = tmp_path_factory.mktemp("submitted") / "copy"
    shutil.copytree(grid, folder)
    finished_run(folder, *PROFILE, environment={"PATH": f"{lsf}:{os.environ['PATH']}"})
    return folder


def test_the_tables_equal_those_of_a_local_run(submitted, grid):
    finished_run(grid, "--cores", "2")
    assert tables(submitted) == tables(grid)


def test_what_is_asked_for_reaches_the_scheduler(submitted, lsf):
    asked = [path.read_text(encoding="utf-8") for path in lsf.glob("*/arguments")]
    assert len(asked) < 12, "short jobs share submissions"
    with_gpu = [words for words in asked if "-gpu num=1" in words]
    assert len(with_gpu) == 3  # two trainings, and the predictions
    assert all("-q gpu" in words and "-M 16000MB" in words for words in with_gpu)
    assert all("-q normal" in words for words in asked if words not in with_gpu)
