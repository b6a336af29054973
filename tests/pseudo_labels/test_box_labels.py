"""A box as mask, core and Gaussian: hand-calculated cases, and the formula in world coordinates on oblique grids."""

import numpy as np
import pytest
import SimpleITK as sitk
from conftest import make_volume, oblique_direction
from hypothesis import given, settings
from hypothesis import strategies as st
from label_verb import CLICK, FACES, GRIDS, SHAPE, image_on, label_of, points

from weakseg3d.annotations.box import box as annotate_box
from weakseg3d.annotations.markups import Annotation, Box
from weakseg3d.annotations.world import to_world
from weakseg3d.images.labels import IGNORE
from weakseg3d.pseudo_labels.box import box as box_label
from weakseg3d.pseudo_labels.box_core import box_core as box_core_label
from weakseg3d.pseudo_labels.box_gaussian import box_gaussian as box_gaussian_label

TURNED = oblique_direction(flipped=False) @ [[0.6, -0.8, 0], [0.8, 0.6, 0], [0, 0, 1]]


def half_sizes_from_centre(box, image):
    """Return every voxel's position along the axes of ``box``, (3, z, y, x), in half sizes from its centre."""
    shape = image.GetSize()[::-1]
    world = to_world(np.stack(np.indices(shape), axis=-1).reshape(-1, 3), image)
    along = (world - box.center) @ box.axes / (np.asarray(box.size) / 2)
    return along.T.reshape(3, *shape)


@pytest.mark.parametrize("grid", GRIDS)
def test_an_oblique_box_follows_the_formula(grid):
    image = image_on(grid)
    # 12 mm across the slices of the oblique grid are four slices.
    box = Box(to_world([[9.3, 11.2, 13.9]], image)[0], np.array([13.0, 9.0, 12.0]), TURNED)
    along = half_sizes_from_centre(box, image)
    inside, squared = (np.abs(along) <= 1).all(axis=0), (along**2).sum(axis=0)
    assert 40 < inside.sum() < 2000
    assert (box_label([box], image) == inside).all()
    assert (box_core_label([box], image, 0.6) == np.where(inside, np.where(squared <= 0.36, 1, IGNORE), 0)).all()
    sigmas = 0.8 / np.sqrt(2 * np.log(2))
    expected = np.where(inside, np.exp(-squared / (2 * sigmas**2)), 0)
    np.testing.assert_allclose(box_gaussian_label([box], image, 0.8), expected, rtol=1e-5, atol=1e-7)


def test_a_box_around_a_mask_is_filled_on_its_grid():
    array = np.zeros((10, 12, 14), np.uint8)
    array[2:7, 3:9, 5:11] = 1
    mask = make_volume(array, (1.5, 0.8, 3.0), (3, 4, 5), oblique_direction())
    assert (box_label(annotate_box(mask).boxes, mask) == array).all()


def test_a_voxel_centre_on_a_face_lies_inside(tmp_path):
    image = image_on("oblique")
    size = np.array([4, 2, 6]) * image.GetSpacing()
    box = Box(to_world([[10, 11, 12]], image)[0], size, np.array(image.GetDirection()).reshape(3, 3))
    label = label_of(tmp_path, image, Annotation(boxes=[box]), "box")
    assert np.argwhere(label).min(axis=0).tolist() == [7, 10, 10]
    assert np.argwhere(label).max(axis=0).tolist() == [13, 12, 14]


def test_core_and_gaussian_of_a_box_by_hand():
    image = make_volume(np.zeros((9, 9, 9), np.uint8), (1.0, 1.0, 2.0))
    box = Box(np.array([4.0, 4, 8]), np.array([8.0, 4, 8]))
    core = box_core_label([box], image, 0.5)
    # The half sizes are 4, 2 and 4 mm, and the half axes of the core 2, 1 and 2 mm; a slice is 2 mm thick.
    assert core[4, 4].tolist() == [2, 2, 1, 1, 1, 1, 1, 2, 2]
    assert core[4, :, 4].tolist() == [0, 0, 2, 1, 1, 1, 2, 0, 0]
    assert core[:, 4, 4].tolist() == [0, 0, 2, 1, 1, 1, 2, 0, 0]
    assert core[4, 3, 3] == 2
    soft = box_gaussian_label([box], image)
    assert soft[4, 4, 4] == 1
    # On the inscribed ellipsoid, half-way to it, and in the corner of the box.
    assert soft[4, 4, 0] == soft[4, 2, 4] == soft[2, 4, 4] == 0.5
    assert soft[4, 4, 2] == soft[3, 4, 4] == pytest.approx(0.5**0.25)
    assert soft[2, 2, 0] == pytest.approx(0.125)
    assert soft[4, 1, 4] == soft[1, 4, 4] == 0
    narrow = box_gaussian_label([box], image, 0.5)
    assert narrow[4, 4, 2] == narrow[3, 4, 4] == 0.5
    assert narrow[4, 4, 0] == pytest.approx(0.5**4)


