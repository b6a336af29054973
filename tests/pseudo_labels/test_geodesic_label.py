"""PA-Seg's expansion: the shortest path, the box, several targets, and clicks on the organ only."""

import itertools

import numpy as np
import pytest
import SimpleITK as sitk
from conftest import make_volume
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from label_verb import CLICK, FACES, GRIDS, SHAPE, image_on, label_of, points

from weakseg3d.annotations.seven_points import seven_points as annotate_seven_points
from weakseg3d.errors import UserError
from weakseg3d.pseudo_labels.geodesic import geodesic_label
from weakseg3d.pseudo_labels.geodesic_distance import distance_from as geodesic_distance
from weakseg3d.pseudo_labels.merging import merged
from weakseg3d.pseudo_labels.seven_points import check_seven_points
from weakseg3d.pseudo_labels.targets import Target, targets_on


def test_distances_on_a_constant_image_are_lengths_in_mm():
    seeds = np.zeros((3, 3, 9), bool)
    seeds[1, 1, 0] = True
    distance = geodesic_distance(np.zeros(seeds.shape), seeds, (5.0, 2.0, 1.5), weight=0.0)
    assert distance[1, 1, 8] == pytest.approx(8 * 1.5)
    assert distance[1, 2, 0] == pytest.approx(2.0)
    assert distance[2, 2, 1] == pytest.approx(np.sqrt(25 + 4 + 2.25))


def test_a_detour_around_a_bright_wall_is_shorter_than_through_it():
    image = np.zeros((1, 5, 3))
    image[0, :4, 1] = 1000
    seeds = np.zeros(image.shape, bool)
    seeds[0, 0, 0] = True
    # Down the dark column, around the wall's end in two diagonal steps, and up again. In the dark only the length
    # counts: 1 / (1/2 + 1/2 / 1e-5) per mm.
    dark = 1 / (0.5 + 0.5 / 1e-5)
    distance = geodesic_distance(image, seeds, (1.0, 1.0, 1.0))
    assert distance[0, 0, 2] == pytest.approx((3 + 2 * np.sqrt(2) + 3) * dark)
    assert distance[0, 0, 1] == pytest.approx(1 / (0.5 + 0.5 / (1000 + 1e-5)))


def relaxed_distance(image, seeds, spacing, weight):
    """Return the shortest-path distance by relaxing all edges until nothing changes, which is what Dijkstra finds."""
    image = image.astype(float)
    distance = np.where(seeds, 0.0, np.inf)
    steps = [step for step in itertools.product((-1, 0, 1), repeat=3) if any(step)]
    while True:
        before = distance.copy()
        for step in steps:
            here = tuple(slice(max(0, -d), min(0, -d) or None) for d in step)
            there = tuple(slice(max(0, d), min(0, d) or None) for d in step)
            length = np.sqrt((np.multiply(step, spacing) ** 2).sum())
            cost = length / ((1 - weight) + weight / (np.abs(image[there] - image[here]) + 1e-5))
            distance[there] = np.minimum(distance[there], distance[here] + cost)
        if (distance == before).all():
            return distance


@settings(max_examples=60)
@given(
    st.data(),
    array_shapes(min_dims=3, max_dims=3, max_side=6),
    st.tuples(*[st.floats(0.3, 6.0)] * 3),
    st.floats(0, 1),
)
def test_no_path_is_shorter_for_any_shape_and_spacing(data, shape, spacing, weight):
    image = data.draw(arrays(np.float32, shape, elements=st.integers(0, 4)))
    seeds = data.draw(arrays(bool, shape).filter(np.any))
    expected = relaxed_distance(image, seeds, spacing, weight)
    np.testing.assert_array_equal(geodesic_distance(image, seeds, spacing, weight), expected)


