"""Seven points: their box contains the target however unsteady the hand, and every target has its own points."""

import numpy as np
import pytest
import SimpleITK as sitk
from conftest import make_volume, oblique_direction
from hypothesis import given, settings
from hypothesis import strategies as st
from random_masks import masks

from weakseg3d.annotations.connected_components import connected_components
from weakseg3d.annotations.markups import read_markups, write_markups
from weakseg3d.annotations.seven_points import seven_points as annotate_seven_points
from weakseg3d.annotations.world import to_voxels

BORDER = 1e-6
"""Conversion between world and voxel coordinates may move a point by this many voxels."""


def in_voxels(target, mask):
    return to_voxels(target["organ"], mask)[0], to_voxels(target["background"], mask)


def value_at(array, points):
    return array[tuple(np.rint(points).astype(int).T)]


def check_target(target, array, mask):
    """One click in the target, six on or beyond its faces, none outside the image."""
    inside, outside = in_voxels(target, mask)
    voxels, last = np.argwhere(array), np.array(array.shape) - 1
    assert outside.shape == (6, 3)
    assert value_at(array, inside) == 1
    for axis in range(3):
        low, high = outside[2 * axis, axis], outside[2 * axis + 1, axis]
        assert low <= voxels[:, axis].min() + BORDER
        assert high >= voxels[:, axis].max() - BORDER
    points = np.vstack([inside, outside])
    assert (points >= -BORDER).all()
    assert (points <= last + BORDER).all()


def two_blocks(gap=5, **geometry):
    """Return a mask of a block of 4 x 6 x 5 voxels, a block of 3 x 3 x 3 and a lone voxel."""
    array = np.zeros((20, 24, 30), np.uint8)
    array[3:7, 5:11, 4:9] = 1
    array[3:6, 5:8, 9 + gap : 12 + gap] = 1
    array[18, 20, 2] = 1
    return make_volume(array, **geometry)


@given(masks, st.floats(0.1, 20), st.sampled_from([0.0, 0.5, 3.0, 30.0]), st.integers(1, 3), st.integers(0, 2**32))
@settings(max_examples=60)
def test_the_points_of_every_target_enclose_the_target(mask, margin, jitter, targets, seed):
    labels, sizes = connected_components(sitk.GetArrayFromImage(mask) == 1)
    annotation = annotate_seven_points(mask, margin, jitter=jitter, targets=targets, seed=seed)
    assert len(annotation.targets) == (min(targets, len(sizes)) if targets > 1 else 1)
    for number, target in enumerate(annotation.targets, start=1):
        array = labels == number if targets > 1 else labels > 0
        check_target(target, array.astype(np.uint8), mask)


@pytest.mark.parametrize("jitter", [0.5, 4.0, 40.0])
@pytest.mark.parametrize("seed", range(30))
def test_a_jittered_annotator_still_clicks_outside_the_organs_voxels(oblique_mask, jitter, seed):
    array = sitk.GetArrayFromImage(oblique_mask)
    (target,) = annotate_seven_points(oblique_mask, margin=4.0, jitter=jitter, seed=seed).targets
    inside, outside = in_voxels(target, oblique_mask)
    check_target(target, array, oblique_mask)
    assert (value_at(array, outside) == 0).all()
    voxels = np.argwhere(array)
    for axis in range(3):
        assert outside[2 * axis, axis] <= voxels[:, axis].min() - 0.5 + BORDER
        assert outside[2 * axis + 1, axis] >= voxels[:, axis].max() + 0.5 - BORDER


def test_jitter_is_isotropic_in_millimetres():
    array = np.ones((24, 36, 32), np.uint8)
    mask = make_volume(array, (1.2, 0.8, 2.5), direction=oblique_direction())
    aimed = annotate_seven_points(mask).points_of("organ")[0]
    clicks = [annotate_seven_points(mask, jitter=3.0, seed=seed).points_of("organ")[0] for seed in range(20)]
    assert len(np.unique(clicks, axis=0)) == 20
    # The standard deviation of 60 independent coordinates has a standard error of 9 %.
    assert np.std(np.array(clicks) - aimed) == pytest.approx(3.0, rel=0.36)


def test_the_seed_alone_decides(oblique_mask):
    first, again, other, steady = (
        annotate_seven_points(oblique_mask, jitter=jitter, seed=seed).points_of("background")
        for seed, jitter in ((1, 2.0), (1, 2.0), (2, 2.0), (1, 0.0))
    )
    assert (first == again).all()
    assert (first != other).any()
    assert (steady == annotate_seven_points(oblique_mask).points_of("background")).all()


