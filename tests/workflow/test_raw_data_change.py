"""Raw data of the user's own: a corrected label is imported again, a folder that has moved is not."""

import re
import shutil
import zipfile

import pytest
import SimpleITK as sitk
import yaml
from tiny_grid import copy_of_the_repository, finished_run

STEPS = ["--until", "split_labels", "split_original_labels"]


def configure(grid, batch, raw):
    config = yaml.safe_load((grid / "tiny.yaml").read_text(encoding="utf-8"))
    config |= {"batch": batch, "raw": {"hospital": raw}}
    (grid / "tiny.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")


def jobs(output):
    """Return ``{rule: number of jobs}`` of a run or a dry run."""
    return {rule: int(number) for rule, number in re.findall(r"^(\w+) +(\d+)$", output, re.M)}


@pytest.fixture
def grid(request, tmp_path):
    """A copy of the repository whose raw data lie in a folder, imported and split."""
    grid = copy_of_the_repository(tmp_path / "copy")
    with zipfile.ZipFile(grid / "scans/RawData.zip") as archive:
        archive.extractall(grid / "raw")
    configure(grid, request.param, "raw")
    finished_run(grid, "--cores", "2", *STEPS)
    return grid, request.param


@pytest.mark.parametrize("grid", ["case"], indirect=True)
def test_a_moved_folder_imports_nothing_again(grid):
    grid, batch = grid
    shutil.move(grid / "raw", grid / "moved")
    configure(grid, batch, "moved")
    planned = jobs(finished_run(grid, "--cores", "2", *STEPS))
    assert planned["download"] == 1
    assert not planned.keys() & {"raw_content", "import_case", "resample", "split_labels"}
    assert not jobs(finished_run(grid, "--dry-run", *STEPS)).get("total")


@pytest.mark.parametrize("grid", ["case", "split"], indirect=True)
def test_a_corrected_label_reaches_the_results_and_touches_no_other_case(grid):
    grid, batch = grid
    results = grid / "results/tiny"
    imported = {path: path.stat().st_mtime_ns for path in results.glob("2_cases/hospital/*/*.nii.gz")}
    path = grid / "raw/RawData/Training/label/label0002.nii.gz"
    label = sitk.ReadImage(str(path))
    sitk.WriteImage(sitk.BinaryDilate(sitk.Cast(label, sitk.sitkUInt8)), str(path))
    before = (results / "4_masks/hospital/spleen/0002.nii.gz").read_bytes()
    ran = jobs(finished_run(grid, "--cores", "2", *STEPS))
    assert (ran["raw_content"], ran["import_case"]) == (1, 1)
    assert (results / "4_masks/hospital/spleen/0002.nii.gz").read_bytes() != before
    changed = {path.parent.name for path, time in imported.items() if path.stat().st_mtime_ns != time}
    assert changed == {"0002"}
