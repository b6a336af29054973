"""Seven points, boxes and slices, on grids where axes or millimetres are easily confused."""

import numpy as np
import pytest
import SimpleITK as sitk
from conftest import make_volume
from hypothesis import given, settings
from hypothesis import strategies as st
from random_masks import masks

from weakseg3d.annotations.box import box as annotate_box
from weakseg3d.annotations.seven_points import seven_points as annotate_seven_points
from weakseg3d.annotations.slices import IGNORE
from weakseg3d.annotations.slices import slices as annotate_slices
from weakseg3d.annotations.world import to_voxels


def test_seven_points_enclose_the_organ_by_the_margin(oblique_mask):
    annotation = annotate_seven_points(oblique_mask, margin=4.0)
    array = sitk.GetArrayFromImage(oblique_mask)
    voxels, spacing = np.argwhere(array), np.array(oblique_mask.GetSpacing())[::-1]
    outer = to_voxels(annotation.points_of("background"), oblique_mask)
    assert outer.shape == (6, 3)
    assert np.allclose((voxels.min(axis=0) - outer.min(axis=0)) * spacing, 4.0)
    assert np.allclose((outer.max(axis=0) - voxels.max(axis=0)) * spacing, 4.0)
    inner = np.round(to_voxels(annotation.points_of("organ"), oblique_mask)).astype(int)
    assert inner.tolist() == [[12, 36, 28]] or array[tuple(inner[0])] == 1


def test_the_inner_point_is_the_deepest_in_millimetres():
    array = np.zeros((9, 20, 40), np.uint8)
    array[1:8, 5:15, 2:8] = 1  # many voxels thick, but the voxels are thin
    array[3:6, 5:15, 20:38] = 1
    mask = make_volume(array, (1.0, 1.0, 5.0))
    (x,) = to_voxels(annotate_seven_points(mask).points_of("organ"), mask)[:, 2]
    assert x > 8


def test_points_stay_inside_the_image():
    mask = make_volume(np.ones((4, 4, 4), np.uint8))
    outer = to_voxels(annotate_seven_points(mask, margin=10).points_of("background"), mask)
    assert outer.min() >= 0
    assert outer.max() <= 3


def test_a_box_fits_the_organ_exactly(oblique_mask):
    (box,) = annotate_box(oblique_mask).boxes
    voxels = np.argwhere(sitk.GetArrayFromImage(oblique_mask))
    extent = (np.ptp(voxels, axis=0) + 1)[::-1] * oblique_mask.GetSpacing()
    assert np.allclose(box.size, extent)
    middle = (voxels.min(axis=0) + voxels.max(axis=0)) / 2
    assert np.allclose(to_voxels(box.center, oblique_mask), middle)


def faces(box, mask):
    """Return the low and high faces (2, 3) of a box along the image's axes, in voxels (z, y, x)."""
    centre = to_voxels(box.center, mask)[0]
    half = box.size[::-1] / np.array(mask.GetSpacing())[::-1] / 2
    return np.array([centre - half, centre + half])


@given(masks, st.floats(0, 20), st.sampled_from([0.5, 3.0, 60.0]), st.integers(0, 2**32))
@settings(max_examples=60)
def test_an_unsteady_box_still_contains_the_middle_of_the_organ(mask, margin, jitter, seed):
    (box,) = annotate_box(mask, margin, jitter=jitter, seed=seed).boxes
    voxels = np.argwhere(sitk.GetArrayFromImage(mask))
    middle = (voxels.min(axis=0) + voxels.max(axis=0)) / 2
    low, high = faces(box, mask)
    assert (low <= middle - 0.5 + 1e-6).all()
    assert (high >= middle + 0.5 - 1e-6).all()


