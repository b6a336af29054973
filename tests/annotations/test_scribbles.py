"""Scribbles: one curve inside the organ and one around it, on slices of any geometry."""

import numpy as np
import pytest
import SimpleITK as sitk
from conftest import make_volume, oblique_direction
from hypothesis import given, settings
from hypothesis import strategies as st
from random_masks import masks
from scipy import ndimage

from weakseg3d.annotations.scribbles import border_curve, inner_curve, outer_curve
from weakseg3d.annotations.scribbles import scribbles as annotate_scribbles
from weakseg3d.annotations.slices import IGNORE, long_axis
from weakseg3d.annotations.slices import slices as annotate_slices

EIGHT = np.ones((3, 3))
SPACING = (1.0, 1.0)


def parts(curve):
    return ndimage.label(curve, EIGHT)[1]


def neighbours(curve):
    """Return, for each voxel of a curve, how many of its eight neighbours lie on the curve."""
    return ndimage.convolve(curve.astype(int), EIGHT.astype(int), mode="constant")[curve] - 1


def shape(name):
    y, x = np.indices((80, 100))
    if name == "disc":
        return (y - 40) ** 2 + (x - 50) ** 2 < 25**2
    if name == "ellipse":
        return ((y - 40) / 10) ** 2 + ((x - 50) / 30) ** 2 < 1
    if name == "bar":
        return (abs(y - 40) <= 3) & (abs(x - 50) <= 30)
    if name == "crescent":
        return (((y - 40) / 25) ** 2 + ((x - 50) / 35) ** 2 < 1) & (((y - 52) / 24) ** 2 + ((x - 55) / 30) ** 2 > 1)
    if name == "corner":
        return (y**2 + x**2) < 30**2
    raise ValueError(name)


@pytest.mark.parametrize("name", ["disc", "ellipse", "bar", "crescent", "corner"])
def test_one_open_curve_inside_and_one_curve_around(name):
    section = shape(name)
    inner, outer = inner_curve(section, SPACING), outer_curve(section, SPACING, 5.0)
    assert (section[inner]).all()
    assert parts(inner) == 1
    assert sorted(neighbours(inner))[:3] == [1, 1, 2]  # two ends
    assert neighbours(inner).max() == 2
    assert parts(outer) == 1
    distance = ndimage.distance_transform_edt(~section)
    assert distance[outer].min() >= 5
    assert distance[outer].max() < 6
    # Around the organ: no path leaves the organ without crossing the curve or the image's border.
    room, _ = ndimage.label(~outer)
    assert len(np.unique(room[section])) == 1
    beyond = distance >= 7
    assert set(np.unique(room[beyond])).isdisjoint(room[section])


def test_the_inner_curve_of_a_bar_is_its_middle_line():
    curve = np.argwhere(inner_curve(shape("bar"), SPACING))
    # The middle is 4 voxels deep, so the curve ends at a depth of 2, on its way into a corner.
    assert curve[:, 1].min() == 20 + 1
    assert curve[:, 1].max() == 80 - 1
    assert set(curve[(curve[:, 1] >= 23) & (curve[:, 1] <= 77), 0]) == {40}
    assert np.abs(curve[:, 0] - 40).max() <= 2


def test_the_inner_curve_avoids_the_edge_and_runs_through_most_of_a_long_organ():
    section = shape("crescent")
    curve = inner_curve(section, SPACING)
    depth = ndimage.distance_transform_edt(section)
    assert np.median(depth[curve]) > 1.5 * np.median(depth[section])
    assert curve.any(axis=0).sum() > 0.7 * section.any(axis=0).sum()


def test_the_spacing_decides_which_direction_is_the_longer_one():
    section = np.zeros((40, 60), bool)
    section[10:30, 10:50] = True  # 20 x 40 voxels, of 5 x 1 mm: 100 mm along the rows, 40 mm along the columns
    curve = np.argwhere(inner_curve(section, (5.0, 1.0)))
    assert np.ptp(curve[:, 0]) * 5 > 2 * np.ptp(curve[:, 1])
    outer = np.argwhere(outer_curve(section, (5.0, 1.0), 5.0))
    assert outer.min(axis=0).tolist() == [9, 5]
    assert outer.max(axis=0).tolist() == [30, 54]


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (2, 2), (3, 3)])
def test_a_tiny_section_still_has_both_curves(size):
    section = np.zeros((20, 20), bool)
    section[8 : 8 + size[0], 9 : 9 + size[1]] = True
    inner, outer = inner_curve(section, SPACING), outer_curve(section, SPACING, 2.0)
    assert 1 <= inner.sum() <= max(size)
    assert section[inner].all()
    assert parts(outer) == 1


def test_the_largest_part_gets_the_inner_curve_and_every_part_an_outer_one():
    section = np.zeros((80, 140), bool)
    section[30:50, 30:60] = section[30:40, 90:100] = True
    inner = inner_curve(section, SPACING)
    assert not inner[:, 60:].any()
    assert parts(outer_curve(section, SPACING, 4.0)) == 2
    assert parts(outer_curve(section, SPACING, 20.0)) == 1


def test_a_hole_has_no_outer_curve():
    y, x = np.indices((80, 80))
    radius = np.hypot(y - 40, x - 40)
    ring = (radius < 30) & (radius > 20)
    assert parts(outer_curve(ring, SPACING, 4.0)) == 1
    assert not outer_curve(ring, SPACING, 4.0)[radius < 30].any()