def test_points_by_hand():
    mask = two_blocks(spacing=(1.0, 2.0, 3.0))
    target, second = annotate_seven_points(mask, margin=6.0, targets=2).targets
    inside, outside = in_voxels(target, mask)
    # A margin of 6 mm is 2, 3 and 6 voxels along z, y and x. On a face of even width, the lower middle voxel is taken.
    assert outside[0].tolist() == pytest.approx([1, 7, 6])
    assert outside[1].tolist() == pytest.approx([8, 7, 6])
    assert outside[2].tolist() == pytest.approx([4, 2, 6])
    assert outside[3].tolist() == pytest.approx([4, 13, 6])
    assert outside[4].tolist() == pytest.approx([4, 7, 0])  # clipped at the image's border: 4 - 6 < 0
    # At 8 + 6 the click would hit the second block, which ends at 16.
    assert outside[5].tolist() == pytest.approx([4, 7, 17])
    # Along x the middle is 3 mm deep; rows at the edge are only 2 mm deep. The first of the deepest voxels is taken.
    assert inside.tolist() == pytest.approx([3, 6, 6])
    # In the second block, the middle is 2 mm deep in every row.
    assert in_voxels(second, mask)[0].tolist() == pytest.approx([3, 5, 15])


def test_with_one_target_the_whole_mask_is_enclosed():
    mask = two_blocks()
    (target,) = annotate_seven_points(mask, margin=1.0).targets
    check_target(target, sitk.GetArrayFromImage(mask), mask)


def test_the_largest_components_are_targets_with_independent_draws():
    mask = two_blocks(gap=8)
    two, three = (annotate_seven_points(mask, jitter=1.0, targets=n, seed=5).targets for n in (2, 3))
    assert len(two) == 2
    assert len(three) == 3
    for first, second in zip(two, three, strict=False):
        assert (first["background"] == second["background"]).all()
    every = annotate_seven_points(mask, targets=9).targets
    assert [np.rint(in_voxels(target, mask)[0]).tolist() for target in every] == [[4, 6, 5], [4, 6, 18], [18, 20, 2]]


def test_voxels_that_touch_at_corners_are_connected():
    array = np.zeros((4, 4, 4), bool)
    array[0, 0, 0] = array[1, 1, 1] = array[3, 3, 3] = True
    labels, sizes = connected_components(array)
    assert sizes.tolist() == [2, 1]
    assert labels[0, 0, 0] == labels[1, 1, 1] == 1
    assert labels[3, 3, 3] == 2


def test_a_jittered_background_click_lies_in_no_target():
    mask = two_blocks(gap=2)
    array = sitk.GetArrayFromImage(mask)
    for seed in range(30):
        annotation = annotate_seven_points(mask, jitter=3.0, targets=2, seed=seed)
        assert (value_at(array, to_voxels(annotation.points_of("background"), mask)) == 0).all()
        assert (value_at(array, to_voxels(annotation.points_of("organ"), mask)) == 1).all()


def test_an_organ_on_the_border_has_its_point_on_the_border():
    array = np.zeros((10, 12, 14), np.uint8)
    array[:5, 3:8, 9:] = 1
    mask = make_volume(array, (1.0, 1.0, 2.0))
    for jitter in (0.0, 2.0):
        outside = in_voxels(annotate_seven_points(mask, jitter=jitter).targets[0], mask)[1]
        assert outside[0, 0] == pytest.approx(0)
        assert outside[5, 2] == pytest.approx(13)


def test_a_voxel_too_small_to_hit_is_clicked_nevertheless():
    array = np.zeros((9, 9, 9), np.uint8)
    array[4, 4, 4] = 1
    mask = make_volume(array)
    assert np.rint(annotate_seven_points(mask, jitter=500.0).points_of("organ")).tolist() == [[4, 4, 4]]


@pytest.mark.parametrize("targets", [1, 3])
def test_an_empty_mask_has_no_targets(targets):
    empty = make_volume(np.zeros((4, 4, 4), np.uint8))
    assert annotate_seven_points(empty, jitter=1.0, targets=targets).targets == []


def test_targets_are_read_back_from_a_file(tmp_path):
    annotation = annotate_seven_points(two_blocks(), jitter=1.0, targets=3)
    write_markups(annotation, tmp_path / "a.mrk.json")
    read = read_markups(tmp_path / "a.mrk.json")
    assert len(read.targets) == 3
    for written, target in zip(annotation.targets, read.targets, strict=True):
        for name in ("organ", "background"):
            assert target[name] == pytest.approx(written[name], abs=1e-5)