def test_each_face_of_a_box_moves_independently_in_millimetres(oblique_mask):
    still = faces(annotate_box(oblique_mask).boxes[0], oblique_mask)
    spacing = np.array(oblique_mask.GetSpacing())[::-1]
    moved = np.array(
        [
            (faces(annotate_box(oblique_mask, jitter=3.0, seed=seed).boxes[0], oblique_mask) - still) * spacing
            for seed in range(400)
        ]
    ).reshape(400, 6)
    # The standard deviation of 400 draws has a standard error of 3.5 %.
    assert moved.std(axis=0) == pytest.approx([3.0] * 6, rel=0.14)
    assert np.abs(moved.mean(axis=0)).max() < 0.6
    assert np.abs(np.corrcoef(moved.T) - np.eye(6)).max() < 0.2


def test_a_wide_margin_leaves_room_on_both_sides_of_the_face():
    mask = stack(10, 10)  # one slice, so without a margin a face could only move outwards
    lows = [faces(annotate_box(mask, 12.0, jitter=2.0, seed=seed).boxes[0], mask)[0, 0] for seed in range(300)]
    assert np.mean(lows) == pytest.approx(9.5 - 12.0, abs=0.5)  # 4 standard errors


def test_the_seed_decides_the_box(oblique_mask):
    first, again, other = (annotate_box(oblique_mask, jitter=2.0, seed=seed).boxes[0] for seed in (1, 1, 2))
    assert (first.size == again.size).all()
    assert (first.size != other.size).any()
    assert (annotate_box(oblique_mask, seed=1).boxes[0].size == annotate_box(oblique_mask).boxes[0].size).all()


def stack(first, last, length=20):
    """Return a mask that extends over slices ``first`` to ``last``."""
    array = np.zeros((length, 5, 5), np.uint8)
    array[first : last + 1, 1:4, 1:4] = 1
    return make_volume(array)


@pytest.mark.parametrize(
    ("first", "last", "every", "expected"),
    [
        (0, 9, 5, [2, 7]),  # 10 slices: at the extremes 0 and 5, or 4 and 9; so 2 and 7
        (3, 13, 5, [3, 8, 13]),
        (3, 14, 5, [3, 8, 13]),
        (3, 15, 5, [4, 9, 14]),
        (3, 7, 1, [3, 4, 5, 6, 7]),
        (3, 7, 40, [5]),  # fewer slices than the step: the middle one
        (3, 3, 5, [3]),
    ],
)
def test_every_nth_slice_of_the_organs_extent(first, last, every, expected):
    mask = stack(first, last)
    labels = sitk.GetArrayFromImage(annotate_slices(mask, every=every))
    annotated = (labels != IGNORE).all(axis=(1, 2))
    assert np.flatnonzero(annotated).tolist() == expected
    assert (labels[annotated] == sitk.GetArrayFromImage(mask)[annotated]).all()
    assert (labels[~annotated] == IGNORE).all()


def test_slices_are_axial_for_any_order_of_axes():
    array = np.zeros((12, 10, 8), np.uint8)
    array[2:10, 3:7, 2:6] = 1
    sagittal = make_volume(array, direction=[[0, 0, 1], [0, 1, 0], [-1, 0, 0]])  # x runs along the patient
    labels = sitk.GetArrayFromImage(annotate_slices(sagittal, number=2))
    annotated = labels != IGNORE
    assert annotated.any(axis=(0, 1)).sum() == 2
    assert (labels[annotated] == array[annotated]).all()
    assert (sitk.GetArrayFromImage(annotate_slices(make_volume(array), 2)) != IGNORE).any(axis=(1, 2)).sum() == 2


def test_nothing_to_annotate_gives_nothing():
    empty = make_volume(np.zeros((4, 4, 4), np.uint8))
    assert annotate_box(empty).boxes == []
    assert len(annotate_seven_points(empty).points_of("background")) == 0
    assert annotate_box(empty, jitter=1.0).boxes == []
    for every in (None, 3):
        assert (sitk.GetArrayFromImage(annotate_slices(empty, every=every)) == IGNORE).all()
