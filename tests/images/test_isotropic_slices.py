"""Slices of an isotropic grid that are computed when they are asked for are those of the whole."""

import numpy as np
import pytest
import SimpleITK as sitk
from conftest import make_volume, oblique_direction
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from weakseg3d.images.isotropic_slices import IsotropicSlices
from weakseg3d.images.normalisation import moments, normalised
from weakseg3d.images.order_statistics import percentiles
from weakseg3d.images.preprocessing import oriented, scaled_intensity
from weakseg3d.images.resampling import resample_image
from weakseg3d.images.scaled_slices import ScaledSlices


def noise(shape=(150, 12, 10), spacing=(1.1, 1.3, 0.7)):
    values = np.random.default_rng(0).normal(0, 300, shape).astype(np.float32)
    return make_volume(values, spacing, (10, -20, 30), oblique_direction())


@pytest.mark.parametrize("orientation", ["RAS", "LPI", "SLP", "AIR"])
@pytest.mark.parametrize("spacing", [0.5, 0.7, 1.0, 2.0, 9.0])
def test_parts_are_the_whole(spacing, orientation):
    image = sitk.DICOMOrient(noise(), orientation)
    whole = sitk.GetArrayFromImage(resample_image(oriented(image), spacing))
    slices = IsotropicSlices(image, spacing)
    assert slices.shape == whole.shape
    cuts = [0, 1, 5, len(whole) // 2, len(whole)]
    parts = np.concatenate([slices.between(a, b) for a, b in zip(cuts, cuts[1:], strict=False) if b > a])
    np.testing.assert_allclose(parts, whole, rtol=0, atol=0.01)
    np.testing.assert_allclose(np.stack(list(slices)), whole, rtol=0, atol=0.01)


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_a_few_thick_slices(depth):
    image = noise((depth, 12, 10), (1.0, 1.0, 8.0))
    whole = sitk.GetArrayFromImage(resample_image(oriented(image), 3.0))
    np.testing.assert_allclose(IsotropicSlices(image, 3.0).between(0, len(whole)), whole, rtol=0, atol=0.01)


def test_a_part_lies_where_the_whole_has_it():
    image = noise()
    whole = resample_image(oriented(image), 2.0)
    slices = IsotropicSlices(image, 2.0)
    part = slices.placed(slices.between(7, 9), 7)
    assert part.TransformIndexToPhysicalPoint((1, 2, 1)) == pytest.approx(
        whole.TransformIndexToPhysicalPoint((1, 2, 8))
    )
    assert part.GetSpacing() == whole.GetSpacing()


@pytest.mark.parametrize("intensity", [{"window": [-200, 300]}, {"percentiles": [1, 99]}, {"percentiles": [0, 100]}])
@pytest.mark.parametrize("normalisation", ["none", "z_score"])
def test_intensities_follow_from_all_slices(intensity, normalisation):
    image = noise()
    whole = sitk.GetArrayFromImage(resample_image(oriented(image), 1.5))
    whole = normalised(scaled_intensity(whole, intensity), normalisation)
    scaled = ScaledSlices(IsotropicSlices(image, 1.5), intensity)
    mean, std = moments(scaled, normalisation)
    np.testing.assert_allclose((scaled.between(0, len(whole)) - mean) / std, whole, rtol=0, atol=1e-4)


def test_a_constant_volume_becomes_zero():
    image = make_volume(np.full((9, 8, 7), 5, np.float32), (2.0, 2.0, 2.0))
    scaled = ScaledSlices(IsotropicSlices(image, 2.0), {"percentiles": [1, 99]})
    assert moments(scaled, "z_score") == (0, 1)
    assert not scaled.between(0, 9).any()


VALUES = arrays(
    np.float32,
    st.tuples(st.integers(1, 6), st.integers(1, 4), st.integers(1, 4)),
    elements=st.floats(width=32, allow_nan=False, allow_infinity=False, min_value=-(2.0**90), max_value=2.0**90),
)


@given(VALUES, st.lists(st.floats(0, 100), min_size=1, max_size=3))
def test_percentiles_of_parts_are_those_of_the_whole(values, shares):
    np.testing.assert_allclose(percentiles(values, shares), np.percentile(values, shares), rtol=2e-6)


def test_percentiles_by_hand():
    parts = [np.float32([[3, -1]]), np.float32([[0, 2]]), np.float32([[1]])]
    assert percentiles(parts, [0, 25, 60, 100]) == pytest.approx([-1, 0, 1.4, 3])
    assert percentiles([np.float32([-0.0, 0.0])], [50]) == [0]
