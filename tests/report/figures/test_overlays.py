"""The picture of one case: its slice, its orientation and its contours."""

import matplotlib.image
import numpy as np
import pytest
import SimpleITK as sitk
from conftest import make_volume

from weakseg3d.cli import main
from weakseg3d.inference.uncertainty_maps import write_uncertainty
from weakseg3d.report.figures.overlays import dice_text, overlay_figure, slice_to_show
from weakseg3d.report.figures.uncertainty_panels import uncertainty_figure


def stack(*counts):
    """Return a mask (z, y, x) with this many voxels on each slice."""
    mask = np.zeros((len(counts), 4, 5), bool)
    for index, count in enumerate(counts):
        mask[index].flat[:count] = True
    return mask


def test_slice_with_most_reference():
    assert slice_to_show(stack(1, 3, 7, 2), stack(9, 0, 0, 0)) == 2


def test_slice_without_reference():
    assert slice_to_show(stack(0, 0, 0, 0), stack(1, 0, 0, 5)) == 3


def test_slice_without_any_mask():
    assert slice_to_show(stack(0, 0, 0, 0, 0), stack(0, 0, 0, 0, 0)) == 2


def test_words_for_dice():
    assert dice_text(stack(2, 0), stack(2, 0)) == "Dice 1.000"
    assert dice_text(stack(2, 0), stack(1, 0)) == "Dice 0.667"
    assert dice_text(stack(2, 0), stack(0, 0)) == "Dice 0 (missed)"
    assert dice_text(stack(0, 0), stack(2, 0)) == "organ absent, prediction not empty"
    assert dice_text(stack(0, 0), stack(0, 0)) == "organ absent"


def corner_volumes(orientation):
    """Return an image that is bright in the patient's right anterior corner, and an empty mask, in this orientation."""
    array = np.zeros((3, 20, 30), np.float32)
    array[:, :5, :5] = 100
    image = make_volume(array, (1.0, 1.5, 4.0))
    return sitk.DICOMOrient(image, orientation), sitk.DICOMOrient(sitk.Cast(image, sitk.sitkUInt8) * 0, orientation)


@pytest.mark.parametrize("orientation", ["LPS", "RAS", "LAS", "PIR"])
def test_radiological_convention(orientation):
    image, empty = corner_volumes(orientation)
    axes = overlay_figure(image, empty, empty, window=(0, 100)).axes[0]
    picture = axes.images[0].get_array()
    assert picture.shape == (20, 30)
    assert picture[:5, :5].min() == 100
    assert picture.sum() == 25 * 100
    # Row 0 is drawn at the top: anterior is up.
    assert axes.get_ylim()[0] > axes.get_ylim()[1]
    assert axes.get_aspect() == pytest.approx(1.5)


def test_contours_follow_the_masks():
    image, mask = corner_volumes("LPS")
    array = sitk.GetArrayFromImage(mask)
    array[1, 0:6, 4:9] = 1
    mask = make_volume(array, mask.GetSpacing())
    axes = overlay_figure(image, mask, mask).axes[0]
    reference, prediction = axes.collections
    for contour in (reference, prediction):
        (path,) = contour.get_paths()
        # The contour is closed half a voxel beyond the mask, even at the border of the slice.
        assert path.vertices.min(axis=0).tolist() == [3.5, -0.5]
        assert path.vertices.max(axis=0).tolist() == [8.5, 5.5]
    assert reference.get_linestyle() != prediction.get_linestyle()


@pytest.fixture
def case(tmp_path, oblique_mask):
    paths = {name: tmp_path / f"{name}.nii.gz" for name in ("image", "reference", "prediction")}
    sitk.WriteImage(sitk.Cast(oblique_mask, sitk.sitkFloat32) * 50, str(paths["image"]))
    sitk.WriteImage(oblique_mask, str(paths["reference"]))
    sitk.WriteImage(sitk.BinaryErode(oblique_mask), str(paths["prediction"]))
    return paths


def overlay(case, out, *options):
    files = [argument for name, path in case.items() for argument in (f"--{name}", str(path))]
    return main(["overlay", *files, "--out", str(out), *options])


