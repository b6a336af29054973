"""Snakemake looks for free cores when a job ends and rarely otherwise: the profiles set its limit of jobs per time."""

import pytest
import yaml
from tiny_grid import PROJECT, copy_of_the_repository, finished_run


@pytest.mark.parametrize("profile", ["default", "generic", "slurm"])
def test_the_limit_is_snakemakes_own_in_another_unit(profile):
    content = (PROJECT / "workflow/profiles" / profile / "config.yaml").read_text(encoding="utf-8")
    jobs, seconds = yaml.safe_load(content)["max-jobs-per-timespan"].removesuffix("s").split("/")
    assert int(jobs) / int(seconds) == 100


def looks(grid, *arguments):
    """Return how often a run looks for free cores, and how many jobs it finishes."""
    output = finished_run(
        grid, "--cores", "1", "--verbose", "--until", "split_labels", "split_original_labels", *arguments
    )
    return output.count("Ready jobs:"), output.count("Finished jobid")


def test_free_cores_are_looked_for_less_often_than_with_the_limit_in_seconds(tmp_path):
    grid = copy_of_the_repository(tmp_path / "profile")
    with_profile, finished = looks(grid)
    grid = copy_of_the_repository(tmp_path / "seconds")
    in_seconds, _ = looks(grid, "--max-jobs-per-timespan", "100/1s")
    assert finished >= 8
    assert with_profile < in_seconds
