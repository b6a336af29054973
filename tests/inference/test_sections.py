"""A volume that leaves the sliding window section by section is the one that MONAI returns as a whole."""

import pytest
import torch

from weakseg3d.inference.sections import predicted_sections
from weakseg3d.inference.sliding_window import sliding_window_prediction

PATCH = (16, 16, 16)


def windowed(windows):
    """Return something that depends on the place within the window, so that blending matters."""
    z, y, x = torch.meshgrid(*[torch.linspace(-1, 1, n) for n in PATCH], indexing="ij")
    return windows + 0.1 * (z + y * x)


def parts(image):
    """Return a function that reads slices of ``image``, in their order and each of them once, and the shape."""
    read = []

    def slices(start, stop):
        assert start == len(read)
        read.extend(range(start, stop))
        return image[start:stop]

    return slices, image.shape


@pytest.mark.parametrize("blending", ["gaussian", "constant"])
@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.5, 0.8])
@pytest.mark.parametrize("depth", [5, 16, 17, 33, 50])
def test_sections_make_up_the_whole(depth, overlap, blending):
    image = torch.rand((depth, 24, 20), generator=torch.Generator().manual_seed(0))
    sections = list(predicted_sections(windowed, *parts(image), PATCH, overlap, blending))
    whole = sliding_window_prediction(windowed, image, PATCH, overlap, blending)[0]
    assert torch.cat(sections, dim=1).shape == whole.shape
    torch.testing.assert_close(torch.cat(sections, dim=1), whole, rtol=0, atol=1e-5)


@pytest.mark.parametrize("size", [(40, 9, 30), (40, 30, 7), (40, 16, 16), (17, 5, 5)])
def test_slices_smaller_than_a_window(size):
    image = torch.rand(size, generator=torch.Generator().manual_seed(0))
    sections = torch.cat(list(predicted_sections(windowed, *parts(image), PATCH, 0.5)), dim=1)
    torch.testing.assert_close(sections, sliding_window_prediction(windowed, image, PATCH, 0.5)[0], rtol=0, atol=1e-5)


def test_only_a_few_slices_are_held_at_a_time():
    image = torch.zeros((100, 16, 16))
    assert max(section.shape[1] for section in predicted_sections(windowed, *parts(image), PATCH, 0.5)) <= 16


def test_an_output_that_does_not_depend_on_the_window_is_exact():
    image = torch.rand((40, 20, 20), generator=torch.Generator().manual_seed(1))
    sections = torch.cat(list(predicted_sections(lambda windows: 2 * windows, *parts(image), PATCH, 0.5)), dim=1)
    torch.testing.assert_close(sections[0], 2 * image, rtol=1e-5, atol=1e-5)
