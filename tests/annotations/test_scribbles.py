"""Scribbles: one curve inside the organ and one around it, on slices of any geometry."""

import numpy as np
import pytest
import SimpleITK as sitk
from conftest import make_volume, oblique_direction
from hypothesis import given, settings
from hypothesis import strategies as st
from random_masks import masks
from scipy import ndimage

from weakseg3d.annotations.scribbles import annotate_scribbles, border_curve, inner_curve, outer_curve
from weakseg3d.annotations.slices import IGNORE, annotate_slices, long_axis

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


def test_the_border_curve_of_a_rectangle_is_a_smaller_rectangle():
    section = np.zeros((20, 30), bool)
    section[4:16, 5:25] = True  # 12 x 20 voxels; the outermost layer is one voxel from the background
    for inset, layer in ((0.5, 0), (1.0, 0), (1.5, 1), (2.0, 1), (3.0, 2)):
        expected = np.zeros_like(section)
        expected[4 + layer : 16 - layer, 5 + layer : 25 - layer] = True
        expected[5 + layer : 15 - layer, 6 + layer : 24 - layer] = False
        assert (border_curve(section, SPACING, inset) == expected).all()
    # At 6 voxels, the deepest ones are 2 rows; a larger inset does not make them disappear.
    assert np.argwhere(border_curve(section, SPACING, 50.0)).tolist() == [
        [r, c] for r in (9, 10) for c in range(10, 20)
    ]


def test_the_inset_is_in_millimetres():
    section = np.zeros((20, 30), bool)
    section[4:16, 5:25] = True
    curve = np.argwhere(border_curve(section, (2.0, 1.0), 4.0))
    assert curve.min(axis=0).tolist() == [4 + 1, 5 + 3]
    assert curve.max(axis=0).tolist() == [15 - 1, 24 - 3]


def test_border_curves_follow_the_image_border_a_hole_and_both_sides_of_a_neck():
    y, x = np.indices((60, 60))
    radius = np.hypot(y - 30, x - 30)
    ring = border_curve((radius < 25) & (radius > 10), SPACING, 2.0)
    assert parts(ring) == 2
    cut = np.ones((9, 9), bool)
    assert border_curve(cut, SPACING, 2.0).sum() == 4 * 6  # the square of 7 x 7 voxels
    dumb_bell = np.zeros((20, 40), bool)
    dumb_bell[5:15, 3:13] = dumb_bell[5:15, 25:35] = dumb_bell[9:11, 13:25] = True
    assert parts(border_curve(dumb_bell, SPACING, 3.0)) == 2
    assert parts(border_curve(dumb_bell, SPACING, 1.0)) == 1


@pytest.mark.parametrize("name", ["disc", "ellipse", "bar", "crescent", "corner"])
def test_a_border_curve_is_closed_and_runs_inside_at_its_distance(name):
    section = shape(name)
    curve = border_curve(section, SPACING, 3.0)
    depth = ndimage.distance_transform_edt(np.pad(section, 1))[1:-1, 1:-1]
    assert depth[curve].min() >= 3
    assert depth[curve].max() < 4 + 0.5
    # Closed: from what it encloses, no path over four neighbours leads out.
    room, _ = ndimage.label(~np.pad(curve, 1))
    inside, outside = np.pad(depth >= 5, 1), np.pad(depth < 3, 1, constant_values=True)
    assert set(np.unique(room[inside & (room > 0)])).isdisjoint(room[outside & (room > 0)])


@given(masks, st.integers(1, 4), st.floats(0.1, 30))
@settings(max_examples=60, deadline=None)
def test_only_the_inner_curves_differ_between_the_kinds(mask, every, inset):
    array = sitk.GetArrayFromImage(mask) == 1
    centre, border = (
        sitk.GetArrayFromImage(annotate_scribbles(mask, every, 3.0, curve, inset)) for curve in ("centre", "border")
    )
    assert ((centre == 0) == (border == 0)).all()
    assert array[border == 1].all()
    axes = tuple(a for a in range(3) if a != long_axis(mask))
    assert ((centre == 1).any(axis=axes) == (border == 1).any(axis=axes)).all()


def test_without_a_kind_nothing_changes(oblique_mask):
    default, named = (
        sitk.GetArrayFromImage(annotate_scribbles(oblique_mask, 3, 4.0, *kind)) for kind in ((), ("centre", 1.0))
    )
    assert (default == named).all()


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
@settings(max_examples=80, deadline=None)
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
