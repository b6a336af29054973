"""The tiny grid in batches: the same files and tables as case by case, and each case made but once.

`make test-slow` runs it; `tests/jobs/test_batches.py` and `tests/workflow/test_dag.py` need no whole run.
"""

import json
import shutil

import pytest
import yaml
from tiny_grid import copy_of_the_repository, digests, finished_run, tables

pytestmark = pytest.mark.slow

RESULTS = "results/tiny"
CLICKS = "5_annotations/hospital/spleen/points_number-100_candidate_share-0.5_background-100_seed-0"


def run(folder, batch, *arguments):
    """Run the grid with one training, case by case or in batches."""
    config = yaml.safe_load((folder / "tiny.yaml").read_text(encoding="utf-8"))
    config |= {"methods": ["partial_ce_unet", "truth"], "batch": batch}
    config["overrides"].pop("dense_unet", None)
    (folder / "tiny.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    return finished_run(folder, "--cores", "2", *arguments)


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    """A copy of the repository in which nothing has run; every other copy is made of it."""
    return copy_of_the_repository(tmp_path_factory.mktemp("grid") / "copy")


@pytest.fixture(scope="module")
def batched(grid, tmp_path_factory):
    """A copy of the repository in which the grid has run in batches."""
    folder = tmp_path_factory.mktemp("batched") / "copy"
    shutil.copytree(grid, folder)
    run(folder, "split")
    return folder


def results(folder):
    """Return ``{path: digest}`` of the results without the records of batches."""
    return {path: digest for path, digest in digests(folder).items() if not path.startswith("batches/")}


def times(folder):
    """Return ``{path: time}`` of the cases' files."""
    files = [path for path in (folder / RESULTS).glob("[2-9]_*/**/*") if path.is_file()]
    return {str(path.relative_to(folder / RESULTS)): path.stat().st_mtime_ns for path in files}


def test_files_and_tables_are_those_of_a_run_case_by_case(grid, batched, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(grid, folder)
    run(folder, "case")
    assert tables(batched) == tables(folder)
    assert results(batched) == results(folder)


def test_a_second_call_has_nothing_to_do(batched):
    assert "Nothing to be done" in run(batched, "split")


def test_a_persons_clicks_are_kept_when_their_record_is_made_again(batched, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(batched, folder)
    before = times(folder)
    clicks = folder / RESULTS / CLICKS / "0001.mrk.json"
    content = json.loads(clicks.read_text(encoding="utf-8"))
    content["markups"][0]["controlPoints"][0]["position"][0] += 20
    clicks.write_text(json.dumps(content), encoding="utf-8")
    record = f"{RESULTS}/batches/{CLICKS}/@train.mrk.json.json"
    run(folder, "split", "--until", "pseudo_label_array", "--forcerun", record)
    assert json.loads(clicks.read_text(encoding="utf-8")) == content
    changed = {path for path, time in times(folder).items() if time != before[path]}
    assert changed == {
        f"{CLICKS}/0001.mrk.json",
        f"{CLICKS.replace('5_annotations', '6_pseudo_labels')}/points/0001.nii.gz",
        f"{CLICKS.replace('5_annotations', '6_pseudo_labels')}/points/0001.npy",
    }
