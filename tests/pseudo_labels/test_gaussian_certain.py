"""The voxels whose class clicks make certain, and how the number of clicks decides which these are."""

import numpy as np
import pytest
from label_verb import image_on, label_of, points

from weakseg3d.annotations.points import points as annotate_points
from weakseg3d.images.labels import IGNORE
from weakseg3d.pseudo_labels.gaussian_certain import certain_voxels

SOFT = np.array([0.0, 0.39, 0.45, 0.47, 0.49, 0.54, 0.56, 0.74, 0.76, 0.84, 0.86, 1.0], np.float32)


@pytest.mark.parametrize(
    ("clicks", "unknown"),
    [(200, [0.49]), (100, [0.49, 0.54]), (20, [0.45, 0.74]), (7, [0.45, 0.84]), (1, [0.45, 0.84])],
)
def test_the_more_clicks_the_fewer_voxels_are_unknown(clicks, unknown):
    """The bounds are 0.49 and 0.525, 0.48 and 0.55, 0.4 and 0.75, and for seven and for one click 0.4 and 0.85."""
    label = certain_voxels(SOFT, clicks)
    left = SOFT[label == IGNORE]
    assert (left.min(), left.max()) == (np.float32(unknown[0]), np.float32(unknown[-1]))
    assert (SOFT[label == 0] < left.min()).all()
    assert (SOFT[label == 1] > left.max()).all()


def test_caution_widens_what_is_unknown():
    assert (certain_voxels(SOFT, 100, caution=0) != IGNORE).all()
    assert SOFT[certain_voxels(SOFT, 100, caution=20) == IGNORE].max() == np.float32(0.56)


def test_a_click_is_organ_also_where_it_lies_far_from_the_others(tmp_path):
    """Eight clicks close together outweigh a ninth, whose value in the soft label is an eighth."""
    image = image_on()
    close = [[9, 12, 13 + step / 100] for step in range(8)]
    alone = [[9, 12, 3]]
    label = label_of(tmp_path, image, points(image, (close + alone, [])), "gaussian-certain", "--sigma", 1)
    assert label[9, 12, 3] == label[9, 12, 13] == 1
    assert label[9, 12, 8] == 0
    assert {*np.unique(label)} == {0, 1, IGNORE}


def test_a_click_outside_the_organ_is_background(tmp_path):
    image = image_on()
    outside = [[9, 12, 14]]
    label = label_of(tmp_path, image, points(image, ([[9, 12, 13]], outside)), "gaussian-certain", "--sigma", 20)
    assert label[9, 12, 14] == 0
    assert label[9, 12, 13] == 1


@pytest.mark.parametrize("number", [7, 20, 100])
def test_what_is_certain_about_a_ball_is_true(tmp_path, number):
    image = image_on()
    z, y, x = np.indices((20, 24, 28))
    spacing = np.array(image.GetSpacing()[::-1])
    distance = np.sqrt(sum(((axis - n // 2) * s) ** 2 for axis, n, s in zip((z, y, x), z.shape, spacing, strict=True)))
    mask = image_on(array=(distance < 7).astype(np.uint8))
    label = label_of(tmp_path, mask, annotate_points(mask, number), "gaussian-certain")
    organ = distance < 7
    assert organ[label == 1].mean() > 0.85
    assert (label[organ] == 0).mean() < 0.15
