"""Enhanced multi-frame DICOM: frames are placed by their functional groups, not by their order in the file."""

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from conftest import make_volume, oblique_direction
from dicom_files import alter, decimals, item, write_multiframe, write_series
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames
from test_dicom_damage import SAMPLES

from weakseg3d.cli import main
from weakseg3d.datasets.adapters import folder
from weakseg3d.datasets.formats.dicom import read_series, read_series_folder
from weakseg3d.datasets.formats.dicom_with_masks import load_dicom_with_masks
from weakseg3d.datasets.formats.nifti import read_scan
from weakseg3d.errors import UserError

SHAPE = (6, 5, 4)  # z, y, x

ORDERS = {
    "ascending": [0, 1, 2, 3, 4, 5],
    "descending": [5, 4, 3, 2, 1, 0],
    "interleaved": [0, 2, 4, 1, 3, 5],
    "shuffled": [3, 0, 5, 1, 4, 2],
}


def scan():
    voxels = np.random.default_rng(9).integers(-500, 500, SHAPE).astype(np.int16) * 4
    return make_volume(voxels, (0.75, 0.5, 3.3), (-10.0, 20.0, -30.0), oblique_direction(flipped=False))


def assert_same_volume(volume, expected):
    for what in ("GetSize", "GetSpacing", "GetOrigin", "GetDirection"):
        np.testing.assert_allclose(getattr(volume, what)(), getattr(expected, what)(), rtol=0, atol=1e-4)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(volume), sitk.GetArrayFromImage(expected))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("shared", [True, False])
def test_frames_are_sorted_by_position(tmp_path, order, shared):
    path = write_multiframe(tmp_path / "frames.dcm", scan(), ORDERS[order], shared=shared)
    assert_same_volume(read_series_folder(tmp_path), scan())
    assert_same_volume(read_scan(path), scan())


def test_each_frame_has_its_own_slope(tmp_path):
    write_multiframe(tmp_path / "frames.dcm", scan(), ORDERS["shuffled"], slope=lambda k: (0.5, 1, 2)[k % 3])
    assert_same_volume(read_series_folder(tmp_path), scan())


def test_a_multiframe_file_alone_in_a_folder_is_a_case(tmp_path):
    write_multiframe(tmp_path / "p1" / "ct" / "frames.dcm", scan(), ORDERS["interleaved"])
    sitk.WriteImage(sitk.Cast(scan() > 0, sitk.sitkUInt8), str(tmp_path / "p1" / "liver.nii.gz"))
    options = {"image": "{case}/ct", "label": "{case}/liver.nii.gz"}
    image, label = folder.load_case(folder.find_cases(tmp_path, options)["p1"], options)
    assert_same_volume(image, scan())
    np.testing.assert_array_equal(sitk.GetArrayFromImage(label), sitk.GetArrayFromImage(scan()) > 0)


def test_a_multiframe_file_passes_through_the_whole_import(tmp_path):
    raw = tmp_path / "raw" / "Train_Sets" / "CT" / "1"
    write_multiframe(raw / "DICOM_anon" / "frames.dcm", scan())
    (raw / "Ground").mkdir()
    sitk.WriteImage(sitk.Image(4, 5, sitk.sitkUInt8), str(raw / "Ground" / "frames.png"))
    with pytest.raises(UserError, match=r"frames.dcm: contains 6 slices for 1 masks"):
        load_dicom_with_masks(raw / "DICOM_anon", raw / "Ground", {1: (255, 255)})
    assert main(["import", "chaos_ct", "--raw", str(tmp_path / "raw"), "--out", str(tmp_path / "out")]) == 2


def test_compressed_frames(tmp_path):
    path = write_multiframe(tmp_path / "frames.dcm", make_volume(np.zeros((2, 64, 64), np.int16)))
    sample = pydicom.dcmread(SAMPLES / "MR_small_jp2klossless.dcm")
    (stream,) = generate_frames(sample.PixelData, number_of_frames=1)

    def compress(content):
        content.PixelData = encapsulate([stream, stream])
        content["PixelData"].VR = "OB"
        content.file_meta.TransferSyntaxUID = sample.file_meta.TransferSyntaxUID

    alter(path, compress)
    expected = pydicom.dcmread(SAMPLES / "MR_small.dcm").pixel_array
    np.testing.assert_array_equal(sitk.GetArrayFromImage(read_series([path])[0]), np.stack([expected, expected]))
    alter(path, lambda content: setattr(content, "PixelData", encapsulate([stream])))
    with pytest.raises(UserError, match="frames.dcm: PixelData is truncated"):
        read_series([path])


def frame(content, number):
    return content.PerFrameFunctionalGroupsSequence[number]


def move(content):
    """The fourth of six frames moves by 1.5 mm along the normal."""
    position = [float(part) for part in frame(content, 3).PlanePositionSequence[0].ImagePositionPatient]
    moved = np.array(position) + 1.5 * oblique_direction(flipped=False)[:, 2]
    frame(content, 3).PlanePositionSequence = item(ImagePositionPatient=decimals(moved))


def drop_last(content):
    del content.PerFrameFunctionalGroupsSequence[5]


