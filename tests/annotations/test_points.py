"""Clicks: exact farthest point sampling, reproducible draws, world coordinates of the right voxels."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from conftest import make_volume
from hypothesis import given
from hypothesis import strategies as st

from weakseg3d.annotations.points import annotate_points, farthest_point_sampling
from weakseg3d.annotations.world import to_voxels

DATA = Path(__file__).parents[1] / "data"


def voxels_of(points, image):
    return np.round(to_voxels(points, image)).astype(int)


def test_sampling_equals_the_published_code():
    golden = np.load(DATA / "farthest_point_sampling.npz")
    assert (farthest_point_sampling(golden["candidates"], int(golden["n"])) == golden["selected"]).all()


def test_ties_go_to_the_first_candidate():
    square = np.array([[0, 0, 0], [0, 0, 2], [0, 2, 0], [0, 2, 2]])
    assert farthest_point_sampling(square, 4).tolist() == [0, 3, 1, 2]


def test_distances_are_millimetres():
    mask = make_volume(np.ones((3, 1, 9), np.uint8), (1.0, 1.0, 10.0))
    clicks = voxels_of(annotate_points(mask, number=2, candidate_share=1.0).of("organ"), mask)
    assert set(clicks[:, 0]) == {0, 2}


@given(st.integers(1, 40), st.integers(0, 5))
def test_every_chosen_candidate_is_chosen_once(number, seed):
    candidates = np.unique(np.random.default_rng(seed).integers(0, 6, (60, 3)), axis=0)
    chosen = farthest_point_sampling(candidates, number)
    assert len(set(chosen.tolist())) == min(number, len(candidates))


def test_clicks_lie_in_their_class_on_an_oblique_volume(oblique_mask):
    array = sitk.GetArrayFromImage(oblique_mask)
    annotation = annotate_points(oblique_mask, number=30, background=40, seed=3)
    assert (array[tuple(voxels_of(annotation.of("organ"), oblique_mask).T)] == 1).all()
    assert (array[tuple(voxels_of(annotation.of("background"), oblique_mask).T)] == 0).all()
    assert len(annotation.of("organ")) == 30
    assert len(annotation.of("background")) == 40


def test_the_seed_alone_decides(oblique_mask):
    first, again, other = (annotate_points(oblique_mask, number=20, background=5, seed=s) for s in (1, 1, 2))
    assert (first.of("organ") == again.of("organ")).all()
    assert (first.of("background") == again.of("background")).all()
    assert (first.of("organ") != other.of("organ")).any()


def test_organ_clicks_do_not_depend_on_background_clicks(oblique_mask):
    without, with_background = (annotate_points(oblique_mask, number=20, background=b) for b in (0, 50))
    assert (without.of("organ") == with_background.of("organ")).all()


def test_a_tiny_organ_gets_as_many_clicks_as_it_has_candidates():
    array = np.zeros((5, 5, 5), np.uint8)
    array[2, 2, 1:4] = 1
    assert len(annotate_points(make_volume(array), number=200).of("organ")) == 2
    assert len(annotate_points(make_volume(np.zeros_like(array)), number=200).of("organ")) == 0


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_candidates_are_a_share_of_the_organ(share):
    mask = make_volume(np.ones((10, 10, 10), np.uint8))
    assert len(annotate_points(mask, number=10_000, candidate_share=share).of("organ")) == round(1000 * share)
