"""Voxels of each value, counted slice by slice, are those of the whole."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from weakseg3d.images.voxel_counts import voxel_counts


@given(arrays(st.sampled_from([np.uint8, np.int32]), (3, 2, 4), elements=st.integers(0, 9)))
def test_every_voxel_is_counted(labels):
    assert voxel_counts(labels).tolist() == np.bincount(labels.ravel()).tolist()


@pytest.mark.parametrize("shape", [(0, 2, 2), (1, 1, 1)])
def test_background_alone_has_one_number(shape):
    assert voxel_counts(np.zeros(shape, np.uint8)).tolist() == [np.prod(shape)]
