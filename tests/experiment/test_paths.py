"""Each path is spelt once, in `weakseg3d.experiment.paths`, and the Snakefile's comment says the same."""

import re
from pathlib import Path

import pytest

from weakseg3d.experiment import paths

PROJECT = Path(__file__).parents[2]
CONSTANTS = {name: value for name, value in vars(paths).items() if name.isupper() and isinstance(value, str)}
STAGE = re.compile(r"[1-9]_(?:raw|cases|isotropic|masks|annotations|pseudo_labels|models|predictions|metrics)/")


def test_the_snakefiles_comment_lists_these_paths():
    comment = [
        line for line in (PROJECT / "workflow/Snakefile").read_text("utf-8").splitlines() if line.startswith("#")
    ]
    listed = [word.rstrip(",") for line in comment if line.startswith("#   ") for word in line.split() if "/" in word]
    assert len(listed) >= 13
    for path in listed:
        assert any(value == path or (path.endswith("/") and value.startswith(path)) for value in CONSTANTS.values())
    stages = {value.split("/")[2] for value in CONSTANTS.values() if STAGE.search(value)}
    assert stages == {path.split("/")[2] for path in listed if STAGE.search(path)}


def test_no_other_file_spells_a_path_of_the_results():
    """Docstrings and examples may show one."""
    code = [*(PROJECT / "src").rglob("*.py"), *(PROJECT / "workflow").rglob("*.smk")]
    spelt = {
        path.relative_to(PROJECT).as_posix(): line
        for path in code
        for line in re.sub(r'"""(?s:.*?)"""|^#.*', "", path.read_text("utf-8"), flags=re.M).splitlines()
        if "results/{" in line or STAGE.search(line)
    }
    assert list(spelt) == ["src/weakseg3d/experiment/paths.py"]


def test_logs_and_benchmarks_are_named_after_the_step_and_its_file():
    assert paths.log("split", paths.MASK) == "results/{experiment}/logs/split/{dataset}/{organ}/{case}.log"
    assert paths.benchmark("train", paths.TRAINING) == (
        "results/{experiment}/benchmarks/train/{dataset}/{organ}/{annotation}/{method}/seed-{seed}.tsv"
    )
    assert paths.log("report") == "results/{experiment}/logs/report.log"


@pytest.mark.parametrize("path", [paths.MASK, "results/a/4_masks/d/o/@test.nii.gz"])
def test_a_record_stands_for_the_files_of_a_batch(path):
    record = path.replace("/4_masks", "/batches/4_masks") + ".json"
    assert paths.tracked(path, "case") == path
    assert paths.tracked(path, "split") == paths.record(path) == record


@pytest.mark.parametrize("path", [paths.MODEL, paths.EFFORT, paths.ALL_METRICS, "results/a/4_masks/d/o/7.nii.gz"])
def test_what_belongs_to_no_batch_is_known_by_itself(path):
    assert paths.tracked(path, "split") == path


def test_a_path_part_spells_out_every_parameter():
    assert paths.path_part("points", {"number": 100, "seed": 0}) == "points_number-100_seed-0"
    assert paths.path_part("box", {}) == "box"
