"""Clicks: distances in mm, reproducible draws, world coordinates of the right voxels."""

import numpy as np
import pytest
import SimpleITK as sitk
from conftest import make_volume

from weakseg3d.annotations.points import points as annotate_points
from weakseg3d.annotations.points import voxels_of_rank
from weakseg3d.annotations.world import to_voxels


def voxels_of(points, image):
    return np.round(to_voxels(points, image)).astype(int)


def test_distances_are_millimetres():
    mask = make_volume(np.ones((3, 1, 9), np.uint8), (1.0, 1.0, 10.0))
    clicks = voxels_of(annotate_points(mask, number=2, candidate_share=1.0).points_of("organ"), mask)
    assert set(clicks[:, 0]) == {0, 2}


def test_clicks_lie_in_their_class_on_an_oblique_volume(oblique_mask):
    array = sitk.GetArrayFromImage(oblique_mask)
    annotation = annotate_points(oblique_mask, number=30, background=40, seed=3)
    assert (array[tuple(voxels_of(annotation.points_of("organ"), oblique_mask).T)] == 1).all()
    assert (array[tuple(voxels_of(annotation.points_of("background"), oblique_mask).T)] == 0).all()
    assert len(annotation.points_of("organ")) == 30
    assert len(annotation.points_of("background")) == 40


def test_the_seed_alone_decides(oblique_mask):
    first, again, other = (annotate_points(oblique_mask, number=20, background=5, seed=s) for s in (1, 1, 2))
    assert (first.points_of("organ") == again.points_of("organ")).all()
    assert (first.points_of("background") == again.points_of("background")).all()
    assert (first.points_of("organ") != other.points_of("organ")).any()


def test_organ_clicks_do_not_depend_on_background_clicks(oblique_mask):
    without, with_background = (annotate_points(oblique_mask, number=20, background=b) for b in (0, 50))
    assert (without.points_of("organ") == with_background.points_of("organ")).all()


def test_a_tiny_organ_gets_as_many_clicks_as_it_has_voxels():
    array = np.zeros((5, 5, 5), np.uint8)
    array[2, 2, 1:4] = 1
    assert len(annotate_points(make_volume(array), number=200).points_of("organ")) == 3
    assert len(annotate_points(make_volume(np.zeros_like(array)), number=200).points_of("organ")) == 0


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_candidates_are_a_share_of_the_organ(share):
    mask = make_volume(np.ones((10, 10, 10), np.uint8))
    candidates, few = (
        {tuple(click) for click in annotate_points(mask, n, share, sampling="random").points_of("organ")}
        for n in (round(1000 * share), 30)
    )
    assert len(candidates) == round(1000 * share)
    assert len(few) == 30
    assert few <= candidates


def test_voxels_are_drawn_in_the_order_of_the_array():
    where = np.random.default_rng(0).random((6, 5, 7)) < 0.3
    where[[0, 3]] = False
    ranks = np.random.default_rng(1).permutation(np.count_nonzero(where))
    np.testing.assert_array_equal(voxels_of_rank(where, ranks), np.argwhere(where)[ranks])
    assert voxels_of_rank(where, ranks[:0]).shape == (0, 3)
