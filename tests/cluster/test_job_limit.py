"""Snakemake's own limit of jobs per second is lifted, since it costs more with every job; one that is named stays."""

import pytest
from tiny_grid import copy_of_the_repository, finished_run


@pytest.mark.parametrize(("named", "limited"), [([], False), (["--max-jobs-per-timespan", "99/1s"], True)])
def test_free_cores_are_looked_for_when_a_job_ends_and_no_oftener(tmp_path, named, limited):
    grid = copy_of_the_repository(tmp_path / "copy")
    said = finished_run(grid, "--cores", "1", "--verbose", "--until", "split_labels", "split_original_labels", *named)
    looks, ended = said.count("Ready jobs:"), said.count("Finished jobid")
    assert ended >= 8
    assert (looks > ended + 1) == limited
