"""Reading reports what is wrong with a file; writing never leaves a partial file."""

import gzip

import numpy as np
import pytest
import SimpleITK as sitk
from conftest import make_volume, oblique_direction

from weakseg3d.errors import UserError
from weakseg3d.images.volumes import check_same_grid, read_grid, read_image, read_label, read_mask, write_volume


@pytest.fixture
def volume():
    array = np.arange(4 * 5 * 6, dtype=np.float32).reshape(4, 5, 6)
    return make_volume(array, (1.2, 0.7, 3.0), (-10.0, 4.0, 77.0), oblique_direction())


def test_geometry_and_voxels_survive_a_round_trip(volume, tmp_path):
    write_volume(volume, tmp_path / "v.nii.gz")
    back = read_image(tmp_path / "v.nii.gz")
    check_same_grid(volume, back, "written", "read")
    assert (sitk.GetArrayFromImage(back) == sitk.GetArrayFromImage(volume)).all()
    assert [path.name for path in tmp_path.iterdir()] == ["v.nii.gz"]


def test_a_grid_is_read_without_the_voxels(volume, tmp_path):
    write_volume(volume, tmp_path / "v.nii.gz")
    grid = read_grid(tmp_path / "v.nii.gz")
    check_same_grid(volume, grid, "written", "read")
    assert not sitk.GetArrayFromImage(grid).any()


def test_scaled_integers_are_read_with_their_scaling(volume, tmp_path):
    nibabel = pytest.importorskip("nibabel")
    image = nibabel.Nifti1Image(np.arange(60, dtype=np.int16).reshape(3, 4, 5), np.diag([1, 2, 3, 1]))
    image.header.set_slope_inter(0.5, -10)
    nibabel.save(image, tmp_path / "v.nii.gz")
    assert sitk.GetArrayFromImage(read_image(tmp_path / "v.nii.gz")).min() == -10.0


def test_a_truncated_gzip_file_is_refused(volume, tmp_path):
    write_volume(volume, tmp_path / "v.nii.gz")
    content = (tmp_path / "v.nii.gz").read_bytes()
    (tmp_path / "cut.nii.gz").write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match=r"cut\.nii\.gz: truncated"):
        read_image(tmp_path / "cut.nii.gz")


@pytest.mark.parametrize("read", [read_image, read_grid])
def test_a_non_image_and_a_missing_file_are_refused(tmp_path, read):
    (tmp_path / "text.nii.gz").write_bytes(gzip.compress(b"not an image"))
    with pytest.raises(UserError, match=r"text\.nii\.gz: not a readable image"):
        read(tmp_path / "text.nii.gz")
    with pytest.raises(UserError, match="no such file"):
        read(tmp_path / "nowhere.nii.gz")


@pytest.mark.parametrize("kind", [np.int16, np.float32])
def test_a_truncated_uncompressed_file_is_refused(tmp_path, kind):
    sitk.WriteImage(make_volume(np.ones((4, 5, 6), kind)), tmp_path / "v.nii")
    read_image(tmp_path / "v.nii")
    (tmp_path / "cut.nii").write_bytes((tmp_path / "v.nii").read_bytes()[:-100])
    with pytest.raises(UserError, match=r"cut\.nii: truncated"):
        read_image(tmp_path / "cut.nii")


def test_a_sheared_grid_is_refused(tmp_path):
    nibabel = pytest.importorskip("nibabel")
    affine = np.array([[1, 0.3, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]])
    nibabel.save(nibabel.Nifti1Image(np.zeros((3, 4, 5), np.uint8), affine), tmp_path / "sheared.nii.gz")
    for read in (read_image, read_grid):
        with pytest.raises(UserError, match="sheared"):
            read(tmp_path / "sheared.nii.gz")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_voxels_are_refused(volume, tmp_path, bad):
    array = sitk.GetArrayFromImage(volume)
    array[1, 2, 3] = bad
    sitk.WriteImage(make_volume(array), tmp_path / "nan.nii.gz")
    with pytest.raises(UserError, match=r"nan\.nii\.gz: 1 voxels? .*NaN or infinite"):
        read_image(tmp_path / "nan.nii.gz")


def test_a_label_map_must_have_whole_numbers_and_a_mask_one_class(tmp_path):
    sitk.WriteImage(make_volume(np.full((3, 3, 3), 0.5, np.float32)), tmp_path / "half.nii.gz")
    with pytest.raises(UserError, match="whole numbers"):
        read_label(tmp_path / "half.nii.gz")
    sitk.WriteImage(make_volume(np.arange(27, dtype=np.uint8).reshape(3, 3, 3)), tmp_path / "many.nii.gz")
    with pytest.raises(UserError, match="not a binary mask"):
        read_mask(tmp_path / "many.nii.gz")
    sitk.WriteImage(make_volume(np.eye(3, dtype=np.uint8)[None] * 255), tmp_path / "grey.nii.gz")
    assert sitk.GetArrayFromImage(read_mask(tmp_path / "grey.nii.gz")).max() == 1


@pytest.mark.parametrize("read", [read_image, read_grid])
def test_four_dimensions_are_refused(tmp_path, read):
    sitk.WriteImage(sitk.JoinSeries([make_volume(np.zeros((3, 3, 3), np.float32))] * 2), tmp_path / "time.nii.gz")
    with pytest.raises(UserError, match="not a scalar 3-D volume"):
        read(tmp_path / "time.nii.gz")


def test_grids_are_compared_by_size_spacing_origin_and_direction(volume):
    other = sitk.Image(volume)
    other.SetOrigin((-10.0, 4.0, 78.0))
    with pytest.raises(UserError, match=r"a and b: different grids \(origin differ"):
        check_same_grid(volume, other, "a", "b")


def test_a_failed_write_leaves_no_file(volume, tmp_path):
    with pytest.raises(UserError, match=r"\.nii\.gz"):
        write_volume(volume, tmp_path / "v.png")
    assert not list(tmp_path.iterdir())