@settings(max_examples=30)
@given(arrays(np.float32, (4, 5, 6), elements=st.integers(0, 9)), st.permutations(range(3)))
def test_the_order_of_the_axes_does_not_matter(image, order):
    seeds = np.zeros(image.shape, bool)
    seeds[1, 2, 3] = True
    spacing = np.array([3.0, 0.7, 1.1])
    distance = geodesic_distance(image, seeds, spacing)
    permuted = geodesic_distance(image.transpose(order), seeds.transpose(order), spacing[order])
    np.testing.assert_allclose(permuted, distance.transpose(order), rtol=1e-9)


def test_geodesic_label_stays_in_its_box():
    faces = np.array([[1, 4, 4], [7, 4, 4], [4, 1, 4], [4, 7, 4], [4, 4, 1], [4, 4, 7]])
    label = geodesic_label(np.zeros((9, 9, 9)), [Target(np.array([[4.0, 4, 4]]), faces)], (1, 1, 1))
    box = np.zeros(label.shape, bool)
    box[1:8, 1:8, 1:8] = True
    assert not label[~box].any()
    # The farthest voxels are the corners, three diagonal steps away. A fifth of that, 1.04, allows one straight step.
    steps = np.abs(np.argwhere(label == 1) - 4).sum(axis=1)
    assert sorted(steps.tolist()) == [0] + [1] * 6
    assert (label[box] > 0).all()


def test_a_share_of_the_largest_distance_is_foreground():
    target = Target(np.array([[0.0, 0, 0]]), np.array([[0.0, 0, 10]]))
    image = np.zeros((1, 1, 12))
    label = geodesic_label(image, [target], (1, 1, 2.0), threshold=0.45)
    assert label[0, 0].tolist() == [1] * 5 + [2] * 6 + [0]


def test_a_box_of_one_voxel_is_the_click():
    corner = np.zeros((1, 3))
    label = geodesic_label(np.zeros((2, 2, 2)), [Target(corner, corner)], (1, 1, 1))
    assert np.argwhere(label).tolist() == [[0, 0, 0]]
    assert label[0, 0, 0] == 1


def test_expansion_follows_the_intensity():
    image = np.zeros((11, 11, 11), np.float32)
    image[3:8, 3:8, 2:9] = 100
    corners = np.array([[1.0, 1, 1], [9, 9, 9]])
    label = geodesic_label(image, [Target(np.array([[5.0, 5, 5]]), corners)], (1, 1, 1))
    assert ((label == 1) == (image == 100)).all()


def test_several_targets_merge_as_published():
    first = np.array([[[0, 0, 1, 2, 2, 1]]], np.uint8)
    second = np.array([[[0, 2, 0, 2, 1, 1]]], np.uint8)
    assert merged([first, second], first.shape)[0, 0].tolist() == [0, 2, 1, 2, 1, 1]
    assert merged([], (1, 2, 3)).tolist() == np.zeros((1, 2, 3)).tolist()


@pytest.mark.parametrize("grid", GRIDS)
def test_every_target_has_its_own_box(tmp_path, grid):
    image = image_on(grid)
    near, far = np.array([4.0, 5, 6]), np.array([15.0, 18, 21])
    reach = np.array([[-2, 0, 0], [2, 0, 0], [0, -3, 0], [0, 3, 0], [0, 0, -4], [0, 0, 4]])
    label = label_of(tmp_path, image, points(image, ([near], near + reach), ([far], far + reach)), "geodesic")
    boxes = np.zeros(SHAPE, bool)
    boxes[2:7, 2:9, 2:11] = True
    boxes[13:18, 15:22, 17:26] = True
    assert ((label > 0) == boxes).all()
    assert label[4, 5, 6] == label[15, 18, 21] == 1
    alone = [label_of(tmp_path, image, points(image, ([p], p + reach)), "geodesic") for p in (near, far)]
    assert ((label == 1) == (alone[0] == 1) | (alone[1] == 1)).all()


def test_coordinates_rounded_in_the_file_do_not_widen_the_box(tmp_path):
    image = image_on("oblique")
    label = label_of(tmp_path, image, points(image, ([CLICK], FACES)), "geodesic")
    assert np.argwhere(label > 0).min(axis=0).tolist() == [3, 4, 5]
    assert np.argwhere(label > 0).max(axis=0).tolist() == [15, 18, 21]


