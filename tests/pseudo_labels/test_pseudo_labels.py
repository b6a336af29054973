"""Pseudo labels: the published numbers, and cases derived by hand."""

from pathlib import Path

import numpy as np
import pytest
from conftest import make_volume, oblique_direction

from weakseg3d.annotations.box import annotate_box
from weakseg3d.annotations.markups import Annotation, write_markups
from weakseg3d.cli import main
from weakseg3d.errors import UserError
from weakseg3d.pseudo_labels.box import box_label
from weakseg3d.pseudo_labels.gaussian import gaussian_label
from weakseg3d.pseudo_labels.geodesic import geodesic_distance, geodesic_label
from weakseg3d.pseudo_labels.points import sparse_label
from weakseg3d.volumes import write_volume

DATA = Path(__file__).parents[1] / "data"


@pytest.mark.parametrize("sigma", [3, 10])
def test_gaussian_label_equals_the_published_code(sigma):
    golden = np.load(DATA / f"gaussian_label_delta_{sigma}.npz")
    label = gaussian_label(np.argwhere(golden["points"]), golden["points"].shape, (1, 1, 1), float(golden["delta"]))
    np.testing.assert_allclose(label, golden["label"], rtol=1e-5, atol=1e-6)


def test_gaussian_label_is_in_millimetres():
    label = gaussian_label([[5, 5, 5]], (11, 11, 11), (2.0, 1.0, 1.0), 2.0)
    assert label[5, 5, 5] == 1.0
    assert label[6, 5, 5] == pytest.approx(label[5, 7, 5])
    assert label[5, 5, 7] == pytest.approx(np.exp(-0.5), rel=1e-4)


def test_gaussian_label_without_clicks_is_zero():
    assert not gaussian_label(np.zeros((0, 3)), (4, 4, 4), (1, 1, 1), 3.0).any()


@pytest.mark.parametrize("sigma", [0.4, 1.5, 6.0, 500.0])
def test_gaussian_label_equals_the_formula(sigma):
    shape, spacing = (9, 14, 40), np.array([2.5, 1.0, 0.8])
    points = np.random.default_rng(0).uniform(-3, np.array(shape) + 3, (30, 3))
    offsets = (np.stack(np.indices(shape), axis=-1)[..., None, :] - points) * spacing
    total = np.exp(-(offsets**2).sum(axis=-1) / (2 * sigma**2)).sum(axis=-1)
    expected = (total - total.min()) / (total.max() - total.min())
    atol = 1e-6 * total.max() / (total.max() - total.min())
    np.testing.assert_allclose(gaussian_label(points, shape, spacing, sigma), expected, rtol=1e-5, atol=atol)


@pytest.mark.parametrize("sigma", ["0", "-3", "nan", "inf"])
def test_sigma_is_a_finite_number_above_0(tmp_path, capsys, sigma):
    write_volume(make_volume(np.zeros((4, 4, 4), np.uint8)), tmp_path / "image.nii.gz")
    write_markups(Annotation({"organ": np.ones((1, 3))}), tmp_path / "clicks.mrk.json")
    files = ["--annotation", tmp_path / "clicks.mrk.json", "--image", tmp_path / "image.nii.gz"]
    command = ["pseudolabel", *files, "--out", tmp_path / "soft.nii.gz", "gaussian", f"--sigma={sigma}"]
    assert main([str(word) for word in command]) == 2
    assert "must be a finite number above 0" in capsys.readouterr().err


def test_sparse_label_marks_clicks_and_nothing_else():
    label = sparse_label(np.array([[1, 1, 1]]), np.array([[0, 0, 0], [3, 3, 3]]), (4, 4, 4))
    assert label[1, 1, 1] == 1
    assert label[0, 0, 0] == label[3, 3, 3] == 0
    assert (label == 2).sum() == 61
    with pytest.raises(UserError, match="1 points lie outside the image"):
        sparse_label(np.array([[4, 0, 0]]), np.zeros((0, 3)), (4, 4, 4))


def test_a_box_drawn_round_a_mask_is_filled_on_its_grid():
    array = np.zeros((10, 12, 14), np.uint8)
    array[2:7, 3:9, 5:11] = 1
    mask = make_volume(array, (1.5, 0.8, 3.0), (3, 4, 5), oblique_direction())
    assert (box_label(annotate_box(mask).boxes, mask) == array).all()


def test_geodesic_distance_is_the_exact_shortest_path():
    golden = np.load(DATA / "geodesic_distance.npz")
    distance = geodesic_distance(golden["image"], golden["seeds"], golden["spacing"], float(golden["lam"]))
    exact = golden["exact_26_neighbour"]
    np.testing.assert_allclose(distance, exact, rtol=1e-4, atol=1e-4 * exact.max())
    assert (distance <= golden["raster_scan_4_iterations"] * (1 + 1e-4) + 1e-5).all()


def test_a_straight_line_on_a_constant_image_is_as_long_as_it_is():
    seeds = np.zeros((3, 3, 9), bool)
    seeds[1, 1, 0] = True
    distance = geodesic_distance(np.zeros(seeds.shape), seeds, (5.0, 2.0, 1.5), weight=0.0)
    assert distance[1, 1, 8] == pytest.approx(8 * 1.5)
    assert distance[1, 2, 0] == pytest.approx(2.0)
    assert distance[2, 2, 1] == pytest.approx(np.sqrt(25 + 4 + 2.25))


def test_geodesic_label_knows_its_box():
    image = np.zeros((9, 9, 9))
    organ, faces = np.array([[4.0, 4, 4]]), np.array([[1, 4, 4], [7, 4, 4], [4, 1, 4], [4, 7, 4], [4, 4, 1], [4, 4, 7]])
    label = geodesic_label(image, organ, faces, (1, 1, 1))
    assert label[4, 4, 4] == 1
    assert label[0].max() == label[:, :, 8].max() == 0
    assert label[1:8, 1:8, 1:8].min() == 1
    assert label[1, 1, 1] == 2
