"""Isotropic resampling preserves the position and the size of organs."""

import numpy as np
import pytest
import SimpleITK as sitk
from conftest import make_volume, oblique_direction

from weakseg3d.cli import main
from weakseg3d.errors import UserError
from weakseg3d.images.resampling import isotropic_grid, resample_image, resample_label
from weakseg3d.images.volumes import check_same_grid, write_volume


def volume_and_centroid(mask):
    voxels = np.argwhere(sitk.GetArrayFromImage(mask) > 0)
    centroid = mask.TransformContinuousIndexToPhysicalPoint(voxels.mean(axis=0)[::-1].tolist())
    return len(voxels) * np.prod(mask.GetSpacing()), np.array(centroid)


@pytest.mark.parametrize("spacing", [1.0, 1.5, 2.0, 3.0])
def test_an_organ_keeps_its_volume_and_position(oblique_mask, spacing):
    volume, centroid = volume_and_centroid(oblique_mask)
    new_volume, new_centroid = volume_and_centroid(resample_label(oblique_mask, spacing))
    assert new_volume == pytest.approx(volume, rel=0.02)
    assert np.linalg.norm(new_centroid - centroid) < spacing / 2


def test_image_and_label_stay_on_the_same_grid(oblique_mask):
    image = resample_image(sitk.Cast(oblique_mask, sitk.sitkFloat32), 1.7)
    check_same_grid(image, resample_label(oblique_mask, 1.7), "image", "label")
    assert image.GetSpacing() == (1.7, 1.7, 1.7)
    assert image.GetDirection() == oblique_mask.GetDirection()


def test_the_grid_covers_the_physical_box(oblique_mask):
    size, origin = isotropic_grid(oblique_mask, 2.0)
    extent = np.array(oblique_mask.GetSize()) * oblique_mask.GetSpacing()
    assert (np.array(size) * 2.0 >= extent - 1e-6).all()
    assert (np.array(size) * 2.0 < extent + 2.0).all()
    middle = np.array(origin) + np.array(oblique_mask.GetDirection()).reshape(3, 3) @ ((np.array(size) - 1) / 2 * 2.0)
    old_middle = oblique_mask.TransformContinuousIndexToPhysicalPoint([(n - 1) / 2 for n in oblique_mask.GetSize()])
    assert np.allclose(middle, old_middle)


def test_intensities_keep_their_world_coordinates():
    z, y, x = np.indices((12, 30, 34))
    image = make_volume(np.zeros(z.shape, np.float32), (1.3, 0.9, 3.0), (5.0, -8.0, 40.0), oblique_direction())
    points = np.stack([x, y, z], -1) * image.GetSpacing() @ np.array(image.GetDirection()).reshape(3, 3).T
    ramp = (points @ [0.5, -0.2, 0.8]).astype(np.float32)
    resampled = resample_image(make_volume(ramp, image.GetSpacing(), image.GetOrigin(), oblique_direction()), 1.3)
    for index in [(10, 8, 12), (20, 12, 18)]:
        where = np.array(resampled.TransformIndexToPhysicalPoint(index)) - image.GetOrigin()
        assert resampled[index] == pytest.approx(where @ [0.5, -0.2, 0.8], abs=0.05)


def test_a_single_thick_slice_can_be_resampled():
    image = make_volume(np.ones((1, 8, 8), np.float32), (2.0, 2.0, 10.0))
    assert sitk.GetArrayFromImage(resample_image(image, 4.0)).mean() == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("resample", [resample_image, resample_label])
@pytest.mark.parametrize(
    ("spacing", "message"),
    [
        (0.001, "20000 x 24000 x 8000 voxels"),
        (1e-310, "inf x inf x inf voxels"),
        (101.0, "not supported"),
    ],
)
def test_a_grid_that_is_too_large_is_refused_before_it_is_allocated(resample, spacing, message):
    image = make_volume(np.ones((8, 24, 20), np.uint8))
    with pytest.raises(UserError, match=message):
        resample(image, spacing)


def test_the_verb_names_the_file_and_the_size(tmp_path, capsys):
    write_volume(make_volume(np.ones((8, 24, 20), np.uint8)), tmp_path / "v.nii.gz")
    arguments = f"resample --in {tmp_path}/v.nii.gz --out {tmp_path}/out.nii.gz --kind image --spacing 0.001"
    assert main(arguments.split()) == 2
    message = capsys.readouterr().err
    assert (
        "v.nii.gz: a spacing of 0.001 mm over a volume of 20 x 24 x 8 mm gives 20000 x 24000 x 8000 voxels" in message
    )
    assert [path.name for path in tmp_path.iterdir()] == ["v.nii.gz"]