@pytest.mark.parametrize(
    ("rows", "columns", "expected"),
    [
        (slice(None), slice(0, 5), 20),  # the organ fills the left: the curve is a column, from border to border
        (slice(None), slice(0, 17), 20),  # only 3 voxels are left, fewer than the margin: the farthest column
        (slice(0, 19), slice(None), 20),
        (slice(None), slice(None), 0),  # there is no outside
    ],
)
def test_on_the_border_the_outer_curve_is_clipped(rows, columns, expected):
    section = np.zeros((20, 20), bool)
    section[rows, columns] = True
    outer = outer_curve(section, SPACING, 5.0)
    assert outer.sum() == expected
    assert not (outer & section).any()


@given(masks, st.integers(1, 6), st.floats(0.1, 30))
@settings(max_examples=80)
def test_scribbles_are_correct_on_the_slices_that_would_be_annotated(mask, every, margin):
    array = sitk.GetArrayFromImage(mask) == 1
    image = annotate_scribbles(mask, every, margin)
    labels = sitk.GetArrayFromImage(image)
    axis = long_axis(mask)
    assert image.GetDirection() == mask.GetDirection()
    assert set(np.unique(labels)) <= {0, 1, IGNORE}
    assert array[labels == 1].all()
    assert not array[labels == 0].any()
    annotated = (sitk.GetArrayFromImage(annotate_slices(mask, every=every)) != IGNORE).all(
        axis=tuple(a for a in range(3) if a != axis)
    )
    spacing = np.delete(np.array(mask.GetSpacing())[::-1], axis)
    sections = zip(np.moveaxis(array, axis, 0), np.moveaxis(labels, axis, 0), annotated, strict=True)
    for section, drawn, is_annotated in sections:
        assert (drawn == 1).any() == (is_annotated and section.any())
        assert (drawn == 0).any() == (is_annotated and section.any() and not section.all())
        assert parts(drawn == 1) <= 1
        if (drawn == 0).any():
            distance = ndimage.distance_transform_edt(~section, sampling=spacing)
            assert distance[drawn == 0].min() >= min(margin, distance.max())
            assert distance[drawn == 0].max() < margin + spacing.max()


def test_scribbles_in_a_window_equal_those_on_the_whole_slice():
    """Sections are processed in a window around the organ, which must not change the result."""
    section = shape("crescent")
    array = np.zeros((3, 200, 220), np.uint8)
    array[1, 60:140, 50:150] = section
    drawn = sitk.GetArrayFromImage(annotate_scribbles(make_volume(array), every=1, margin=7.0))[1]
    whole = array[1] == 1
    assert ((drawn == 1) == inner_curve(whole, SPACING)).all()
    assert ((drawn == 0) == outer_curve(whole, SPACING, 7.0)).all()


def test_scribbles_are_axial_and_millimetres_on_a_sagittal_oblique_volume():
    array = np.zeros((30, 40, 12), np.uint8)
    array[10:20, 10:30, 2:10] = 1
    direction = oblique_direction()[:, [2, 1, 0]]  # x runs along the patient
    mask = make_volume(array, (4.0, 1.0, 2.0), (5.0, 6.0, 7.0), direction)
    labels = sitk.GetArrayFromImage(annotate_scribbles(mask, every=3, margin=6.0))
    assert np.flatnonzero((labels != IGNORE).any(axis=(0, 1))).tolist() == [2, 5, 8]
    outer = np.argwhere(labels[:, :, 5] == 0)
    assert outer.min(axis=0).tolist() == [10 - 3, 10 - 6]
    assert outer.max(axis=0).tolist() == [19 + 3, 29 + 6]


def test_nothing_to_scribble_on():
    empty = make_volume(np.zeros((4, 4, 4), np.uint8))
    assert (sitk.GetArrayFromImage(annotate_scribbles(empty)) == IGNORE).all()


def test_scribbles_are_the_same_every_time(oblique_mask):
    first, again = (sitk.GetArrayFromImage(annotate_scribbles(oblique_mask)) for _ in range(2))
    assert (first == again).all()


def test_a_border_curve_by_hand():
    """In a square of 7 x 7, the ring one voxel deep has 16 voxels; half of it are 8 that follow one another."""
    section = np.zeros((11, 11), bool)
    section[2:9, 2:9] = True
    ring = np.zeros_like(section)
    ring[3:8, 3:8] = True
    ring[4:7, 4:7] = False
    for seed in range(20):
        whole = border_curve(section, (1, 1), 1.0, np.random.default_rng(seed))
        assert (whole == ring).all()
        half = border_curve(section, (1, 1), 0.5, np.random.default_rng(seed))
        assert np.count_nonzero(half) == 8
        assert not (half & ~ring).any()
        assert ndimage.label(half, np.ones((3, 3)))[1] == 1


def test_a_piece_too_thin_for_a_border_gets_its_middle():
    section = np.zeros((5, 9), bool)
    section[2, 1:8] = True
    curve = border_curve(section, (1, 1), 0.5, np.random.default_rng(0))
    assert (curve == inner_curve(section, (1, 1))).all()


def test_border_scribbles_depend_on_the_seed_and_middle_ones_do_not(oblique_mask):
    def drawn(**options):
        return sitk.GetArrayFromImage(annotate_scribbles(oblique_mask, every=2, **options))

    first, again, other = (drawn(inside="border", seed=seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()
    assert (drawn(seed=1) == drawn(seed=2)).all()
    organ = sitk.GetArrayFromImage(oblique_mask) > 0
    assert organ[first == 1].all()
    assert not organ[first == 0].any()
