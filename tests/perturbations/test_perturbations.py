"""Perturbed images: known strengths in known units, on an unchanged grid."""

import numpy as np
import pytest
import SimpleITK as sitk
from conftest import make_volume, oblique_direction

from weakseg3d.cli import main
from weakseg3d.images.volumes import write_volume
from weakseg3d.perturbations.blur import blur
from weakseg3d.perturbations.intensities import intensity_range
from weakseg3d.perturbations.noise import noise
from weakseg3d.perturbations.shift import shift
from weakseg3d.perturbations.thick_slices import thick_slices

KINDS = {
    "noise": lambda image: noise(image, 0.1, 3),
    "blur": lambda image: blur(image, 2.0),
    "shift": lambda image: shift(image, -0.2),
    "thick-slices": lambda image: thick_slices(image, 8.0),
}


def array_of(image):
    return sitk.GetArrayFromImage(image)


@pytest.fixture
def oblique_image():
    array = np.random.default_rng(0).normal(40, 200, (26, 40, 30)).astype(np.float32)
    return make_volume(array, (1.4, 1.1, 3.5), (-40.0, 15.0, 120.0), oblique_direction())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("voxels", [sitk.sitkFloat32, sitk.sitkInt16])
def test_the_grid_is_unchanged(oblique_image, kind, voxels):
    image = sitk.Cast(oblique_image, voxels)
    perturbed = KINDS[kind](image)
    assert perturbed.GetSize() == image.GetSize()
    assert perturbed.GetSpacing() == image.GetSpacing()
    assert perturbed.GetOrigin() == image.GetOrigin()
    assert perturbed.GetDirection() == image.GetDirection()
    assert perturbed.GetPixelID() == sitk.sitkFloat32
    assert (array_of(perturbed) != array_of(image)).any()


@pytest.mark.parametrize("kind", KINDS)
def test_the_input_is_not_changed(oblique_image, kind):
    before = array_of(oblique_image)
    KINDS[kind](oblique_image)
    assert (array_of(oblique_image) == before).all()


