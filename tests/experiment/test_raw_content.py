"""The digest of a case's raw files follows their content, wherever they are."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import make_volume

from weakseg3d.experiment import raw_content
from weakseg3d.experiment.from_config import load_experiment
from weakseg3d.experiment.raw_content import RawContent
from weakseg3d.images.volumes import write_volume

DEMO = yaml.safe_load((Path(__file__).parents[2] / "config/config.yaml").read_text(encoding="utf-8"))


def write_scans(folder, value=1):
    """Write three cases as BTCV has them, the second with ``value`` in its label."""
    for number in (1, 2, 3):
        for kind in ("img", "label"):
            array = np.full((2, 3, 4), value if (number, kind) == (2, "label") else 1, np.uint8)
            write_volume(make_volume(array), folder / f"RawData/Training/{kind}/{kind}{number:04d}.nii.gz")
    return folder


@pytest.fixture
def content(tmp_path, monkeypatch):
    """Return a function that gives ``{case: content}`` of the raw data at a path, as a new run sees it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "split.csv").write_text("case,split\n0001,train\n0002,train\n0003,test\n", encoding="utf-8")

    def of(raw):
        changes = {"datasets": {"btcv": ["spleen"]}, "raw": {"btcv": str(raw)}, "splits": {"btcv": "split.csv"}}
        digests = RawContent(load_experiment(DEMO | changes))
        return {case: digests.of_case("btcv", case) for case in ("0001", "0002", "0003")}

    return of


def test_a_corrected_label_changes_the_content_of_its_case_alone(content, tmp_path):
    before = content(write_scans(tmp_path / "scans"))
    after = content(write_scans(tmp_path / "scans", value=3))
    assert [case for case in before if after[case] != before[case]] == ["0002"]


@pytest.mark.parametrize("move", [shutil.move, shutil.copytree])
def test_another_place_is_the_same_content(content, tmp_path, move):
    before = content(write_scans(tmp_path / "scans"))
    move(tmp_path / "scans", tmp_path / "elsewhere")
    assert content(tmp_path / "elsewhere") == before
    assert content(tmp_path / "elsewhere" / "RawData") == before


def test_new_dates_are_the_same_content_and_no_file_is_read_twice(content, tmp_path, monkeypatch):
    before, read = content(write_scans(tmp_path / "scans")), []
    digest = raw_content.file_digest
    monkeypatch.setattr(raw_content, "file_digest", lambda path: read.append(path.name) or digest(path))
    assert content(tmp_path / "scans") == before
    assert read == []
    os.utime(tmp_path / "scans/RawData/Training/img/img0003.nii.gz", (1, 1))
    assert content(tmp_path / "scans") == before
    assert read == ["img0003.nii.gz"]


def test_an_archive_counts_as_a_whole(content, tmp_path):
    write_scans(tmp_path / "scans")
    archive = shutil.make_archive(str(tmp_path / "RawData"), "zip", tmp_path / "scans")
    before = content(archive)
    shutil.copy(archive, tmp_path / "other.zip")
    assert content(tmp_path / "other.zip") == before
    (tmp_path / "folder").mkdir()
    shutil.copy(archive, tmp_path / "folder")
    assert content(tmp_path / "folder") == before
    write_scans(tmp_path / "scans", value=3)
    after = content(shutil.make_archive(str(tmp_path / "RawData"), "zip", tmp_path / "scans"))
    assert not set(after.values()) & set(before.values())


def test_a_damaged_memory_is_made_again(content, tmp_path):
    before = content(write_scans(tmp_path / "scans"))
    (tmp_path / raw_content.MEMORY).write_text("{", encoding="utf-8")
    assert content(tmp_path / "scans") == before


def test_embedded_data_depend_on_how_they_are_made():
    one, other = (RawContent(load_experiment(DEMO)), RawContent(load_experiment(DEMO)))
    assert one.of_case("phantom_ct", "0001") == other.of_case("phantom_ct", "0001")
    other.experiment.datasets["phantom_ct"].description["access"] = {
        "phantom": {"modality": "ct", "cases": 9, "seed": 1}
    }
    assert one.of_case("phantom_ct", "0001") != other.of_case("phantom_ct", "0001")
