"""Slices that are oriented when they are asked for are those of the oriented image."""

import numpy as np
import pytest
import SimpleITK as sitk
from conftest import make_volume, oblique_direction

from weakseg3d.images.oriented_slices import OrientedSlices
from weakseg3d.images.preprocessing import oriented


@pytest.mark.parametrize("orientation", ["RAS", "LPI", "SLP", "AIR"])
def test_parts_are_the_whole(orientation):
    noise = np.random.default_rng(0).normal(size=(40, 6, 5)).astype(np.float32)
    image = sitk.DICOMOrient(make_volume(noise, (1.1, 1.3, 0.7), (10, -20, 30), oblique_direction()), orientation)
    whole = oriented(image)
    slices, array = OrientedSlices(image), sitk.GetArrayFromImage(whole)
    assert slices.shape == array.shape
    assert (np.concatenate([slices.between(0, 1), slices.between(1, 3), slices.between(3, 40)]) == array).all()
    assert (np.stack(list(slices)) == array).all()
    part = slices.placed(slices.between(3, 5), 3)
    assert part.TransformIndexToPhysicalPoint((1, 2, 1)) == pytest.approx(
        whole.TransformIndexToPhysicalPoint((1, 2, 4))
    )