@pytest.mark.parametrize("grid", GRIDS)
def test_for_clicks_on_the_organ_only_the_margin_gives_the_box(tmp_path, grid):
    image = image_on(grid)
    clicks = np.array([[8.0, 10, 12], [9, 12, 14], [10, 11, 13]])
    label = label_of(tmp_path, image, points(image, (clicks, [])), "geodesic", "--margin", 6.5)
    voxels = np.argwhere(label > 0)
    spacing = np.array(image.GetSpacing())[::-1]
    low, high = np.floor([8, 10, 12] - 6.5 / spacing), np.ceil([10, 12, 14] + 6.5 / spacing)
    assert (voxels.min(axis=0) == np.maximum(low, 0)).all()
    assert (voxels.max(axis=0) == np.minimum(high, np.array(SHAPE) - 1)).all()
    assert (label[tuple(clicks.astype(int).T)] == 1).all()


def test_the_margin_applies_only_to_clicks_on_the_organ_only():
    image = np.random.default_rng(1).normal(size=SHAPE)
    target = Target(CLICK[None], FACES)
    plain = geodesic_label(image, [target], (1, 1, 1))
    assert (geodesic_label(image, [target], (1, 1, 1), margin=4.0) == plain).all()
    with pytest.raises(UserError, match="margin above 0 mm"):
        geodesic_label(image, [target, Target(CLICK[None], np.zeros((0, 3)))], (1, 1, 1))


def test_voxels_at_the_image_minimum_can_be_background(tmp_path):
    array = np.random.default_rng(2).uniform(10, 20, SHAPE).astype(np.float32)
    array[:, :, 16:] = 10
    array[0, 0, 0] = 10
    image = image_on("oblique", array)
    annotation = points(image, ([CLICK], FACES))
    plain = label_of(tmp_path, image, annotation, "geodesic")
    label = label_of(tmp_path, image, annotation, "geodesic", "--minimum", "background")
    assert (plain[3:16, 4:19, 16:22] > 0).all()
    assert not label[array == array.min()].any()
    assert (label[array > array.min()] == plain[array > array.min()]).all()


def test_a_constant_box_in_an_image_that_varies_is_accepted(tmp_path):
    array = np.full(SHAPE, 7, np.float32)
    array[0, 0, 0] = 8
    image = image_on("isotropic", array)
    label = label_of(tmp_path, image, points(image, ([CLICK], FACES)), "geodesic")
    assert label[9, 11, 13] == label[9, 11, 14] == 1
    assert (label[3:16, 4:19, 5:22] == 2).any()


@settings(max_examples=25)
@given(
    st.tuples(*[st.integers(0, 8)] * 3),
    st.tuples(*[st.integers(2, 7)] * 3),
    st.tuples(*[st.floats(0.5, 3.5)] * 3),
    st.floats(2.0, 8.0),
)
def test_simulated_seven_points_expand_inside_their_box(corner, size, spacing, margin):
    array = np.zeros((15, 15, 15), np.uint8)
    array[tuple(slice(c, c + s) for c, s in zip(corner, size, strict=True))] = 1
    mask = make_volume(array, spacing)
    (target,) = targets_on(annotate_seven_points(mask, margin=margin), mask)
    check_seven_points([target], mask)
    label = geodesic_label(sitk.GetArrayFromImage(mask), [target], spacing[::-1])
    assert (label[array == 1] > 0).all()
    assert (label == 1)[array == 1].any()
    assert not (label == 1)[array == 0].any()


def test_scaled_intensities_give_the_same_label_in_every_unit(tmp_path):
    noise = np.random.default_rng(0).normal(0, 1, SHAPE)
    images = [image_on(array=noise * unit) for unit in (1.0, 1000.0)]
    clicks = points(images[0], ([CLICK], FACES))
    for intensities, same in (("scaled", True), ("raw", False)):
        kind = ("geodesic", "--threshold", "0.4", "--intensities", intensities)
        first, second = (label_of(tmp_path, image, clicks, *kind) for image in images)
        assert (first == second).all() == same
