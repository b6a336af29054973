"""The largest component: which one is kept, and that the grid is preserved."""

import numpy as np
import pytest
import SimpleITK as sitk
from conftest import make_volume, oblique_direction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from medpy.filter.binary import largest_connected_component

from weakseg3d.evaluation.largest_component import keep_largest_component


def largest_component(array):
    return sitk.GetArrayFromImage(keep_largest_component(make_volume(np.asarray(array, np.uint8))))


def test_the_larger_of_two_stays():
    mask = np.array([[[1, 1, 0, 1, 1, 1]]])
    assert largest_component(mask).tolist() == [[[0, 0, 0, 1, 1, 1]]]


def test_the_first_of_equals_stays():
    assert largest_component([[[0, 1, 1, 0, 1, 1]]]).tolist() == [[[0, 1, 1, 0, 0, 0]]]


def test_corners_do_not_connect():
    assert largest_component([[[1, 1, 0], [0, 0, 1]]]).tolist() == [[[1, 1, 0], [0, 0, 0]]]


def test_empty_stays_empty():
    assert not largest_component(np.zeros((2, 3, 4))).any()


def test_the_grid_stays():
    image = make_volume(np.ones((2, 3, 4), np.uint8), (1.4, 1.1, 3.5), (-40.0, 15.0, 120.0), oblique_direction())
    result = keep_largest_component(image)
    assert result.GetSpacing() == pytest.approx(image.GetSpacing())
    assert result.GetOrigin() == pytest.approx(image.GetOrigin())
    assert result.GetDirection() == pytest.approx(image.GetDirection())


@settings(max_examples=40)
@given(arrays(np.uint8, (3, 4, 5), elements=st.integers(0, 1)).filter(np.any))
def test_medpy_keeps_the_same(mask):
    assert np.array_equal(largest_component(mask), largest_connected_component(mask))