def test_verb_draws_the_same_picture_twice(case, tmp_path):
    for name in ("a.png", "b.png"):
        assert overlay(case, tmp_path / name, "--title", "spleen, dense", "--window", "-100", "240") == 0
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    picture = matplotlib.image.imread(tmp_path / "a.png")
    assert picture.shape[1] == 480
    # Only the contours are coloured.
    assert (picture[..., :3].max(axis=-1) - picture[..., :3].min(axis=-1) > 0.3).sum() > 200


@pytest.mark.parametrize("name", ["a.jpg", "a"])
def test_only_png(case, tmp_path, capsys, name):
    assert overlay(case, tmp_path / name) == 2
    assert ".png" in capsys.readouterr().err
    assert not (tmp_path / name).exists()


def test_window_upside_down(case, tmp_path, capsys):
    assert overlay(case, tmp_path / "a.png", "--window", "240", "-100") == 2
    assert "--window" in capsys.readouterr().err


def test_mask_on_another_grid(case, tmp_path, capsys):
    mask = sitk.ReadImage(str(case["reference"]))
    mask.SetOrigin((0.0, 0.0, 0.0))
    sitk.WriteImage(mask, str(case["reference"]))
    assert overlay(case, tmp_path / "a.png") == 2
    assert "origin" in capsys.readouterr().err
    assert not (tmp_path / "a.png").exists()


def panels_of(variance, orientation="LPS"):
    """Return the axes of panels for an image with a bright corner; the entropy is the intensity divided by 100."""
    image, mask = corner_volumes(orientation)
    array = sitk.GetArrayFromImage(mask)
    array[1, 0:6, 4:9] = 1
    mask = sitk.GetImageFromArray(array)
    mask.CopyInformation(image)
    maps = {"entropy": image / 100, "variance": image / 100 * variance}
    return uncertainty_figure(image, mask, mask, maps, "a title", (0, 100)).axes


def test_panels_stand_side_by_side_at_equal_height():
    image, contours, entropy, entropy_bar, variance, variance_bar = panels_of(0.125)
    assert [axes.get_title() for axes in (image, contours, entropy, variance)] == [
        "image",
        "contours",
        "entropy",
        "variance",
    ]
    places = [axes.get_position() for axes in (image, contours, entropy, entropy_bar, variance, variance_bar)]
    assert len({(round(place.y0, 6), round(place.y1, 6)) for place in places}) == 1
    assert all(left.x1 < right.x0 for left, right in zip(places, places[1:], strict=False))
    assert [entropy_bar.get_ylabel(), variance_bar.get_ylabel()] == ["bit", "probability²"]
    assert entropy.images[0].get_clim() == (0, 1)
    assert variance.images[0].get_clim() == (0, 0.125)
    assert (len(image.collections), len(contours.collections)) == (0, 2)
    # No panel is stretched, and the contours do not change the limits.
    assert image.get_xlim() == contours.get_xlim() == entropy.get_xlim()
    assert image.get_ylim() == contours.get_ylim() == entropy.get_ylim()


@pytest.mark.parametrize("orientation", ["RAS", "PIR"])
def test_maps_are_turned_like_the_image(orientation):
    *_, variance, _ = panels_of(0.2, orientation)
    picture = variance.images[0].get_array()
    assert picture[:5, :5].min() == pytest.approx(0.2)
    assert np.count_nonzero(picture) == 25


def test_a_variance_of_zero_has_no_panel():
    assert len(panels_of(0)) == 4


@pytest.fixture
def maps(case, tmp_path):
    probability = sitk.Cast(sitk.ReadImage(str(case["reference"])), sitk.sitkFloat32) * 0.8 + 0.1
    write_uncertainty(probability, probability * 0.01, tmp_path / "maps")
    return tmp_path / "maps"


def test_verb_draws_panels(case, maps, tmp_path):
    for name in ("a.png", "b.png"):
        assert overlay(case, tmp_path / name, "--uncertainty", str(maps), "--title", "spleen, dense") == 0
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    height, width, _ = matplotlib.image.imread(tmp_path / "a.png").shape
    assert width > 2.5 * height


def test_maps_on_another_grid(case, maps, tmp_path, capsys):
    probability = make_volume(np.full((4, 5, 6), 0.5, np.float32))
    write_uncertainty(probability, probability * 0, maps)
    assert overlay(case, tmp_path / "a.png", "--uncertainty", str(maps)) == 2
    assert "size" in capsys.readouterr().err
    assert not (tmp_path / "a.png").exists()
