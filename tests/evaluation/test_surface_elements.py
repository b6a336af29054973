"""Surface elements: areas derived by hand, the published table, and properties that hold for every mask."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from weakseg3d.evaluation.surface_elements import element_areas, neighbour_codes, surface_area_within

SPACING = (3.0, 0.5, 0.7)


def test_codes_of_one_voxel():
    # The eight points around the voxel (1, 0, 2) have it in different corners; corner k has the code 2^k.
    mask = np.zeros((3, 2, 4), bool)
    mask[1, 0, 2] = True
    codes = neighbour_codes(mask)
    assert codes.shape == (4, 3, 5)
    assert codes[1:3, 0:2, 2:4].ravel().tolist() == [128, 64, 32, 16, 8, 4, 2, 1]
    assert np.count_nonzero(codes) == 8


@pytest.mark.parametrize(
    ("corners", "area"),
    [
        pytest.param([], 0, id="nothing"),
        # The triangle that cuts off a corner at half the spacings a, b, c: half the root of (ab)² + (ac)² + (bc)².
        pytest.param([(0, 0, 0)], math.hypot(1.5 * 0.25, 1.5 * 0.35, 0.25 * 0.35) / 2, id="a corner"),
        pytest.param([(0, 0, 0), (0, 0, 1)], 0.7 * math.hypot(1.5, 0.25), id="an edge"),
        pytest.param([(0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 1, 1)], 0.5 * 0.7, id="a face"),
        # Two corners that share only a face, or nothing, are cut off separately.
        pytest.param([(0, 0, 0), (0, 1, 1)], math.hypot(1.5 * 0.25, 1.5 * 0.35, 0.25 * 0.35), id="two corners"),
        pytest.param([(0, 0, 0), (1, 1, 1)], math.hypot(1.5 * 0.25, 1.5 * 0.35, 0.25 * 0.35), id="opposite corners"),
        # Three corners of a face: the triangle between the cuts of their vertical edges, half a face, and the
        # trapezoid from its long side down to the fourth corner's cuts, three quarters of a triangle with the sides
        # that the whole spacings cut off.
        pytest.param(
            [(0, 0, 0), (0, 0, 1), (0, 1, 0)],
            0.5 * 0.7 / 2 + 0.75 * math.hypot(3 * 0.5, 3 * 0.7, 0.5 * 0.7) / 2,
            id="three corners of a face",
        ),
    ],
)
def test_areas_by_hand(corners, area):
    code = sum(2 ** (4 * z + 2 * y + x) for z, y, x in corners)
    assert element_areas(SPACING)[code] == pytest.approx(area)
    assert element_areas(SPACING)[255 - code] == pytest.approx(area)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), SPACING, (0.3, 5.0, 1.1)])
def test_areas_agree_with_the_published_table(spacing):
    from monai.metrics.utils import get_code_to_measure_table

    published, _ = get_code_to_measure_table(spacing)
    # MONAI and surface-distance number the corners in the opposite order.
    reversed_bits = [int(f"{code:08b}"[::-1], 2) for code in range(256)]
    assert element_areas(spacing)[reversed_bits] == pytest.approx(published.numpy(), rel=1e-5, abs=1e-6)


def test_two_slabs_at_a_distance():
    # Two slabs of 10 x 20 voxels, 2 and 3 thick, whose facing sides lie two slices, 6 mm, apart.
    first, second = np.zeros((2, 12, 12, 22), bool)
    first[2:4, 1:11, 1:21], second[6:9, 1:11, 1:21] = True, True
    # A side has 9 x 19 elements inside, 9 and 19 on each edge, 4 corners.
    corner = math.hypot(1.5 * 0.25, 1.5 * 0.35, 0.25 * 0.35) / 2
    edge_y, edge_x, edge_z = 0.5 * math.hypot(1.5, 0.35), 0.7 * math.hypot(1.5, 0.25), 3 * math.hypot(0.25, 0.35)
    side = 9 * 19 * 0.5 * 0.7 + 2 * (9 * edge_y + 19 * edge_x) + 4 * corner
    rim = 4 * edge_z + 2 * (9 * 3 * 0.5 + 19 * 3 * 0.7)
    # One slice between the sides of the first slab, two between those of the second.
    total, within = surface_area_within(first, second, SPACING, tolerance=6.0)
    assert total == pytest.approx(4 * side + 3 * rim)
    assert within == pytest.approx(2 * side)
    assert surface_area_within(first, second, SPACING, tolerance=5.9)[1] == 0


masks = arrays(bool, (3, 4, 5)).filter(np.any)


@settings(max_examples=60)
@given(
    masks,
    masks,
    st.permutations(range(3)),
    st.tuples(*[st.sampled_from([1, -1])] * 3),
    st.sampled_from([0.1, 0.65, 3.05, 6.05]),
)
def test_turning_and_mirroring_change_nothing(prediction, reference, order, steps, tolerance):
    def moved(mask):
        return mask.transpose(order)[tuple(slice(None, None, step) for step in steps)]

    plain = surface_area_within(prediction, reference, SPACING, tolerance)
    spacing = [SPACING[axis] for axis in order]
    turned = surface_area_within(moved(prediction), moved(reference), spacing, tolerance)
    assert turned == pytest.approx(plain, rel=1e-9)


@settings(max_examples=60)
@given(masks, masks, st.floats(0, 6), st.floats(0, 6))
def test_a_larger_tolerance_never_reduces_the_area(prediction, reference, first, second):
    total, less = surface_area_within(prediction, reference, SPACING, min(first, second))
    _, more = surface_area_within(prediction, reference, SPACING, max(first, second))
    assert 0 <= less <= more <= total * (1 + 1e-12)
