"""The Slurm profile as it is, on a real Slurm of one host, in a run to which everything happens that may happen.

Needs Debian's slurm-wlm and munge; `make test-slurm` runs it.
"""

import json
import os
import shutil
import subprocess
import time

import pytest
from local_slurm import local_slurm, missing_programs, slurm, wait_until
from tiny_grid import copy_of_the_repository, finished_run, snakemake_command, tables

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        bool(missing_programs()),
        reason=f"needs Debian's slurm-wlm and munge (apt-get install slurm-wlm munge): no {missing_programs()}",
    ),
]

STEPS = 800
GRID = {"steps": STEPS, "checkpoint_every": 10}
PROFILE = ["--workflow-profile", "workflow/profiles/slurm", "--slurm-init-seconds-before-status-checks", "1"]
MODELS = "results/tiny/7_models/hospital/spleen"


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    with local_slurm(tmp_path_factory.mktemp("slurm")) as environment:
        yield environment


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    return copy_of_the_repository(tmp_path_factory.mktemp("grid"), **GRID)


@pytest.fixture(scope="module")
def local(grid):
    """The tables of a run without Slurm, made after the other one."""
    finished_run(grid, "--cores", "2")
    return tables(grid)


class Submitted:
    """A run on Slurm: its folder, and Snakemake's jobs as ``scontrol`` shows them."""

    def __init__(self, folder, environment):
        self.folder, self.environment = folder, environment

    def start(self):
        with (self.folder / "said.txt").open("w") as said:
            self.process = subprocess.Popen(
                snakemake_command(*PROFILE),
                cwd=self.folder,
                env=os.environ | self.environment,
                stdout=said,
                stderr=subprocess.STDOUT,
            )

    def jobs(self):
        """Return one dict per job, in order of submission."""
        assert self.process.poll() in (None, 0), self.said()[-5000:]
        lines = slurm(self.environment, "scontrol", "show", "job", "--oneliner").splitlines()
        return [dict(word.partition("=")[::2] for word in line.split()) for line in lines if "Comment=rule_" in line]

    def job(self, rule, state=None, seconds=900):
        """Wait for a job of a rule or group in a state, and return it."""

        def found():
            jobs = [job for job in self.jobs() if f"rule_{rule}" in job["Comment"]]
            return [job for job in jobs if state in (None, job["JobState"])]

        return wait_until(found, seconds)[-1]

    def said(self):
        return (self.folder / "said.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def disturbed(environment, grid, tmp_path_factory):
    """A run whose node was drained and resumed, one of whose jobs was cancelled, and another preempted."""
    run = Submitted(tmp_path_factory.mktemp("submitted") / "copy", environment)
    shutil.copytree(grid, run.folder)
    (node,) = slurm(environment, "sinfo", "-h", "-N", "-o", "%N", "-p", "cpu").split()
    slurm(environment, "scontrol", "update", f"NodeName={node}", "State=DRAIN", "Reason=maintenance")
    run.start()
    try:
        run.while_drained = run.job("download", "PENDING")
        time.sleep(2)
        run.still_drained = run.job("download")
        slurm(environment, "scontrol", "update", f"NodeName={node}", "State=RESUME")

        run.cancelled = run.job("preprocessing", "RUNNING")
        wait_until(lambda: list(run.folder.glob("results/tiny/2_cases/*/*/image.nii.gz")), 300)
        slurm(environment, "scancel", run.cancelled["JobId"])

        run.preempted = run.job("train", "RUNNING")
        wait_until(lambda: list(run.folder.glob(f"{MODELS}/**/last.ckpt")), 300)
        slurm(environment, "sbatch", "-p", "urgent", "--exclusive", "-o", "/dev/null", "--wrap", "sleep 1")

        while run.process.poll() is None:
            time.sleep(1)
        run.finished = run.jobs()
        yield run
    finally:
        run.process.kill()
        run.process.wait()


def test_a_drained_node_is_waited_for(disturbed):
    assert disturbed.while_drained["JobState"] == disturbed.still_drained["JobState"] == "PENDING"
    assert disturbed.process.returncode == 0, disturbed.said()[-5000:]


def test_a_cancelled_job_is_submitted_again_with_more_memory_and_time(disturbed):
    first, second = [job for job in disturbed.finished if "rule_preprocessing" in job["Comment"]]
    assert (first["JobState"], second["JobState"]) == ("CANCELLED", "COMPLETED")
    assert first["JobId"] == disturbed.cancelled["JobId"]
    assert int(second["MinMemoryNode"][:-1]) > int(first["MinMemoryNode"][:-1])
    assert minutes(second) > minutes(first)


def minutes(job):
    """Return the time limit of a job in minutes."""
    hours, minutes, _ = job["TimeLimit"].rpartition("-")[2].split(":")
    return 1440 * int(job["TimeLimit"].rpartition("-")[0] or 0) + 60 * int(hours) + int(minutes)


def test_a_preempted_training_goes_on_from_its_checkpoint(disturbed):
    (job,) = [job for job in disturbed.finished if job["JobId"] == disturbed.preempted["JobId"]]
    assert (job["JobState"], job["Restarts"]) == ("COMPLETED", "1")
    runs = [json.loads(path.read_text(encoding="utf-8")) for path in disturbed.folder.glob(f"{MODELS}/**/run.json")]
    assert sorted(bool(run["resumed_from_step"]) for run in runs) == [False, True]
    assert all(0 < run["resumed_from_step"] < STEPS for run in runs if run["resumed_from_step"])


def test_short_jobs_share_submissions(disturbed):
    rules = [job["Comment"].removeprefix("rule_").partition("_")[0] for job in disturbed.finished]
    expected = {"download": 1, "preprocessing": 2, "train": 2, "prediction": 1, "evaluation": 1, "pictures": 1}
    assert {rule: rules.count(rule) for rule in rules} == expected | {"report": 1}


def test_trainings_and_predictions_get_one_gpu_in_their_partition(disturbed):
    for job in disturbed.finished:
        learns = any(f"rule_{rule}" in job["Comment"] for rule in ("train", "prediction"))
        assert ("gres:gpu:1" in job.get("TresPerJob", "")) == learns
        assert job["Partition"] == ("gpu" if learns else "cpu")


def test_the_tables_equal_those_of_a_local_run(disturbed, local):
    assert tables(disturbed.folder) == local
    assert "main.csv" in local


def test_a_second_call_submits_nothing(disturbed):
    assert "Nothing to be done" in finished_run(disturbed.folder, *PROFILE, environment=disturbed.environment)
