"""The width that follows the clicks: cases by hand, and what moving, scaling and reordering clicks must not change."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_verb import CLICK, FACES, GRIDS, image_on, label_of, points

from weakseg3d.cli import main
from weakseg3d.pseudo_labels.click_spacing import spacing_sigma
from weakseg3d.pseudo_labels.gaussian import gaussian_label

NONE = np.zeros((0, 3))
CUBE = np.array([[z, y, x] for z in (0.0, 10) for y in (0.0, 10) for x in (0.0, 10)])
SEVERAL = st.tuples(st.integers(0, 10**6), st.integers(1, 40)).map(
    lambda drawn: np.random.default_rng(drawn[0]).uniform(0, 80, (drawn[1], 3))
)
QUICK = settings(max_examples=30)


def test_eight_corners_of_a_cube_by_hand():
    """Each axis has the variance 8 * 25 / 7, corrected by 7^2 / (6 * 5) in the determinant; neighbours are 10 apart."""
    volume = 4 / 3 * np.pi * 5**1.5 * np.sqrt((200 / 7) ** 3 * 49 / 30)
    edge = (volume / 8) ** (1 / 3)
    expected = 0.52 * edge * (edge / 10) ** 1.32 * (8 / 30) ** 0.19
    assert spacing_sigma(CUBE, NONE) == pytest.approx(expected)


def test_clicks_that_span_no_volume():
    assert spacing_sigma(np.array([[0.0, 0, 0], [0, 0, 20]]), NONE) == pytest.approx(13)
    flat = np.array([[0.0, y, x] for y in (0, 10, 20) for x in (0, 10, 20)])
    assert spacing_sigma(flat, NONE) == pytest.approx(6.5)


def test_a_single_click_reaches_half_at_the_background_clicks():
    click, around = np.zeros((1, 3)), np.array([[0, 0, 8.0], [0, 2, 0]])
    sigma = spacing_sigma(click, around)
    assert np.exp(-(4**2) / (2 * sigma**2)) == pytest.approx(0.5)
    assert spacing_sigma(click, NONE) == spacing_sigma(click, click) == spacing_sigma(NONE, NONE) == 10


def test_coincident_clicks_count_once():
    assert spacing_sigma(np.concatenate([CUBE, CUBE]), NONE) == spacing_sigma(CUBE, NONE)
    assert spacing_sigma(np.zeros((5, 3)), NONE) == 10


@QUICK
@given(SEVERAL, st.floats(0.01, 100))
def test_sigma_scales_with_the_coordinates(clicks, factor):
    background = clicks[:1] + [[0, 0, 5.0], [0, 7, 0]]
    assert spacing_sigma(factor * clicks, factor * background) == pytest.approx(
        factor * spacing_sigma(clicks, background), rel=1e-6
    )


@QUICK
@given(SEVERAL, st.integers(0, 10**6))
def test_turning_mirroring_moving_and_order_change_nothing(clicks, seed):
    generator = np.random.default_rng(seed)
    turned, _ = np.linalg.qr(generator.normal(size=(3, 3)))
    moved = generator.permutation(clicks) @ turned + generator.normal(0, 50, 3)
    assert spacing_sigma(moved, NONE) == pytest.approx(spacing_sigma(clicks, NONE), rel=1e-6)
    assert spacing_sigma(generator.permutation(clicks), NONE) == spacing_sigma(clicks, NONE)


@QUICK
@given(SEVERAL)
def test_sigma_is_never_narrower_than_its_bound(clicks):
    sigma = spacing_sigma(clicks, NONE)
    assert np.isfinite(sigma)
    assert sigma > 0


@pytest.mark.parametrize("grid", GRIDS)
def test_the_verb_takes_spacing_in_place_of_a_number(tmp_path, grid):
    image = image_on(grid)
    label = label_of(tmp_path, image, points(image, ([CLICK], FACES)), "gaussian", "--sigma", "spacing")
    spacing = np.array(image.GetSpacing())[::-1]
    sigma = spacing_sigma(CLICK[None] * spacing, FACES * spacing)
    expected = gaussian_label(CLICK[None], label.shape, spacing, sigma, FACES)
    np.testing.assert_allclose(label, expected, atol=1e-5)


@pytest.mark.parametrize("text", ["spacing2", "Spacing", "nan", ""])
def test_a_misspelt_width_names_the_word_that_may_stand_for_a_number(text, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["pseudolabel", "gaussian", "--sigma", text])
    (line,) = capsys.readouterr().err.splitlines()
    assert f"--sigma: '{text}' is not a finite number, nor 'spacing'" in line
