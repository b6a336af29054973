"""A prediction on its reference's grid: values derived by hand, surfaces in place, and what is refused."""

import numpy as np
import pytest
import SimpleITK as sitk
from conftest import make_volume, oblique_direction

from weakseg3d.errors import UserError
from weakseg3d.evaluation.reference_grid import mask_on_reference_grid
from weakseg3d.images.resampling import map_on_reference_grid, resample_label


def on_grid(prediction, reference):
    return mask_on_reference_grid(prediction, reference, "prediction.nii.gz", "reference.nii.gz")


def test_finer_by_hand():
    # A row of voxels 1, 0 at half the voxel size: the interpolated values are 1, 3/4, 1/4, 0.
    prediction = make_volume(np.array([[[1, 0]]], np.uint8))
    reference = make_volume(np.zeros((1, 1, 4), np.uint8), (0.5, 1.0, 1.0), (-0.25, 0.0, 0.0))
    assert sitk.GetArrayFromImage(on_grid(prediction, reference)).tolist() == [[[1, 1, 0, 0]]]
    values = sitk.GetArrayFromImage(map_on_reference_grid(sitk.Cast(prediction, sitk.sitkFloat32), reference))
    assert values.ravel() == pytest.approx([1, 0.75, 0.25, 0])


def test_midway_is_organ():
    # Voxels of 2 mm, whose centres lie midway between 1 and 1, 1 and 0, 0 and 0.
    prediction = make_volume(np.array([[[1, 1, 1, 0, 0, 0]]], np.uint8))
    reference = make_volume(np.zeros((1, 1, 3), np.uint8), (2.0, 1.0, 1.0), (0.5, 0.0, 0.0))
    assert sitk.GetArrayFromImage(on_grid(prediction, reference)).tolist() == [[[1, 1, 0]]]


def test_beyond_the_prediction_is_no_organ():
    prediction = make_volume(np.ones((1, 1, 2), np.uint8), origin=(1.0, 0.0, 0.0))
    reference = make_volume(np.zeros((1, 1, 4), np.uint8))
    assert sitk.GetArrayFromImage(on_grid(prediction, reference)).tolist() == [[[0, 1, 1, 0]]]


def test_there_and_back_on_an_oblique_grid(oblique_mask):
    back = on_grid(resample_label(oblique_mask, 1.0), oblique_mask)
    assert back.GetDirection() == oblique_mask.GetDirection()
    ours, theirs = sitk.GetArrayFromImage(back), sitk.GetArrayFromImage(oblique_mask)
    assert 2 * (ours & theirs).sum() / (ours.sum() + theirs.sum()) > 0.99
    # No side of the volume is favoured.
    for axis in range(3):
        middles = [np.argwhere(mask)[:, axis].mean() for mask in (ours, theirs)]
        assert middles[0] == pytest.approx(middles[1], abs=0.05)


def test_an_empty_prediction_stays_empty_wherever_it_lies():
    prediction = make_volume(np.zeros((2, 2, 2), np.uint8), origin=(900.0, 0.0, 0.0))
    assert not sitk.GetArrayViewFromImage(on_grid(prediction, make_volume(np.ones((2, 2, 2), np.uint8)))).any()


def test_a_prediction_too_small_for_the_grid_is_accepted():
    # A voxel of 1 mm in the corner of a voxel of 9 mm is lost, but it lies within the reference's volume.
    prediction = np.zeros((9, 9, 9), np.uint8)
    prediction[0, 0, 0] = 1
    reference = make_volume(np.ones((1, 1, 1), np.uint8), (9.0, 9.0, 9.0), (4.0, 4.0, 4.0))
    assert not sitk.GetArrayViewFromImage(on_grid(make_volume(prediction), reference)).any()


@pytest.mark.parametrize("flipped", [False, True])
def test_another_scan_is_refused(flipped):
    direction = oblique_direction(flipped)
    reference = make_volume(np.ones((4, 5, 6), np.uint8), (1.4, 1.1, 3.5), (-40.0, 15.0, 120.0), direction)
    beside = reference.TransformContinuousIndexToPhysicalPoint((-20.0, 0.0, 0.0))
    prediction = make_volume(np.ones((4, 5, 6), np.uint8), (1.4, 1.1, 3.5), beside, direction)
    with pytest.raises(UserError, match=r"prediction\.nii\.gz: the organ lies entirely outside"):
        on_grid(prediction, reference)