@pytest.mark.parametrize("kind", ["blur", "thick-slices"])
def test_a_constant_image_stays_constant(kind):
    image = make_volume(np.full((24, 9, 9), -1000.0, np.float32), (1, 1, 2.5))
    assert np.allclose(array_of(KINDS[kind](image)), -1000.0, rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_a_single_slice_can_be_perturbed(kind):
    image = make_volume(np.arange(64, dtype=np.float32).reshape(1, 8, 8), (1, 1, 8.0))
    assert np.isfinite(array_of(KINDS[kind](image))).all()


def ramp():
    """Evenly spaced values from 0 to 1000, and an outlier at either end that must not decide the intensity range."""
    values = np.linspace(0, 1000, 40 * 50 * 60, dtype=np.float32)
    values[[0, -1]] = -1e6, 1e6
    return make_volume(values.reshape(40, 50, 60), (1, 2, 3))


def test_the_intensity_range_leaves_out_one_percent_at_either_end():
    assert intensity_range(ramp()) == pytest.approx(980, rel=1e-4)


def test_noise_is_white_and_has_the_given_share_of_the_range():
    image = ramp()
    added = (array_of(noise(image, 0.1, 0)) - array_of(image)).astype(float)[1:-1]
    assert added.std() == pytest.approx(98, rel=0.01)
    assert abs(added.mean()) < 1.5
    for axis in range(3):
        neighbours = np.moveaxis(added, axis, 0)
        assert abs(np.corrcoef(neighbours[1:].ravel(), neighbours[:-1].ravel())[0, 1]) < 0.015
    excess = np.mean((added / added.std()) ** 4) - 3
    assert abs(excess) < 0.08


def test_only_the_seed_decides_the_noise(oblique_image):
    first, again, other = (array_of(noise(oblique_image, 0.1, seed)) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_zero_noise_changes_nothing(oblique_image):
    assert (array_of(noise(oblique_image, 0.0)) == array_of(oblique_image)).all()


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_blurred_edge_has_the_sigma_in_millimetres(axis):
    spacing = (1.0, 1.5, 3.0)[::-1]
    shape = [5, 5, 5]
    shape[axis] = 80
    step = np.zeros(shape, np.float32)
    np.moveaxis(step, axis, 0)[40:] = 1
    blurred = np.moveaxis(array_of(blur(make_volume(step, spacing[::-1]), 6.0)).astype(float), axis, 0)
    assert np.allclose(blurred, blurred[:, :1, :1], atol=1e-5)
    # The derivative of a blurred step is the Gaussian itself.
    gaussian = np.diff(blurred[:, 0, 0])
    where = (np.arange(79) - 39) * spacing[axis]
    assert gaussian @ where == pytest.approx(0, abs=1e-3)
    assert np.sqrt(gaussian @ where**2) == pytest.approx(6.0, rel=0.01)


def test_a_shift_adds_the_share_of_the_range_to_every_voxel():
    values = np.linspace(0, 100, 101, dtype=np.float32).reshape(1, 1, 101)  # percentiles 1 and 99
    image = make_volume(values)
    assert np.allclose(array_of(shift(image, 0.5)), values + 49, atol=1e-5)
    assert np.allclose(array_of(shift(image, -2.0)), values - 196, atol=1e-4)


def bright_plane(number, bright, spacing=1.0):
    array = np.zeros((number, 3, 4), np.float32)
    array[bright] = 90
    return make_volume(array, (1, 1, spacing))


def test_a_bright_slice_is_spread_over_its_thick_slice_and_interpolated():
    thick = array_of(thick_slices(bright_plane(12, 4), 3.0))
    # Thick slices are 0, 30, 0, 0, centred on slices 1, 4, 7, 10.
    expected = [0, 0, 10, 20, 30, 20, 10, 0, 0, 0, 0, 0]
    assert np.allclose(thick[:, 1, 2], expected, atol=1e-4)
    assert np.allclose(thick, thick[:, :1, :1])
    assert thick.mean() == pytest.approx(array_of(bright_plane(12, 4)).mean(), rel=1e-5)


def test_a_slice_on_a_border_counts_by_its_part_inside():
    # 2.5 mm in 1 mm slices: thick slice 0 contains slices 0, 1 and half of 2, and its centre lies at index 0.75.
    thick = array_of(thick_slices(bright_plane(5, 2), 2.5))
    assert np.allclose(thick[:, 0, 0], 18, atol=1e-4)
    thick = array_of(thick_slices(bright_plane(5, 0), 2.5))
    assert np.allclose(thick[:, 0, 0], [36, 0.9 * 36, 18, 0.1 * 36, 0], atol=1e-4)


def test_edges_repeat_the_outermost_thick_slice():
    thick = array_of(thick_slices(bright_plane(12, 1), 3.0))
    assert np.allclose(thick[:5, 0, 0], [30, 30, 20, 10, 0], atol=1e-4)
    thick = array_of(thick_slices(bright_plane(7, 3), 5.0))  # one thick slice, of slices 1 to 5
    assert np.allclose(thick[:, 0, 0], 18, atol=1e-4)


def test_thickness_is_in_millimetres():
    thick = array_of(thick_slices(bright_plane(12, 4, spacing=2.5), 7.5))
    assert np.allclose(thick[:, 0, 0], [0, 0, 10, 20, 30, 20, 10, 0, 0, 0, 0, 0], atol=1e-4)


def test_slices_of_the_original_thickness_are_unchanged(oblique_image):
    assert np.allclose(array_of(thick_slices(oblique_image, 3.5)), array_of(oblique_image), atol=1e-3)


def test_thick_slices_do_not_depend_on_the_order_of_the_slices(oblique_image):
    array = array_of(oblique_image)
    reversed_image = make_volume(np.ascontiguousarray(array[::-1]), oblique_image.GetSpacing())
    assert np.allclose(
        array_of(thick_slices(reversed_image, 8.0))[::-1], array_of(thick_slices(oblique_image, 8.0)), atol=1e-3
    )


def test_thick_slices_are_axial_for_any_order_of_axes():
    array = np.zeros((4, 5, 12), np.float32)
    array[:, :, 4] = 90
    sagittal = make_volume(array, direction=[[0, 0, 1], [0, 1, 0], [-1, 0, 0]])  # x runs along the patient
    thick = array_of(thick_slices(sagittal, 3.0))
    assert thick.shape == array.shape
    assert np.allclose(thick[2, 3], [0, 0, 10, 20, 30, 20, 10, 0, 0, 0, 0, 0], atol=1e-4)


@pytest.fixture
def image_file(oblique_image, tmp_path):
    write_volume(oblique_image, tmp_path / "image.nii.gz")
    return tmp_path / "image.nii.gz"


def perturb(image_file, words, out="out.nii.gz"):
    """Run the verb; words before a comma are options that precede the kind."""
    before, _, kind = words.rpartition(",")
    out = image_file.parent / out
    code = main(["perturb", "--image", str(image_file), "--out", str(out), *before.split(), *kind.split()])
    return code, out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--seed 5, noise --std 0.1", lambda image: noise(image, 0.1, 5)),
        ("blur --sigma 2", lambda image: blur(image, 2.0)),
        ("shift --offset -0.25", lambda image: shift(image, -0.25)),
        ("thick-slices --thickness 10", lambda image: thick_slices(image, 10.0)),
    ],
)
def test_the_verb_writes_each_kind_on_the_same_grid(image_file, capsys, words, expected):
    code, out = perturb(image_file, words)
    assert code == 0
    assert capsys.readouterr().err == ""
    image, written = sitk.ReadImage(str(image_file)), sitk.ReadImage(str(out))
    assert written.GetPixelID() == sitk.sitkFloat32
    assert np.array_equal(array_of(written), array_of(expected(image)))
    for geometry in ("GetSize", "GetSpacing", "GetOrigin", "GetDirection"):
        assert getattr(written, geometry)() == pytest.approx(getattr(image, geometry)(), abs=1e-6)


