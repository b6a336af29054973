"""What the graph of jobs promises: weak training sees no dense mask, and no training sees a test case."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from weakseg3d.experiment import load_experiment
from weakseg3d.validation import read_yaml

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module", params=["config.yaml", "la2018.yaml", "paper.yaml"])
def graph(request, tmp_path_factory):
    """The experiment and, for every file, the job that makes it."""
    config = PROJECT / "config" / request.param
    command = [sys.executable, Path(__file__).with_name("list_jobs.py"), PROJECT / "workflow" / "Snakefile", config]
    folder = tmp_path_factory.mktemp("dag")
    listed = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert listed.returncode == 0, listed.stderr
    jobs = json.loads(listed.stdout)
    return load_experiment(read_yaml(config)), jobs, {path: job for job in jobs for path in job["output"]}


def upstream(job, makers, stop_at=()):
    """Yield every file above a job; do not look above jobs of the rules in ``stop_at``."""
    waiting, seen = list(job["input"]), set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        yield path
        maker = makers.get(path)
        if maker and maker["rule"] not in stop_at:
            waiting += maker["input"]


def is_dense(path):
    return "/4_masks/" in path or path.endswith(("/label.nii.gz", "/label.npy"))


def trainings(jobs):
    return [job for job in jobs if job["rule"] == "train"]


def test_weak_training_sees_a_dense_mask_only_through_annotation(graph):
    experiment, jobs, makers = graph
    weak = [job for job in trainings(jobs) if experiment.methods[job["wildcards"]["method"]]["supervision"] == "weak"]
    assert weak
    for job in weak:
        assert not [path for path in upstream(job, makers, stop_at=["annotate"]) if is_dense(path)]
        assert [path for path in upstream(job, makers) if is_dense(path)]


def test_dense_training_is_seen_to_be_dense(graph):
    experiment, jobs, makers = graph
    for job in trainings(jobs):
        if experiment.methods[job["wildcards"]["method"]]["supervision"] == "dense":
            assert [path for path in upstream(job, makers, stop_at=["annotate"]) if is_dense(path)]


def test_training_reads_arrays_and_each_is_made_of_the_volume_beside_it(graph):
    _, jobs, makers = graph
    for job in trainings(jobs):
        arrays = [path for path in job["input"] if path.endswith(".npy")]
        assert len(arrays) == len(job["input"]) - 2, "the recipe and the list of cases are all else it reads"
        for path in arrays:
            assert makers[path]["input"] == [path.removesuffix(".npy") + ".nii.gz"]


def test_no_training_sees_a_test_case(graph):
    experiment, jobs, makers = graph
    for job in trainings(jobs):
        split = experiment.datasets[job["wildcards"]["dataset"]].split
        files = list(upstream(job, makers))
        cases = {
            makers[path]["wildcards"]["case"]
            for path in files
            if "case" in makers.get(path, {"wildcards": {}})["wildcards"]
        }
        assert cases == {case for case, part in split.items() if part == "train"}


def test_every_test_case_of_every_cell_is_evaluated(graph):
    experiment, jobs, _ = graph
    evaluated = sum(job["rule"] == "evaluate" for job in jobs)
    assert evaluated == sum(len(experiment.datasets[cell["dataset"]].cases("test")) for cell in experiment.cells())
