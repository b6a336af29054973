"""PW4MedSeg's soft label: the formula, known background, and the clicks themselves."""

import numpy as np
import pytest
from label_verb import CLICK, FACES, GRIDS, image_on, label_of, points

from weakseg3d.pseudo_labels.gaussian import gaussian_label
from weakseg3d.pseudo_labels.points import sparse_label


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
    clicks = np.random.default_rng(0).uniform(-3, np.array(shape) + 3, (30, 3))
    offsets = (np.stack(np.indices(shape), axis=-1)[..., None, :] - clicks) * spacing
    total = np.exp(-(offsets**2).sum(axis=-1) / (2 * sigma**2)).sum(axis=-1)
    expected = (total - total.min()) / (total.max() - total.min())
    atol = 1e-6 * total.max() / (total.max() - total.min())
    np.testing.assert_allclose(gaussian_label(clicks, shape, spacing, sigma), expected, rtol=1e-5, atol=atol)


def test_known_background_changes_only_its_own_voxels():
    clicks, background = np.array([[5.0, 5, 5]]), np.array([[5.0, 5, 7], [5, 6.4, 5]])
    plain = gaussian_label(clicks, (11, 11, 11), (1, 1, 1), 2.0)
    label = gaussian_label(clicks, (11, 11, 11), (1, 1, 1), 2.0, background)
    changed = label != plain
    assert np.argwhere(changed).tolist() == [[5, 5, 7], [5, 6, 5]]
    assert not label[changed].any()


def test_a_voxel_with_clicks_of_both_classes_is_organ():
    clicks = np.array([[2.0, 2, 2], [6, 6, 6]])
    label = gaussian_label(clicks, (9, 9, 9), (1, 1, 1), 1.0, np.array([[6.2, 6, 6]]))
    assert label[6, 6, 6] == label[2, 2, 2] == 1


@pytest.mark.parametrize("grid", GRIDS)
def test_seven_points_give_one_gaussian_and_six_zeros(tmp_path, grid):
    image = image_on(grid)
    label = label_of(tmp_path, image, points(image, ([CLICK], FACES)), "gaussian", "--sigma", 20)
    assert label.dtype == np.float32
    assert np.unravel_index(label.argmax(), label.shape) == tuple(CLICK.astype(int))
    on_faces = label[tuple(FACES.astype(int).T)]
    assert not on_faces.any()
    assert label[4, 11, 13] > 0


def test_sparse_label_marks_only_the_clicks():
    label = sparse_label(np.array([[1, 1, 1]]), np.array([[0, 0, 0], [3, 3, 3]]), (4, 4, 4))
    assert label[1, 1, 1] == 1
    assert label[0, 0, 0] == label[3, 3, 3] == 0
    assert (label == 2).sum() == 61


@pytest.mark.parametrize("grid", GRIDS)
def test_clicks_of_all_targets_become_points(tmp_path, grid):
    image = image_on(grid)
    annotation = points(image, ([CLICK], FACES), ([[1, 2, 3]], [[0, 0, 0]]))
    label = label_of(tmp_path, image, annotation, "points")
    assert {tuple(v) for v in np.argwhere(label == 1)} == {(9, 11, 13), (1, 2, 3)}
    assert (label == 0).sum() == 7


def test_a_click_up_to_half_a_voxel_beyond_the_image_counts_as_on_its_edge(tmp_path):
    image = image_on("oblique")
    label = label_of(tmp_path, image, points(image, ([[-0.45, 3, 27.45]], [])), "points")
    assert np.argwhere(label == 1).tolist() == [[0, 3, 27]]
