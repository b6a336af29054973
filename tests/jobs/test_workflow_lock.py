"""A new run removes what a killed one left, and touches nothing of one that is alive."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from weakseg3d.jobs.workflow_lock import MARK, take_over

SRC = Path(__file__).parents[2] / "src"
RUN = """
import subprocess, sys
from weakseg3d.jobs.workflow_lock import take_over
alive = take_over(sys.argv[1], 'tiny')
job = subprocess.Popen(["sleep", "600"])
print(job.pid, flush=True)
job.wait()
"""


def lock(folder, experiment="tiny"):
    """Write a lock as Snakemake does: the files of a run, a line each."""
    path = folder / f".snakemake/locks/{experiment}.input.lock"
    path.write_text(f"config/splits/a.csv\nresults/{experiment}/1_raw/a/source.json\n", encoding="utf-8")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a lock of Snakemake's."""
    monkeypatch.setenv(MARK, "")
    (tmp_path / ".snakemake/locks").mkdir(parents=True)
    lock(tmp_path)
    return tmp_path


@pytest.fixture
def other(folder):
    """Another process that took over the folder and started a job, and the number of the job's process."""
    command = [sys.executable, "-c", RUN, str(folder)]
    process = subprocess.Popen(
        command, env=os.environ | {"PYTHONPATH": str(SRC)}, stdout=subprocess.PIPE, encoding="utf-8"
    )
    job = int(process.stdout.readline())
    lock(folder)
    yield process, job
    process.kill()
    process.wait()
    process.stdout.close()
    if runs(job):
        os.kill(job, 9)


def runs(process):
    """Return whether a process is there and no zombie."""
    try:
        return "State:\tZ" not in Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    except OSError:
        return False


def locks(folder):
    return list((folder / ".snakemake/locks").iterdir())


def test_a_killed_runs_locks_and_jobs_are_removed(folder, other):
    process, job = other
    process.kill()
    process.wait()
    assert runs(job)
    take_over(folder, "tiny").close()
    assert not runs(job)
    assert not locks(folder)


def test_a_run_that_is_alive_keeps_its_locks_and_jobs(folder, other):
    take_over(folder, "tiny").close()
    assert runs(other[1])
    assert locks(folder)


def test_a_third_run_sees_that_the_second_is_alive(folder, other):
    second = take_over(folder, "tiny")
    other[0].kill()
    other[0].wait()
    code = "import sys; from weakseg3d.jobs.workflow_lock import take_over; take_over(sys.argv[1], 'tiny')"
    subprocess.run([sys.executable, "-c", code, str(folder)], env=os.environ | {"PYTHONPATH": str(SRC)}, check=True)
    assert locks(folder)
    second.close()


def test_jobs_of_another_folder_live_on(folder, other, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    take_over(elsewhere, "tiny").close()
    assert runs(other[1])


def test_a_run_of_another_experiment_in_the_folder_keeps_its_locks_and_jobs(folder, other):
    """And a killed one can go on beside it."""
    lock(folder, "killed")
    take_over(folder, "killed").close()
    assert runs(other[1])
    assert [path.name for path in locks(folder)] == ["tiny.input.lock"]
