"""Scribbles inside the organ weighed against scribbles outside."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from label_verb import GRIDS, SHAPE, image_on, label_of
from scipy.ndimage import distance_transform_edt
from scipy.special import expit

from weakseg3d.images.labels import IGNORE
from weakseg3d.pseudo_labels.scribbles_gaussian import scribbles_label


def test_two_voxels_by_hand():
    labels = np.full((1, 1, 11), IGNORE, np.uint8)
    labels[0, 0, 2], labels[0, 0, 8] = 1, 0
    label = scribbles_label(labels, (1.0, 1.0, 1.5), 3.0)[0, 0]
    inner, outer = (np.exp(-(((np.arange(11) - x) * 1.5) ** 2) / (2 * 3.0**2)) for x in (2, 8))
    expected = inner / (inner + outer)
    expected[[2, 8]] = 1, 0
    np.testing.assert_allclose(label, expected, rtol=1e-5)
    assert label[5] == 0.5


def test_zero_is_not_divided_by_zero_far_from_all_curves():
    labels = np.full((3, 3, 2000), IGNORE, np.uint8)
    labels[1, 1, 0], labels[1, 1, 3] = 1, 0
    with np.errstate(all="raise", under="ignore"):
        label = scribbles_label(labels, (1, 1, 1), 0.5)
    assert np.isfinite(label).all()
    assert label[1, 1, 1] > 0.5 > label[1, 1, 2]
    assert not label[:, :, 100:].any()


@settings(max_examples=60)
@given(
    arrays(np.uint8, (4, 5, 6), elements=st.integers(0, 2)).filter(lambda a: (a == 0).any()),
    st.tuples(*[st.floats(0.5, 5)] * 3),
    st.floats(0.5, 30),
)
def test_any_scribbles_follow_the_formula(labels, spacing, sigma):
    label = scribbles_label(labels, spacing, sigma)
    assert label.dtype == np.float32
    assert 0 <= label.min() <= label.max() <= 1
    known = labels != IGNORE
    assert (label[known] == labels[known]).all()
    if not (labels == 1).any():
        assert not label.any()
        return
    voxels = np.stack(np.indices(labels.shape), axis=-1) * spacing
    squared_in, squared_out = (
        ((voxels[..., None, :] - voxels[labels == value]) ** 2).sum(axis=-1).min(axis=-1) for value in (1, 0)
    )
    with np.errstate(over="ignore"):
        expected = 1 / (1 + np.exp((squared_in - squared_out) / (2 * sigma**2)))
    np.testing.assert_allclose(label[~known], expected[~known], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("axis", range(3))
def test_the_label_is_that_of_distances_in_the_whole_volume(axis):
    generator = np.random.default_rng(0)
    labels = np.full((24, 31, 37), IGNORE, np.uint8)
    for index in (3, 9, 15):
        drawn = np.moveaxis(labels, axis, 0)[index]
        drawn[generator.random(drawn.shape) < 0.02] = index // 9 % 2
    to_outside, to_inside = (distance_transform_edt(labels != value, sampling=(2, 1, 1)) ** 2 for value in (0, 1))
    expected = expit((to_outside - to_inside) / (2 * 4**2)).astype(np.float32)
    expected[labels != IGNORE] = labels[labels != IGNORE]
    np.testing.assert_array_equal(scribbles_label(labels, (2, 1, 1), 4), expected)


@pytest.mark.parametrize("grid", GRIDS)
def test_the_border_is_half_way_in_millimetres(tmp_path, grid):
    image = image_on(grid)
    spacing = np.array(image.GetSpacing())[::-1]
    labels = np.full(SHAPE, IGNORE, np.uint8)
    labels[9, 11, 13] = 1
    labels[9, 11, 23] = labels[17, 11, 13] = 0
    label = label_of(tmp_path, image, labels, "scribbles-gaussian", "--sigma", 8)
    assert label[9, 11, 18] == label[13, 11, 13] == 0.5
    expected = 1 / (1 + np.exp(-((4 * spacing[2]) ** 2 - (6 * spacing[2]) ** 2) / (2 * 8**2)))
    assert label[9, 11, 19] == pytest.approx(expected, rel=1e-4)