def test_several_boxes_form_one_label():
    image = make_volume(np.zeros((5, 5, 20), np.uint8))
    boxes = [Box(np.array([5.0, 2, 2]), np.array([8.0, 4, 4])), Box(np.array([9.0, 2, 2]), np.array([8.0, 4, 4]))]
    for function in (box_label, box_gaussian_label):
        assert (function(boxes, image) == np.maximum(function(boxes[:1], image), function(boxes[1:], image))).all()
    # Voxel 7 is in neither core; voxel 5 is in the core of the first box, although the second leaves it unknown.
    core = box_core_label(boxes, image, 0.4)
    assert core[2, 2].tolist() == [0, 2, 2, 2, 1, 1, 1, 2, 1, 1, 1, 2, 2, 2, 0, 0, 0, 0, 0, 0]


@settings(max_examples=40)
@given(
    st.tuples(*[st.floats(2, 14)] * 3),
    st.tuples(*[st.floats(3, 20)] * 3),
    st.floats(0.05, 1),
    st.floats(0.05, 1),
    st.sampled_from(sorted(GRIDS)),
)
def test_a_larger_core_or_width_contains_the_smaller(center, size, first, second, grid):
    image = image_on(grid)
    boxes = [Box(to_world([center], image)[0], np.array(size), TURNED)]
    small, large = sorted((first, second))
    mask = box_label(boxes, image)
    cores = [box_core_label(boxes, image, share) == 1 for share in (small, large)]
    assert (cores[0] <= cores[1]).all()
    assert (cores[1] <= (mask == 1)).all()
    narrow, wide = (box_gaussian_label(boxes, image, width) for width in (small, large))
    assert (narrow <= wide).all()
    assert 0 <= narrow.min() <= wide.max() <= 1
    assert not wide[mask == 0].any()
    # The core is where the Gaussian of the same width is at least one half.
    clear = np.abs(wide - 0.5) > 1e-4
    assert (cores[1] == (wide > 0.5))[clear].all()


@pytest.mark.parametrize("kind", ["box", "box-core", "box-gaussian"])
def test_flipping_the_grid_flips_the_label(tmp_path, kind):
    plain = image_on("oblique")
    box = Box(to_world([[9, 11, 13]], plain)[0], np.array([14.0, 17, 20]), TURNED)
    flipped = sitk.Flip(plain, [True, False, True])
    labels = [label_of(tmp_path, image, Annotation(boxes=[box]), kind) for image in (plain, flipped)]
    np.testing.assert_allclose(labels[0], labels[1][::-1, :, ::-1], atol=1e-5)


@pytest.mark.parametrize("grid", GRIDS)
def test_seven_points_give_a_box_per_target(tmp_path, grid):
    image = image_on(grid)
    other = (np.array([[17.0, 21, 25]]), np.array([FACES[:, k] / 6 for k in range(3)]).T + [15, 19, 23])
    annotation = points(image, ([CLICK], FACES), other)
    mask = np.zeros(SHAPE, bool)
    mask[3:16, 4:19, 5:22] = True
    low, high = np.floor(other[1].min(axis=0)).astype(int), np.ceil(other[1].max(axis=0)).astype(int)
    mask[low[0] : high[0] + 1, low[1] : high[1] + 1, low[2] : high[2] + 1] = True
    assert (label_of(tmp_path, image, annotation, "box") == mask).all()
    assert ((label_of(tmp_path, image, annotation, "geodesic") > 0) == mask).all()
    core = label_of(tmp_path, image, annotation, "box-core", "--core", 0.7)
    assert ((core > 0) == mask).all()
    assert core[9, 11, 13] == 1
    soft = label_of(tmp_path, image, annotation, "box-gaussian")
    assert soft[9, 11, 13] == 1
    assert not soft[~mask].any()
