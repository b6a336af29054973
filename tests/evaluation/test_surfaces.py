"""Surfaces, boxes and distances against values derived by hand and against SciPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import binary_erosion, find_objects

from weakseg3d.evaluation import surfaces

SPACING = (3.0, 0.5, 0.7)


def test_only_inner_voxels_are_not_surface():
    cube = np.zeros((5, 5, 5), bool)
    cube[1:4, 1:4, 1:4] = True
    expected = cube.copy()
    expected[2, 2, 2] = False
    assert np.array_equal(surfaces.surface(cube), expected)


def test_the_volume_border_counts_as_outside():
    full = np.ones((3, 3, 3), bool)
    assert np.count_nonzero(surfaces.surface(full)) == 26


@settings(max_examples=60)
@given(arrays(bool, (3, 4, 5)))
def test_the_surface_is_what_an_erosion_removes(mask):
    assert np.array_equal(surfaces.surface(mask), mask & ~binary_erosion(mask))


@settings(max_examples=60)
@given(arrays(bool, (3, 4, 5)).filter(np.any))
def test_the_box_is_the_smallest(mask):
    assert surfaces.bounding_box(mask) == find_objects(mask.astype(int))[0]


def test_two_voxels_at_anisotropic_spacing():
    prediction, reference = np.zeros((4, 4, 4), bool), np.zeros((4, 4, 4), bool)
    prediction[0, 0, 0] = True
    reference[1, 2, 0] = True
    there, back = surfaces.surface_distances(prediction, reference, SPACING)
    # One step of 3 mm along z and two of 0.5 mm along y.
    assert there.tolist() == back.tolist() == [pytest.approx(np.hypot(3.0, 1.0))]


@pytest.mark.parametrize("crowded", [0.0, 1.0], ids=["distance map", "k-d tree"])
def test_both_ways_of_searching_agree(monkeypatch, crowded):
    rng = np.random.default_rng(1)
    start, target = rng.random((2, 6, 9, 8)) > 0.8
    monkeypatch.setattr(surfaces, "CROWDED", crowded)
    monkeypatch.setattr(surfaces, "CROWDED_WITHIN_LIMIT", crowded)
    distances = surfaces.nearest_distances(start, target, SPACING)
    between = (np.argwhere(start)[:, None] - np.argwhere(target)[None]) * SPACING
    expected = np.linalg.norm(between, axis=-1).min(axis=1)
    assert np.allclose(distances, expected, rtol=1e-12, atol=1e-12)
    limited = surfaces.nearest_distances(start, target, SPACING, limit=0.6)
    assert np.array_equal(limited[expected < 0.6], distances[expected < 0.6])
    assert (limited[expected >= 0.6] >= 0.6).all()


masks = arrays(bool, (3, 4, 5)).filter(np.any)


@settings(max_examples=60)
@given(masks, masks, st.integers(0, 3))
def test_padding_changes_nothing(prediction, reference, margin):
    plain = surfaces.surface_distances(prediction, reference, SPACING)
    padded = surfaces.surface_distances(np.pad(prediction, margin), np.pad(reference, margin), SPACING)
    for a, b in zip(plain, padded, strict=True):
        assert np.allclose(a, b, rtol=1e-12, atol=1e-12)
