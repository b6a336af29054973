"""The data of the viewer of slices: masks as runs, scans as sprites, within the size limits."""

import base64
import io
import json

import matplotlib.image
import numpy as np
import pytest
import SimpleITK as sitk
from conftest import make_volume
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from small_experiment import ORIGINAL, SHAPE, ellipsoid, report, small_experiment, write

from weakseg3d.evaluation.long_table import read_metrics
from weakseg3d.report.page import viewer
from weakseg3d.report.page.viewer import runs, sprite, viewer_cases
from weakseg3d.report.results import Results


def decode(text, size):
    flat, organ = [], False
    for run in text.split():
        flat += [organ] * int(run, 36)
        organ = not organ
    assert len(flat) == size
    return np.array(flat)


def test_runs_by_hand():
    assert runs(np.array([[[0, 0, 1], [1, 1, 0]]])) == "2 3 1"
    assert runs(np.array([[[1, 0]]])) == "0 1 1"
    assert runs(np.zeros((2, 6, 3))) == "10"


@given(arrays(bool, array_shapes(min_dims=3, max_dims=3, max_side=6)))
def test_runs_keep_every_voxel(mask):
    assert (decode(runs(mask), mask.size) == mask.ravel()).all()


def pixels(address):
    head, _, data = address.partition(",")
    assert head == "data:image/jpeg;base64"
    return matplotlib.image.imread(io.BytesIO(base64.b64decode(data)), format="jpg")


@given(st.integers(0, 200))
def test_grey_levels_fill_the_window(level):
    picture = pixels(sprite(np.full((2, 8, 8), level, np.float32), window=(0, 100)))
    assert picture.shape[:2] == (16, 8)
    assert abs(int(picture[0, 0, 0]) - min(level, 100) * 2.55) <= 3


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return Results(small_experiment(tmp_path_factory.mktemp("viewer")))


def cases_of(results, most=4):
    rows = read_metrics(results.folder / "tables/metrics.csv")
    return viewer_cases(results, rows, ["good", "poor", "truth", "empty"], most)


def test_cases_masks_and_scores(results):
    entries, warnings = cases_of(results)
    assert warnings == []
    assert [(entry["organ"], entry["case"]) for entry in entries] == [("blob", "1"), ("blob", "2"), ("blob", "3")]
    assert [mask["name"] for mask in entries[0]["masks"]] == ["reference", "good", "poor"]
    missed = entries[2]["masks"][2]
    assert (missed["dice"], missed["status"]) == (0, "empty_prediction")
    assert entries[0]["masks"][1]["dice"] == pytest.approx(0.93, abs=0.05)
    assert len(cases_of(results, most=1)[0]) == 1
    assert cases_of(results, most=0)[0] == []
    json.dumps(entries)


def test_masks_and_scan_are_turned_alike(results):
    """The volume is stored flipped and oblique, and the masks still cover the organ in the scan."""
    entry = cases_of(results)[0][0]
    columns, rows, slices = entry["size"]
    assert (slices, rows, columns) == SHAPE
    grey = pixels(entry["image"])[..., 0].reshape(slices, rows, columns)
    reference = decode(entry["masks"][0]["runs"], grey.size).reshape(grey.shape)
    assert reference.sum() == ellipsoid().sum()
    assert grey[reference].mean() > grey[~reference].mean() + 80
    assert entry["aspect"] == pytest.approx(0.75)


def test_a_large_scan_is_made_coarser(tmp_path, monkeypatch):
    results = Results(small_experiment(tmp_path))
    monkeypatch.setattr(viewer, "MAX_SIZE", (17, 10, 12))
    entry = cases_of(results)[0][0]
    assert entry["size"] == [17, 10, 12]
    assert entry["aspect"] == pytest.approx(3 * 1.5 / (2 * 2.0))
    voxels = decode(entry["masks"][0]["runs"], 17 * 10 * 12).sum()
    assert voxels == pytest.approx(ellipsoid().sum() / 6, rel=0.1)


def test_cases_without_room_are_named(results, monkeypatch):
    entries = cases_of(results)[0]
    monkeypatch.setattr(viewer, "MAX_BYTES", 2 * len(entries[0]["image"]))
    kept, left_out = viewer.within_size(entries)
    assert [entry["case"] for entry in kept] == ["1"]
    assert left_out == ["2 (blob, toy)", "3 (blob, toy)"]


def test_the_size_of_a_scan_is_limited():
    """The JPEG of 128 x 128 x 48 voxels of noise, which compresses worst, stays below 2 MB."""
    noise = np.random.default_rng(0).normal(0, 30, (48, 128, 128)).astype(np.float32)
    assert len(sprite(noise)) < 2e6


def test_only_the_largest_component_is_shown_if_only_it_is_evaluated(tmp_path):
    folder = small_experiment(tmp_path)
    two = ellipsoid()
    two[0, 0, 0] = 1
    write(make_volume(two, **ORIGINAL), folder / "8_predictions/toy/blob/points/good/seed-0/1.nii.gz")
    voxels = []
    for largest in (False, True):
        record = json.loads((folder / "tables/provenance.json").read_text(encoding="utf-8"))
        (folder / "tables/provenance.json").write_text(json.dumps(record | {"largest_component": largest}))
        entry = cases_of(Results(folder))[0][0]
        voxels.append(decode(entry["masks"][1]["runs"], np.prod(SHAPE)).sum())
    assert voxels == [ellipsoid().sum() + 1, ellipsoid().sum()]


def test_a_missing_prediction_is_left_out_of_the_viewer_and_a_broken_one_is_rejected(tmp_path, capsys):
    folder = small_experiment(tmp_path)
    path = folder / "8_predictions/toy/blob/points/good/seed-0/1.nii.gz"
    path.unlink()
    assert [mask["name"] for mask in cases_of(Results(folder))[0][0]["masks"]] == ["reference", "poor"]
    probability = make_volume(np.full(SHAPE, 0.3, np.float32), **ORIGINAL)
    sitk.WriteImage(probability, str(path))
    before = set(folder.rglob("*"))
    capsys.readouterr()
    assert report(folder) == 2
    message = capsys.readouterr().err
    assert "good/seed-0/1.nii.gz: not a label map" in message
    assert message.count("\n") == 1
    assert set(folder.rglob("*")) == before
