"""Interpolation between annotated slices: hand-calculated outlines, and properties of any slices."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from label_verb import GRIDS, SHAPE, image_on, label_of

from weakseg3d.images.labels import IGNORE
from weakseg3d.pseudo_labels.slices_interpolated import interpolated_label

SPACING = np.array([3.0, 1.0, 2.0])


def soft(distance, softness):
    return 0.5 + 0.5 * np.clip(np.asarray(distance) / softness, -1, 1)


def straight_outlines():
    """Return nine slices with two of them annotated: organ up to x = 3.5 on slice 1, up to x = 7.5 on slice 5."""
    labels = np.full((9, 4, 12), IGNORE, np.uint8)
    labels[1] = np.arange(12) < 4
    labels[5] = np.arange(12) < 8
    return labels


def test_outlines_move_linearly_between_slices():
    label = interpolated_label(straight_outlines(), SPACING, 7.0)
    x = np.arange(12)
    for z, outline in ((2, 4.5), (3, 5.5), (4, 6.5)):
        for y in range(4):
            np.testing.assert_allclose(label[z, y], soft((outline - x) * 2.0, 7.0), atol=1e-6)


def test_the_label_shrinks_beyond_the_outermost_slices():
    label = interpolated_label(straight_outlines(), SPACING, 7.0)
    x = np.arange(12)
    np.testing.assert_allclose(label[0, 0], soft((3.5 - x) * 2.0 - 3.0, 7.0), atol=1e-6)
    for z in (6, 7, 8):
        np.testing.assert_allclose(label[z, 2], soft((7.5 - x) * 2.0 - 3.0 * (z - 5), 7.0), atol=1e-6)


def test_annotated_slices_are_unchanged():
    labels = straight_outlines()
    label = interpolated_label(labels, SPACING, 7.0)
    assert (label[[1, 5]] == labels[[1, 5]]).all()


def test_the_in_plane_distance_is_measured_to_the_edges_of_pixels():
    labels = np.full((2, 9, 9), IGNORE, np.uint8)
    labels[0] = 0
    labels[0, 4, 4] = 1
    # On the next slice, 1 mm away: the pixel is 3 mm high and 2 mm wide, so its outline is 1 mm from its centre.
    label = interpolated_label(labels, np.array([1.0, 3.0, 2.0]), 100.0)
    distance = (label[1] - 0.5) * 200 + 1.0
    assert distance[4, 4] == pytest.approx(1.0, abs=1e-4)
    assert distance[4, 5] == pytest.approx(-1.0, abs=1e-4)
    assert distance[5, 4] == pytest.approx(-1.5, abs=1e-4)
    assert distance[6, 6] == pytest.approx(-np.hypot(1.5 * 3, 1.5 * 2), abs=1e-4)


def test_the_label_falls_towards_a_slice_without_organ():
    labels = np.full((5, 4, 12), IGNORE, np.uint8)
    labels[0] = np.arange(12) < 4
    labels[4] = 0
    x = np.arange(12)
    # From the empty slice, the organ is 12 mm away, or farther where it is also apart in the plane.
    empty = -np.hypot(12.0, np.maximum(x - 3.5, 0) * 2.0)
    label = interpolated_label(labels, SPACING, 9.0)
    for z in (1, 2, 3):
        share = z / 4
        np.testing.assert_allclose(label[z, 1], soft((1 - share) * (3.5 - x) * 2.0 + share * empty, 9.0), atol=1e-6)
    assert not label[4].any()


def test_one_round_slice_becomes_a_double_cone():
    labels = np.full((41, 61, 61), IGNORE, np.uint8)
    y, x = np.ogrid[:61, :61]
    labels[20] = (y - 30) ** 2 + (x - 30) ** 2 <= 15.5**2
    organ = interpolated_label(labels, np.ones(3), 5.0) > 0.5
    for apart in range(1, 20):
        area = organ[20 + apart].sum()
        assert area == organ[20 - apart].sum()
        # The outline follows the edges of pixels, so its radius is accurate to one pixel.
        assert np.sqrt(area / np.pi) == pytest.approx(max(15.5 - apart, 0), abs=1)


def test_sections_of_a_ball_restore_it():
    z, y, x = np.ogrid[:45, :60, :60]
    ball = ((z - 22) * 1.5) ** 2 + (y - 30) ** 2 + (x - 30) ** 2 <= 24**2
    labels = np.full(ball.shape, IGNORE, np.uint8)
    labels[7:40:6] = ball[7:40:6]
    restored = interpolated_label(labels, np.array([1.5, 1.0, 1.0])) > 0.5
    assert 2 * (restored & ball).sum() / (restored.sum() + ball.sum()) > 0.96


def test_slices_full_of_organ_or_without_any():
    labels = np.full((7, 3, 3), IGNORE, np.uint8)
    labels[[1, 5]] = 1
    assert (interpolated_label(labels, np.ones(3), 2.0)[1:6] == 1).all()
    labels[5] = 0
    label = interpolated_label(labels, np.ones(3), 2.0)
    # +4 mm and -4 mm: the outline is half-way between; beyond the full slice, the empty slice is even farther away.
    assert label[:, 1, 1].tolist() == pytest.approx([1, 1, 1, 0.5, 0, 0, 0])
    labels[1] = 0
    assert not interpolated_label(labels, np.ones(3), 2.0).any()


def test_voxels_annotated_elsewhere_keep_their_value():
    labels = straight_outlines()
    labels[3, 1, 1:11] = 0
    labels[3, 2, 1:11] = 1
    label = interpolated_label(labels, SPACING, 7.0)
    assert not label[3, 1, 1:11].any()
    assert (label[3, 2, 1:11] == 1).all()
    unchanged = interpolated_label(straight_outlines(), SPACING, 7.0)
    assert (label[[2, 4]] == unchanged[[2, 4]]).all()


any_masks = arrays(bool, (3, 5, 6))
with_outline = any_masks.filter(lambda m: m.any(axis=(1, 2)).all() and not m.all(axis=(1, 2)).any())


@st.composite
def annotated(draw, slices=any_masks):
    """Return labels (z, y, x) with three annotated slices among up to eleven, and a spacing."""
    masks = draw(slices)
    positions = np.cumsum(draw(st.tuples(st.integers(0, 3), st.integers(1, 3), st.integers(1, 3))))
    labels = np.full((positions[-1] + 1 + draw(st.integers(0, 3)), 5, 6), IGNORE, np.uint8)
    labels[positions] = masks
    return labels, np.array(draw(st.tuples(*[st.floats(0.5, 5)] * 3)))


@settings(max_examples=60)
@given(annotated(), st.floats(0.1, 30))
def test_any_slices_give_a_finite_map_that_preserves_them(case, softness):
    labels, spacing = case
    label = interpolated_label(labels, spacing, softness)
    assert label.dtype == np.float32
    assert np.isfinite(label).all()
    assert 0 <= label.min() <= label.max() <= 1
    known = labels != IGNORE
    assert (label[known] == labels[known]).all()
    if not (labels == 1).any():
        assert not label.any()


@settings(max_examples=60)
@given(annotated(), st.permutations(range(3)))
def test_the_annotated_axis_is_found(case, order):
    labels, spacing = case
    permuted = interpolated_label(labels.transpose(order), spacing[order])
    np.testing.assert_allclose(permuted, interpolated_label(labels, spacing).transpose(order), atol=1e-6)


@settings(max_examples=60)
@given(annotated(with_outline), with_outline)
def test_more_organ_on_the_slices_gives_more_organ_between_them(case, other):
    labels, spacing = case
    is_annotated = (labels != IGNORE).all(axis=(1, 2))
    more = labels.copy()
    more[is_annotated] |= other
    assume(not more[is_annotated].all(axis=(1, 2)).any())
    assert (interpolated_label(more, spacing) >= interpolated_label(labels, spacing) - 1e-6).all()


@pytest.mark.parametrize("grid", GRIDS)
def test_the_verb_reads_the_spacing_of_the_annotated_axis(tmp_path, grid):
    image = image_on(grid)
    spacing = np.array(image.GetSpacing())[::-1]
    labels = np.full(SHAPE, IGNORE, np.uint8)
    labels[:, 6] = (np.arange(SHAPE[2]) < 14)[None]
    label = label_of(tmp_path, image, labels, "slices-interpolated", "--softness", 20)
    x = np.arange(SHAPE[2])
    for apart in (1, 3):
        expected = soft((13.5 - x) * spacing[2] - apart * spacing[1], 20)
        np.testing.assert_allclose(label[5, 6 - apart], expected, atol=1e-5)
        np.testing.assert_allclose(label[5, 6 + apart], expected, atol=1e-5)
