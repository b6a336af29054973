"""A sliding window that holds a few slices at a time gives what MONAI's, which holds the volume, gives, bit for bit."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from monai.inferers.utils import sliding_window_inference

from weakseg3d.inference.sliding_window import (
    MOST_KNOWN,
    WINDOWS_AT_ONCE,
    Skipped,
    predicted_sections,
    sliding_window_prediction,
)
from weakseg3d.inference.windows import WindowGrid

PATCH = (8, 9, 10)


def two_maps(windows):
    """Return two maps that depend on the place within the window, so that blending matters."""
    z, y, x = torch.meshgrid(*[torch.linspace(-1, 1, n) for n in windows.shape[2:]], indexing="ij")
    return torch.cat([windows + 0.1 * (z + y * x), windows * z], dim=1)


def noise(shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


def reading(image):
    """Return a function that reads slices of ``image``, in their order and each of them once."""
    read = []

    def slices(start, stop):
        assert start == len(read)
        read.extend(range(start, stop))
        return image[start:stop]

    return slices


def by_monai(image, patch_size, overlap, blending, predictor=two_maps):
    windows = image[None, None], patch_size, WINDOWS_AT_ONCE, predictor
    return sliding_window_inference(*windows, overlap=overlap, mode=blending)[0]


def in_sections(image, patch_size, overlap, blending, predictor=two_maps):
    return list(predicted_sections(predictor, reading(image), image.shape, patch_size, overlap, blending))


SIZES = st.tuples(*[st.integers(1, 30)] * 3)


@settings(max_examples=60, deadline=None)
@given(SIZES, st.tuples(*[st.integers(1, 12)] * 3), st.sampled_from([0.0, 0.25, 0.5, 0.8]), st.booleans())
def test_sections_are_the_whole_of_monai_bit_for_bit(shape, patch_size, overlap, gaussian):
    blending = "gaussian" if gaussian else "constant"
    image = noise(shape)
    sections = in_sections(image, patch_size, overlap, blending)
    assert torch.equal(torch.cat(sections, dim=1), by_monai(image, patch_size, overlap, blending))


@pytest.mark.parametrize("shape", [(33, 24, 20), (5, 24, 20), (33, 4, 20), (8, 9, 10), (3, 3, 3)])
def test_the_whole_is_that_of_monai(shape):
    image = noise(shape)
    ours = sliding_window_prediction(two_maps, image, PATCH, 0.5)[0]
    assert torch.equal(ours, by_monai(image, PATCH, 0.5, "gaussian"))


def test_noise_is_drawn_for_the_same_windows_as_by_monai():
    def noisy(windows):
        return windows + torch.randn(windows.shape)

    image = noise((30, 20, 25))
    both = []
    for function in (in_sections, by_monai):
        torch.manual_seed(0)
        both.append(function(image, PATCH, 0.5, "gaussian", noisy))
    assert torch.equal(torch.cat(both[0], dim=1), both[1])


def test_only_a_few_slices_are_held_at_a_time():
    sections = in_sections(torch.zeros((100, 20, 20)), PATCH, 0.5, "gaussian")
    assert [section.shape[1] for section in sections] == [4] * 23 + [8]


def test_half_precision_is_blended_in_single_precision():
    image = noise((12, 12, 12))

    def half(windows):
        return windows.bfloat16()

    ours = torch.cat(in_sections(image, PATCH, 0.5, "gaussian", half), dim=1)
    assert ours.dtype == torch.float32
    assert torch.equal(ours, by_monai(image, PATCH, 0.5, "gaussian", half))


def with_air(shape, place):
    """Return noise in a box of ones in air, the box beginning at ``place``."""
    image = torch.zeros(shape)
    image[tuple(slice(start, start + 20) for start in place)] = 1
    image[tuple(slice(start, start + 5) for start in place)] += noise((5, 5, 5))
    return image


def counted(predictor):
    """Return the predictor, and the numbers of windows in its calls."""
    calls = []

    def counting(windows):
        calls.append(len(windows))
        return predictor(windows)

    return counting, calls


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(*[st.integers(20, 40)] * 3),
    st.tuples(*[st.integers(0, 15)] * 3),
    st.sampled_from([0.0, 0.25, 0.5]),
    st.booleans(),
)
def test_windows_of_one_value_are_predicted_once_and_no_bit_changes(shape, place, overlap, gaussian):
    blending = "gaussian" if gaussian else "constant"
    image = with_air(shape, place)
    predictor, calls = counted(two_maps)
    windows = PATCH, overlap, blending
    sections = list(predicted_sections(predictor, reading(image), image.shape, *windows, repeats=True))
    assert torch.equal(torch.cat(sections, dim=1), by_monai(image, *windows))
    grid = WindowGrid(image.shape, PATCH, overlap)
    values = [image[place].unique() for place in grid.places]
    distinct = {float(value) for (value, *others) in values if not others}
    # Two windows of each value, and each of the others.
    assert sum(calls) == 2 * len(distinct) + sum(len(each) > 1 for each in values)
    assert max(calls) <= WINDOWS_AT_ONCE


def test_a_volume_of_air_alone_takes_one_call():
    predictor, calls = counted(two_maps)
    image = torch.full((60, 30, 30), 0.25)
    sections = list(predicted_sections(predictor, reading(image), image.shape, PATCH, 0.5, repeats=True))
    assert torch.equal(torch.cat(sections, dim=1), by_monai(image, PATCH, 0.5, "gaussian"))
    assert calls == [2]
    assert max(section.shape[1] for section in sections) <= PATCH[0]


def test_many_values_are_predicted_each_time_but_two():
    # 27 windows, each of a value of its own, some of them twice.
    values = torch.arange(27).reshape(3, 3, 3) % 20
    image = values.float().repeat_interleave(8, 0).repeat_interleave(9, 1).repeat_interleave(10, 2)
    predictor, calls = counted(two_maps)
    sections = list(predicted_sections(predictor, reading(image), image.shape, PATCH, 0.0, repeats=True))
    assert torch.equal(torch.cat(sections, dim=1), by_monai(image, PATCH, 0.0, "gaussian"))
    # The first two values, 0 and 1, are there twice each.
    assert sum(calls) == 27 - 4 + 2 * MOST_KNOWN


def test_noise_is_drawn_in_every_window_of_air():
    def noisy(windows):
        return windows + torch.randn(windows.shape)

    predictor, calls = counted(noisy)
    torch.cat(in_sections(torch.zeros((16, 18, 20)), PATCH, 0.0, "gaussian", predictor), dim=1)
    assert calls == [4, 4]


def test_skipped_windows_have_no_part_in_the_means():
    # Windows of four slices, two of which the next one shares: those that begin at 0, 8 and 10 hold air alone.
    image = torch.zeros((14, 4, 4))
    image[5:7] = 1
    skipped = Skipped(0.0, (-math.inf, 7.0))

    def first_slice(windows):
        """Return the first slice of the window plus 3 everywhere, and 1."""
        both = torch.stack([windows[:, 0, :1], torch.zeros_like(windows[:, 0, :1])], dim=1)
        return (both + torch.tensor([3.0, 1.0])[:, None, None, None]).expand(-1, -1, 4, -1, -1).clone()

    predictor, calls = counted(first_slice)
    windows = (4, 4, 4), 0.5, "constant"
    sections = list(predicted_sections(predictor, reading(image), image.shape, *windows, skipped=skipped))
    first, second = torch.cat(sections, dim=1)[:, :, 1, 2].tolist()
    # Of the windows at 2, 4 and 6, the last begins with a slice of ones.
    assert first == [-math.inf] * 2 + [3, 3] + [3, 3] + [3.5, 3.5] + [4, 4] + [-math.inf] * 4
    assert second == [7] * 2 + [1] * 8 + [7] * 4
    assert calls == [3]


@pytest.mark.parametrize("repeats", [False, True])
def test_a_volume_of_skipped_windows_is_never_predicted(repeats):
    predictor, calls = counted(two_maps)
    image = torch.full((60, 20, 30), 0.25)
    air = {"repeats": repeats, "skipped": Skipped(0.25, (-1.0, 0.0))}
    sections = list(predicted_sections(predictor, reading(image), image.shape, PATCH, 0.5, **air))
    assert torch.equal(torch.cat(sections, dim=1), torch.tensor([-1.0, 0.0])[:, None, None, None].expand(2, 60, 20, 30))
    assert calls == []
    assert max(section.shape[1] for section in sections) <= PATCH[0]
