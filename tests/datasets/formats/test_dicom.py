"""DICOM series, contours and the window around a target: geometry to 1e-4 mm, and no missing slices."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from conftest import make_volume, oblique_direction
from dicom_files import rectangle, write_series, write_structures

from weakseg3d.cli import main
from weakseg3d.datasets.adapters import folder, vs
from weakseg3d.datasets.formats.crop import crop_around
from weakseg3d.datasets.formats.dicom import read_series_folder
from weakseg3d.datasets.formats.rtstruct import structure_mask
from weakseg3d.errors import UserError

SHAPE = (7, 12, 10)  # z, y, x


def scan(seed=0, shape=SHAPE, flipped=False):
    voxels = np.random.default_rng(seed).integers(-500, 500, shape).astype(np.int16)
    return make_volume(voxels, (0.7125, 0.9875, 3.3), (-101.37, 55.25, -20.125), oblique_direction(flipped))


def array(volume):
    return sitk.GetArrayFromImage(volume)


def assert_same_place(volume, expected):
    for what in ("GetSize", "GetSpacing", "GetOrigin", "GetDirection"):
        np.testing.assert_allclose(getattr(volume, what)(), getattr(expected, what)(), rtol=0, atol=1e-4)


@pytest.mark.parametrize("names", ["ascending", "descending", "shuffled"])
def test_a_series_is_read_correctly_whatever_its_file_names(tmp_path, names):
    order = {"ascending": range(7), "descending": range(6, -1, -1), "shuffled": np.random.default_rng(1).permutation(7)}
    write_series(tmp_path, scan(), names=[f"IMG-{number}" for number in order[names]], slope=0.25)
    volume = read_series_folder(tmp_path)
    assert_same_place(volume, scan())
    np.testing.assert_allclose(array(volume), np.rint(array(scan()) / 0.25) * 0.25)
    assert volume.GetPixelID() == sitk.sitkFloat32


def test_a_series_stored_from_head_to_feet_keeps_its_position(tmp_path):
    """A left-handed volume is read with its slices in reverse order, at the same world coordinates."""
    original = scan(flipped=True)
    write_series(tmp_path, original)
    volume = read_series_folder(tmp_path)
    assert np.linalg.det(np.reshape(volume.GetDirection(), (3, 3))) == pytest.approx(1)
    for index in ((0, 0, 0), (9, 11, 6), (3, 5, 2)):
        point = original.TransformIndexToPhysicalPoint(index)
        place = volume.TransformPhysicalPointToContinuousIndex(point)
        np.testing.assert_allclose(place, np.rint(place), atol=1e-4)
        assert volume[[int(round(part)) for part in place]] == original[index]


def test_a_single_slice_keeps_its_stated_thickness(tmp_path):
    write_series(tmp_path, scan(shape=(1, 12, 10)))
    assert read_series_folder(tmp_path).GetSpacing()[2] == pytest.approx(1.0)


@pytest.mark.parametrize("order", ["ascending", "descending"])
def test_the_chaos_layout_by_another_writer_passes_through_the_whole_import(tmp_path, order):
    """From DICOM and PNG to NIfTI: voxels, ids and geometry, for names in either order."""
    original, numbers = scan(), list(range(1, 8))
    ids = np.random.default_rng(5).integers(0, 5, SHAPE)
    grey = np.array([0, 63, 126, 189, 252], np.uint8)[ids]
    names = [f"IMG-0003-{number:05d}" for number in (numbers if order == "ascending" else numbers[::-1])]
    home = tmp_path / "raw" / "Train_Sets" / "MR" / "13" / "T2SPIR"
    write_series(home / "DICOM_anon", original, names=names)
    (home / "Ground").mkdir()
    for plane, name in zip(grey, names, strict=True):
        sitk.WriteImage(sitk.GetImageFromArray(plane), str(home / "Ground" / f"{name}.png"))
    assert main(["import", "chaos_mr", "--raw", str(tmp_path / "raw"), "--out", str(tmp_path / "out")]) == 0
    image, label = (sitk.ReadImage(str(tmp_path / "out" / "13" / f"{kind}.nii.gz")) for kind in ("image", "label"))
    for volume, voxels in ((image, array(original)), (label, ids)):
        assert_same_place(volume, original)
        np.testing.assert_array_equal(array(volume), voxels)


def test_series_whose_files_have_no_suffix(tmp_path):
    write_series(tmp_path, scan())
    for path in list(tmp_path.iterdir()):
        path.rename(path.with_suffix(""))
    (tmp_path / "DICOMDIR").write_text("index", encoding="utf-8")
    assert_same_place(read_series_folder(tmp_path), scan())


def test_a_folder_of_dicom_series_as_a_dataset(tmp_path):
    write_series(tmp_path / "p1" / "ct", scan())
    sitk.WriteImage(sitk.Cast(scan() > 0, sitk.sitkUInt8), str(tmp_path / "p1" / "liver.nii.gz"))
    options = {"image": "{case}/ct", "label": "{case}/liver.nii.gz"}
    cases = folder.find_cases(tmp_path, options)
    assert list(cases) == ["p1"]
    image, label = folder.load_case(cases["p1"], options)
    assert_same_place(image, scan())
    np.testing.assert_array_equal(array(label), array(scan()) > 0)
    sitk.WriteImage(sitk.Image(3, 3, 3, sitk.sitkUInt8), str(tmp_path / "p1" / "liver.nii.gz"))
    with pytest.raises(UserError, match="different grids"):
        folder.load_case(cases["p1"], options)


def shift(home, name, millimetres, axis):
    """Move one slice along an axis of the volume."""
    path = home / f"{name}.dcm"
    content = pydicom.dcmread(path)
    move = np.reshape(scan().GetDirection(), (3, 3))[:, axis] * millimetres
    content.ImagePositionPatient = [
        f"{float(a) + b:.9f}"[:16] for a, b in zip(content.ImagePositionPatient, move, strict=True)
    ]
    content.save_as(path)


def test_a_missing_slice_is_rejected_by_name(tmp_path):
    write_series(tmp_path, scan())
    (tmp_path / "1-004.dcm").unlink()
    with pytest.raises(
        UserError, match=r"1-005.dcm: lies 6.60 mm from 1-003.dcm, although 3.30 mm is usual, so a slice"
    ):
        read_series_folder(tmp_path)


def test_a_repeated_slice_is_rejected_by_name(tmp_path):
    write_series(tmp_path, scan())
    (tmp_path / "1-008.dcm").write_bytes((tmp_path / "1-003.dcm").read_bytes())
    with pytest.raises(UserError, match=r"1-008.dcm: repeats the position of 1-003.dcm"):
        read_series_folder(tmp_path)


def test_a_slice_between_two_others_is_rejected_by_name(tmp_path):
    write_series(tmp_path, scan())
    shift(tmp_path, "1-004", -1.5, 2)
    with pytest.raises(UserError, match=r"1-00[45].dcm: lies"):
        read_series_folder(tmp_path)


def test_a_tilted_gantry_is_rejected(tmp_path):
    write_series(tmp_path, scan())
    for number in range(1, 8):
        shift(tmp_path, f"1-{number:03d}", 0.4 * number, 1)
    with pytest.raises(UserError, match="1-007.dcm: the slice is displaced sideways from the first by 2.4 mm"):
        read_series_folder(tmp_path)


def test_two_series_in_one_folder_are_rejected(tmp_path):
    write_series(tmp_path, scan())
    write_series(tmp_path, scan(shape=(7, 12, 11)), uid="2.25.4", names=[f"2-{k}" for k in range(7)])
    with pytest.raises(UserError, match=r"2-0.dcm: differs from 1-001.dcm"):
        read_series_folder(tmp_path)


def test_contours_fill_the_voxels_whose_centres_they_enclose(tmp_path):
    image = scan()
    contours = [
        rectangle(image, 2, (1, 6), (3, 9)),
        rectangle(image, 3, (1, 6), (3, 9)),
        rectangle(image, 3, (3, 4), (5, 6)),  # A hole.
        rectangle(image, 4, (1, 2), (3, 4)),
        rectangle(image, 4, (7, 9), (3, 4)),  # A second island, touching the image's edge.
        rectangle(image, 6, (-3, 1), (-2, 0)),  # Partly outside.
    ]
    expected = np.zeros(SHAPE, np.uint8)
    expected[2:4, 3:10, 1:7] = 1
    expected[3, 5:7, 3:5] = 0
    expected[4, 3:5, 1:3] = expected[4, 3:5, 7:10] = 1
    expected[6, 0, 0:2] = 1
    path = write_structures(tmp_path / "rt.dcm", {"Cochlea": contours[:1], "tv ": contours})
    mask = structure_mask(path, ["AN", "TV"], image)
    np.testing.assert_array_equal(array(mask), expected)
    assert_same_place(mask, image)


@pytest.mark.parametrize(
    ("structures", "words"),
    [
        ({"Cochlea": [rectangle(scan(), 2, (1, 6), (3, 9))]}, "no structure 'TV', only cochlea; name one"),
        ({"TV": []}, "has no closed contours"),
        ({"TV": [rectangle(scan(), 9, (1, 6), (3, 9))]}, "lies in no slice"),
        ({"TV": [rectangle(scan(), 2, (1, 6), (3, 9)) + [0, 0, 2.3]]}, "lies in no slice"),
    ],
)
def test_contours_that_do_not_match_the_image_are_rejected(tmp_path, structures, words):
    path = write_structures(tmp_path / "rt.dcm", structures)
    with pytest.raises(UserError, match=words) as error:
        structure_mask(path, ["TV"], scan())
    assert str(path) in str(error.value)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("content", [b"", b"not DICOM", bytes(5000), b"\xff" * 5000])
def test_a_file_that_is_not_dicom_is_rejected(tmp_path, content):
    (tmp_path / "rt.dcm").write_bytes(content)
    with pytest.raises(UserError, match=r"rt.dcm: not a readable DICOM file"):
        structure_mask(tmp_path / "rt.dcm", ["TV"], scan())


def test_structures_in_a_file_by_another_program():
    """The sample of pydicom, written by a planning system, without preamble: the body outline from z = -200 mm on."""
    path = Path(pydicom.__file__).parent / "data" / "test_files" / "rtstruct.dcm"
    grid = make_volume(np.zeros((3, 40, 50), np.uint8), (10.0, 10.0, 10.0), (-245.0, -195.0, -200.0))
    mask = array(structure_mask(path, ["Patient"], grid))
    assert mask[0].sum() == 40 * 30  # A rectangle of 400 x 300 mm.
    with pytest.raises(UserError, match="has no structure 'TV', only isocenter 1, isocenter 2, patient"):
        structure_mask(path, ["TV"], grid)
    with pytest.raises(UserError, match="structure 'Isocenter 1' has no closed contours"):
        structure_mask(path, ["Isocenter 1"], grid)


def test_a_file_that_is_not_a_structure_set_is_rejected(tmp_path):
    write_series(tmp_path, scan())
    with pytest.raises(UserError, match=r"1-001.dcm: not a structure set"):
        structure_mask(tmp_path / "1-001.dcm", ["TV"], scan())


@pytest.mark.parametrize(
    ("box", "start"),  # First and last voxel of the target on each axis x, y, z; first voxel of the window.
    [
        (((20, 25), (30, 31), (10, 14)), (22 - 8, 30 - 5, 12 - 3)),
        (((0, 3), (0, 0), (1, 2)), (0, 0, 0)),  # At the lower edges,
        (((38, 39), (44, 49), (18, 19)), (24, 40, 14)),  # and at the upper edges, the window is moved inside.
    ],
)
def test_the_window_is_centred_on_the_target_and_stays_inside(box, start):
    label = np.zeros((20, 50, 40), np.uint8)
    label[tuple(slice(first, last + 1) for first, last in reversed(box))] = 1
    image, label = scan(shape=label.shape), make_volume(label, scan().GetSpacing())
    label.CopyInformation(image)
    cut_image, cut_label = crop_around(image, label, (16, 10, 6))
    x, y, z = start
    np.testing.assert_array_equal(array(cut_image), array(image)[z : z + 6, y : y + 10, x : x + 16])
    np.testing.assert_array_equal(array(cut_label), array(label)[z : z + 6, y : y + 10, x : x + 16])
    for cut in (cut_image, cut_label):
        np.testing.assert_allclose(cut.GetOrigin(), image.TransformIndexToPhysicalPoint(start), atol=1e-9)
        assert cut.GetDirection() == image.GetDirection()


def test_a_scan_smaller_than_the_window_is_padded_on_both_sides():
    label = np.zeros((3, 12, 10), np.uint8)
    label[1, 5, 5] = 1
    image, label = scan(shape=label.shape), make_volume(label)
    label.CopyInformation(image)
    cut, _ = crop_around(image, label, (10, 12, 8))
    assert cut.GetSize() == (10, 12, 8)
    np.testing.assert_array_equal(array(cut)[2:5], array(image))  # 5 slices are missing: 2 before, 3 after.
    assert not array(cut)[:2].any()
    assert not array(cut)[5:].any()
    np.testing.assert_allclose(cut.TransformIndexToPhysicalPoint((0, 0, 2)), image.GetOrigin(), atol=1e-9)


@pytest.fixture
def tcia(tmp_path):
    """Two patients as saved by the NBIA Data Retriever; T1 and T2 have separate contours."""
    for number in (1, 12):
        home = tmp_path / "Vestibular-Schwannoma-SEG" / f"VS-SEG-{number:03d}" / "01-01-1995-NA-IAC-1"
        t1, t2 = scan(number + 50), scan(number)
        write_series(home / "2.0-t1_mpr_tra-1", t1, "2.25.31", "t1_mpr_tra_iso_CM")
        write_series(home / "3.0-t2_ci3d-2", t2, "2.25.32", "t2_ci3d_tra_1.5mm")
        write_structures(home / "RT-T1" / "1-1.dcm", {"TV": [rectangle(t1, 5, (0, 9), (0, 9))]}, "2.25.31")
        write_structures(home / "RT-T2" / "1-1.dcm", {"TV": [rectangle(t2, 3, (2, 5), (4, 7))]}, "2.25.32")
    return tmp_path


def test_vs_reads_the_t2_series_and_the_contours_drawn_on_it(tcia):
    cases = vs.find_cases(tcia, {})
    assert list(cases) == ["vs_gk_1", "vs_gk_12"]
    image, label = vs.load_case(cases["vs_gk_12"], {"sequence": "t2"})
    assert_same_place(image, scan(12))
    np.testing.assert_array_equal(array(image), array(scan(12)))
    expected = np.zeros(SHAPE, np.uint8)
    expected[3, 4:8, 2:6] = 1
    np.testing.assert_array_equal(array(label), expected)
    image, label = vs.load_case(cases["vs_gk_12"], {"sequence": "t2", "crop": [6, 5, 1]})
    np.testing.assert_array_equal(array(label), expected[3:4, 3:8, 0:6])
    assert_same_place(image, label)
    _, label = vs.load_case(cases["vs_gk_12"], {"sequence": "t1"})
    assert array(label).sum() == 100


def test_vs_label_map_takes_precedence_over_contours(tcia):
    label = sitk.Cast(scan(1) > 0, sitk.sitkUInt8)
    (tcia / "label").mkdir()
    sitk.WriteImage(label, str(tcia / "label" / "vs_gk_1_Label.nii.gz"))
    cases = vs.find_cases(tcia, {})
    np.testing.assert_array_equal(array(vs.load_case(cases["vs_gk_1"], {})[1]), array(label))


def test_vs_as_nifti(tmp_path):
    for name in ("image", "label"):
        (tmp_path / name).mkdir()
    label = sitk.Cast(scan(1) > 0, sitk.sitkUInt8)
    sitk.WriteImage(scan(1), str(tmp_path / "image" / "vs_gk_7_T2.nii.gz"))
    sitk.WriteImage(label, str(tmp_path / "label" / "vs_gk_7_Label.nii.gz"))
    cases = vs.find_cases(tmp_path, {})
    image, read = vs.load_case(cases["vs_gk_7"], {})
    assert_same_place(image, scan(1))
    np.testing.assert_array_equal(array(read), array(label))


def test_vs_without_a_target_is_rejected(tmp_path):
    sitk.WriteImage(scan(1), str(tmp_path / "vs_gk_7_T2.nii.gz"))
    path = tmp_path / "vs_gk_7_Label.nii.gz"
    sitk.WriteImage(scan(1) > 1000, str(path))
    with pytest.raises(UserError, match=f"{path}: no voxel is marked"):
        vs.load_case(vs.find_cases(tmp_path, {})["vs_gk_7"], {})


def test_vs_needs_exactly_one_series_of_the_sequence_and_its_contours(tcia):
    home = next(tcia.glob("*/VS-SEG-001/*"))
    cases = vs.find_cases(tcia, {})
    (home / "RT-T2" / "1-1.dcm").unlink()
    with pytest.raises(UserError, match="this series has neither .* nor an RTSTRUCT"):
        vs.load_case(cases["vs_gk_1"], {})
    write_series(home / "4.0-t2-again", scan(3), "2.25.40", "t2_space")
    with pytest.raises(UserError, match="exactly one MR series must be called t2"):
        vs.load_case(vs.find_cases(tcia, {})["vs_gk_1"], {})