def shear(content):
    for number, group in enumerate(content.PerFrameFunctionalGroupsSequence):
        position = np.array([float(part) for part in group.PlanePositionSequence[0].ImagePositionPatient])
        moved = position + 0.5 * number * oblique_direction(flipped=False)[:, 0]
        group.PlanePositionSequence = item(ImagePositionPatient=decimals(moved))


def repeat(content):
    frame(content, 4).PlanePositionSequence = frame(content, 1).PlanePositionSequence


def drop_shared(keyword):
    return lambda content: delattr(content.SharedFunctionalGroupsSequence[0], keyword)


def drop_position(content):
    del frame(content, 2).PlanePositionSequence


def other_spacing(content):
    frame(content, 2).PixelMeasuresSequence = item(PixelSpacing=["2", "2"])


def other_orientation(content):
    frame(content, 2).PlaneOrientationSequence = item(ImageOrientationPatient=["1", "0", "0", "0", "1", "0"])


def two_stacks(content):
    for number in range(3, 6):
        frame(content, number).FrameContentSequence[0].StackID = "2"


def two_times(content):
    for number in range(6):
        frame(content, number).FrameContentSequence[0].TemporalPositionIndex = number // 3 + 1


def slope_nan(content):
    frame(content, 1).PixelValueTransformationSequence = item(RescaleSlope="NaN", RescaleIntercept="0")


def no_intercept(content):
    frame(content, 1).PixelValueTransformationSequence = item(RescaleSlope="1")


def empty_rescaling(content):
    frame(content, 1).PixelValueTransformationSequence = [Dataset()]


def root_slope_nan(content):
    content.RescaleSlope, content.RescaleIntercept = "NaN", "0"


def rescaling_is_no_sequence(content):
    content.add_new(0x52009229, "LO", "not a sequence")


def empty_groups(content):
    content.PerFrameFunctionalGroupsSequence = []


def short_pixels(content):
    content.PixelData = content.PixelData[:-40]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (move, "frame 4 lies 4.80 mm from frame 3"),
        (shear, "tilted gantry"),
        (repeat, "frame 5 repeats the position of frame 2"),
        (drop_last, "NumberOfFrames is 6, but PerFrameFunctionalGroupsSequence describes 5"),
        (drop_shared("PixelMeasuresSequence"), "frame 1: PixelMeasuresSequence is missing"),
        (drop_shared("PlaneOrientationSequence"), "frame 1: PlaneOrientationSequence is missing"),
        (drop_position, "frame 3: PlanePositionSequence is missing"),
        (other_spacing, "frame 3 differs from frame 1 of frames.dcm in PixelSpacing"),
        (other_orientation, "frame 3 differs from frame 1 of frames.dcm in ImageOrientationPatient"),
        (two_stacks, "several values of StackID"),
        (two_times, "several values of TemporalPositionIndex"),
        (slope_nan, "frame 2: RescaleSlope"),
        (no_intercept, "frame 2: RescaleIntercept is missing"),
        (root_slope_nan, "frame 1: RescaleSlope"),
        (rescaling_is_no_sequence, "SharedFunctionalGroupsSequence is not a sequence"),
        (empty_groups, "PerFrameFunctionalGroupsSequence"),
        (short_pixels, "PixelData is truncated"),
        (lambda content: delattr(content, "NumberOfFrames"), "NumberOfFrames"),
        (lambda content: setattr(content, "PhotometricInterpretation", "MONOCHROME1"), "MONOCHROME1"),
    ],
)
def test_a_damaged_file_is_rejected_by_frame_and_tag(tmp_path, damage, words):
    path = write_multiframe(tmp_path / "frames.dcm", scan())
    alter(path, damage)
    with pytest.raises(UserError) as error:
        read_series_folder(tmp_path)
    assert str(error.value).startswith(f"{path}: ")
    assert words in str(error.value)


def test_an_empty_rescaling_leaves_the_stored_values(tmp_path):
    alter(write_multiframe(tmp_path / "frames.dcm", scan()), empty_rescaling)
    assert_same_volume(read_series_folder(tmp_path), scan())


def test_a_rescaling_outside_the_functional_groups_counts(tmp_path):
    def change(content):
        content.RescaleSlope, content.RescaleIntercept = "2", "10"

    alter(write_multiframe(tmp_path / "frames.dcm", scan()), change)
    expected = sitk.GetArrayFromImage(scan()) * 2.0 + 10
    np.testing.assert_array_equal(sitk.GetArrayFromImage(read_series_folder(tmp_path)), expected)


def test_a_multiframe_file_among_slices_is_rejected(tmp_path):
    write_series(tmp_path, scan())
    write_multiframe(tmp_path / "frames.dcm", scan())
    with pytest.raises(UserError, match=r"frames.dcm: contains several slices"):
        read_series_folder(tmp_path)


def test_frames_without_functional_groups_are_rejected(tmp_path):
    path = write_multiframe(tmp_path / "frames.dcm", scan())

    def classic(content):
        del content.PerFrameFunctionalGroupsSequence
        del content.SharedFunctionalGroupsSequence

    alter(path, classic)
    with pytest.raises(UserError, match="frames.dcm: NumberOfFrames is 6, but PerFrameFunctionalGroupsSequence"):
        read_series_folder(tmp_path)