def test_the_verb_writes_the_same_file_for_the_same_seed(image_file):
    _, first = perturb(image_file, "--seed 5, noise --std 0.1", "first.nii.gz")
    _, again = perturb(image_file, "--seed 5, noise --std 0.1", "again.nii.gz")
    _, other = perturb(image_file, "--seed 6, noise --std 0.1", "other.nii.gz")
    assert np.array_equal(*(sitk.GetArrayFromImage(sitk.ReadImage(str(path))) for path in (first, again)))
    assert not np.array_equal(*(sitk.GetArrayFromImage(sitk.ReadImage(str(path))) for path in (first, other)))


def test_an_image_without_an_intensity_range_is_reported_on_stderr(tmp_path, capsys):
    write_volume(make_volume(np.full((5, 5, 5), 7, np.float32)), tmp_path / "image.nii.gz")
    code, out = perturb(tmp_path / "image.nii.gz", "noise --std 0.5")
    assert code == 0
    assert "nothing is changed" in capsys.readouterr().err
    assert (array_of(sitk.ReadImage(str(out))) == 7).all()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("noise --std -0.1", "--std -0.1: must be at least 0"),
        ("noise --std 1e300", "image.nii.gz: std 1e+300: "),
        ("--seed -1, noise --std 0.1", "--seed -1: must not be negative"),
        ("blur --sigma 0", "--sigma 0.0: must be above 0"),
        ("blur --sigma -1", "--sigma -1.0: must be above 0"),
        ("blur --sigma 1e9", "at most the image's extent of 91 mm"),
        ("shift --offset 1e300", "image.nii.gz: offset 1e+300: "),
        ("thick-slices --thickness 3.4", "thickness 3.4: must lie between the slice spacing of 3.5 mm and"),
        ("thick-slices --thickness 92", "the image's extent of 91 mm"),
        ("thick-slices --thickness 0", "--thickness 0.0: must be above 0"),
    ],
)
def test_bad_values_are_reported_in_one_sentence_and_nothing_is_written(image_file, capsys, words, message):
    before = set(image_file.parent.iterdir())
    code, _ = perturb(image_file, words)
    error = capsys.readouterr().err
    assert code == 2
    assert message in error
    assert error.count("\n") == 1
    assert set(image_file.parent.iterdir()) == before


@pytest.mark.parametrize("kind", ["noise", "blur", "shift", "thick-slices", "sharpen --by 1", ""])
def test_a_missing_strength_or_kind_is_a_wrong_call(image_file, kind):
    with pytest.raises(SystemExit) as exit_info:
        perturb(image_file, kind)
    assert exit_info.value.code == 2
