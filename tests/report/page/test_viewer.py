"""What the viewer of slices holds: masks as runs, scans as sprites, within its bounds."""

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
from weakseg3d.report.page.results import Results
from weakseg3d.report.page.viewer import runs, sprite, viewer_cases


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
    shown = pixels(sprite(np.full((2, 8, 8), level, np.float32), window=(0, 100)))
    assert shown.shape[:2] == (16, 8)
    assert abs(int(shown[0, 0, 0]) - min(level, 100) * 2.55) <= 3


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return Results(small_experiment(tmp_path_factory.mktemp("viewer")))


def cases_of(results, most=4):
    rows = read_metrics(results.folder / "tables/metrics.csv")
    return viewer_cases(results, rows, ["good", "poor", "truth", "empty"], most)


def test_cases_masks_and_scores(results):
    shown, warnings = cases_of(results)
    assert warnings == []
    assert [(one["organ"], one["case"]) for one in shown] == [("blob", "1"), ("blob", "2"), ("blob", "3")]
    assert [mask["name"] for mask in shown[0]["masks"]] == ["reference", "good", "poor"]
    missed = shown[2]["masks"][2]
    assert (missed["dice"], missed["status"]) == (0, "empty_prediction")
    assert shown[0]["masks"][1]["dice"] == pytest.approx(0.93, abs=0.05)
    assert len(cases_of(results, most=1)[0]) == 1
    assert cases_of(results, most=0)[0] == []
    json.dumps(shown)


def test_masks_lie_where_the_scan_shows_them(results):
    """The volume is stored flipped and oblique; scan and masks are turned alike."""
    one = cases_of(results)[0][0]
    columns, rows, slices = one["size"]
    assert (slices, rows, columns) == SHAPE
    grey = pixels(one["image"])[..., 0].reshape(slices, rows, columns)
    reference = decode(one["masks"][0]["runs"], grey.size).reshape(grey.shape)
    assert reference.sum() == ellipsoid().sum()
    assert grey[reference].mean() > grey[~reference].mean() + 80
    assert one["aspect"] == pytest.approx(0.75)


def test_a_large_scan_is_made_coarser(tmp_path, monkeypatch):
    results = Results(small_experiment(tmp_path))
    monkeypatch.setattr(viewer, "LARGEST", (17, 10, 12))
    one = cases_of(results)[0][0]
    assert one["size"] == [17, 10, 12]
    assert one["aspect"] == pytest.approx(3 * 1.5 / (2 * 2.0))
    voxels = decode(one["masks"][0]["runs"], 17 * 10 * 12).sum()
    assert voxels == pytest.approx(ellipsoid().sum() / 6, rel=0.1)


def test_what_has_no_room_is_named(results, monkeypatch):
    size = len(cases_of(results)[0][0]["image"])
    monkeypatch.setattr(viewer, "MOST_BYTES", 2 * size)
    shown, (warning,) = cases_of(results)
    assert [one["case"] for one in shown] == ["1"]
    assert "2 (blob, toy), 3 (blob, toy)" in warning


def test_the_whole_page_is_bounded(results):
    """Nothing but JPEGs of at most 128 x 128 x 48 voxels, and runs: noise, the hardest to pack, stays below 2 MB."""
    noise = np.random.default_rng(0).normal(0, 30, (48, 128, 128)).astype(np.float32)
    assert len(sprite(noise)) < 2e6


def test_only_the_largest_component_is_shown_where_that_is_evaluated(tmp_path):
    folder = small_experiment(tmp_path)
    two = ellipsoid()
    two[0, 0, 0] = 1
    write(make_volume(two, **ORIGINAL), folder / "8_predictions/toy/blob/points/good/seed-0/1.nii.gz")
    voxels = []
    for largest in (False, True):
        record = json.loads((folder / "tables/provenance.json").read_text(encoding="utf-8"))
        (folder / "tables/provenance.json").write_text(json.dumps(record | {"largest_component": largest}))
        one = cases_of(Results(folder))[0][0]
        voxels.append(decode(one["masks"][1]["runs"], np.prod(SHAPE)).sum())
    assert voxels == [ellipsoid().sum() + 1, ellipsoid().sum()]


def test_a_missing_prediction_is_left_out_of_the_viewer_and_a_broken_one_ends_in_a_sentence(tmp_path, capsys):
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
