"""Farthest point sampling equals a naive loop on all sorts of candidates."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weakseg3d.annotations.farthest_points import farthest_point_sampling


def naive(candidates, number):
    """Visit every candidate in every step."""
    columns = np.ascontiguousarray(np.asarray(candidates, float).T)
    samples = [squared_distance(columns, columns.mean(axis=1)).argmax()]
    nearest = np.inf
    while len(samples) < min(number, len(candidates)):
        nearest = np.minimum(nearest, squared_distance(columns, columns[:, samples[-1]]))
        samples.append(nearest.argmax())
    return samples


def squared_distance(columns, point):
    return ((columns - point[:, None]) ** 2).sum(axis=0)


def grid(generator, size):
    """Return a random half of a grid's voxels in shuffled order, with negative coordinates."""
    voxels = np.indices((size, size + 3, 2 * size)).reshape(3, -1).T - generator.integers(0, 9, 3)
    return generator.permutation(voxels)[: max(1, len(voxels) // 2)]


def test_ties_go_to_the_first_candidate():
    square = np.array([[0, 0, 0], [0, 0, 2], [0, 2, 0], [0, 2, 2]])
    assert farthest_point_sampling(square, 4).tolist() == [0, 3, 1, 2]


@given(st.integers(1, 40), st.integers(0, 5))
def test_no_candidate_is_sampled_twice(number, seed):
    candidates = np.unique(np.random.default_rng(seed).integers(0, 6, (60, 3)), axis=0)
    samples = farthest_point_sampling(candidates, number)
    assert len(set(samples.tolist())) == min(number, len(candidates))


@given(st.integers(1, 12), st.integers(1, 60), st.integers(0, 2**32))
def test_grid_candidates_in_any_order(size, number, seed):
    candidates = grid(np.random.default_rng(seed), size)
    assert farthest_point_sampling(candidates, number).tolist() == naive(candidates, number)


@given(st.integers(1, 900), st.integers(1, 60), st.integers(0, 2**32), st.integers(1, 5))
def test_repeated_candidates(length, number, seed, largest):
    candidates = np.random.default_rng(seed).integers(-largest, largest + 1, (length, 3))
    assert farthest_point_sampling(candidates, number).tolist() == naive(candidates, number)


@given(st.integers(1, 12), st.integers(1, 60), st.integers(0, 2**32))
def test_anisotropic_spacing(size, number, seed):
    candidates = grid(np.random.default_rng(seed), size) * [2.5 / 0.7, 1.0, 1.1 / 0.7]
    assert farthest_point_sampling(candidates, number).tolist() == naive(candidates, number)


@given(st.lists(st.tuples(*[st.floats(-1e6, 1e6)] * 3), min_size=1, max_size=300), st.integers(1, 60))
def test_arbitrary_coordinates(candidates, number):
    assert farthest_point_sampling(candidates, number).tolist() == naive(candidates, number)


@pytest.mark.parametrize("scale", [1, 2000, 10**8])
def test_whole_coordinates_of_any_size(scale):
    candidates = grid(np.random.default_rng(0), 9) * scale
    assert farthest_point_sampling(candidates, 100).tolist() == naive(candidates, 100)


def test_all_candidates_are_sampled_if_they_are_too_few():
    assert sorted(farthest_point_sampling(np.eye(3), 10).tolist()) == [0, 1, 2]


def test_no_candidates_give_no_samples():
    assert farthest_point_sampling(np.zeros((0, 3), int), 5).tolist() == []
