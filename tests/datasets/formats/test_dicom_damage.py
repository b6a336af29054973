"""Every tag that decides on the voxels or their place is read as it is, or rejected by its name."""

import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from conftest import make_volume, oblique_direction
from dicom_files import alter, decimals, item, write_series
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import HTJ2KLossless, JPEG2000Lossless, JPEGLossless, JPEGLSLossless, RLELossless
from scipy.spatial.transform import Rotation

from weakseg3d.datasets.adapters import folder
from weakseg3d.datasets.formats.dicom import read_series, read_series_folder
from weakseg3d.datasets.formats.jpeg_size import coded_size
from weakseg3d.datasets.formats.nifti import read_label_on, read_scan
from weakseg3d.errors import UserError

SAMPLES = Path(pydicom.__file__).parent / "data" / "test_files"

SHAPE = (5, 6, 4)  # z, y, x


def scan(shape=SHAPE):
    voxels = np.random.default_rng(7).integers(-500, 500, shape).astype(np.int16)
    return make_volume(voxels, (0.75, 0.5, 3.0), (-10.0, 20.0, -30.0))


@pytest.fixture
def home(tmp_path):
    write_series(tmp_path / "ct", scan())
    return tmp_path / "ct"


def rejected(place, *words):
    """Assert that the series is rejected in one sentence with the place (file or folder) and all ``words``."""
    with pytest.raises(UserError) as error:
        read_series_folder(place if place.is_dir() else place.parent)
    message = str(error.value)
    assert message.startswith(str(place)), message
    assert "\n" not in message
    for word in words:
        assert word in message, message


def setting(**elements):
    def change(content):
        for keyword, value in elements.items():
            setattr(content, keyword, value)

    return change


def without(*keywords):
    def change(content):
        for keyword in keywords:
            delattr(content, keyword)

    return change


def as_colour(content):
    content.SamplesPerPixel, content.PhotometricInterpretation, content.PlanarConfiguration = 3, "RGB", 0
    content.BitsAllocated, content.BitsStored, content.HighBit, content.PixelRepresentation = 8, 8, 7, 0
    content.PixelData = bytes(content.Rows * content.Columns * 3)


def as_float_pixels(content):
    content.FloatPixelData = np.zeros((content.Rows, content.Columns), "<f4").tobytes()
    for keyword in ("PixelData", "BitsStored", "HighBit", "PixelRepresentation"):
        delattr(content, keyword)
    content.BitsAllocated = 32


def longer(number):
    def change(content):
        content.PixelData = content.PixelData + bytes(number) if number > 0 else content.PixelData[:number]

    return change


DAMAGE = {
    "no spacing": (without("PixelSpacing"), "PixelSpacing is missing"),
    "empty spacing": (setting(PixelSpacing=None), "PixelSpacing is missing"),
    "spacing 0": (setting(PixelSpacing=["0", "0.5"]), "PixelSpacing"),
    "negative spacing": (setting(PixelSpacing=["0.5", "-0.5"]), "PixelSpacing"),
    "spacing NaN": (setting(PixelSpacing=["nan", "0.5"]), "PixelSpacing"),
    "infinite spacing": (setting(PixelSpacing=["inf", "inf"]), "PixelSpacing"),
    "one spacing": (setting(PixelSpacing=["0.5"]), "PixelSpacing"),
    "no orientation": (without("ImageOrientationPatient"), "ImageOrientationPatient is missing"),
    "five cosines": (setting(ImageOrientationPatient=["1", "0", "0", "0", "1"]), "ImageOrientationPatient"),
    "cosine NaN": (setting(ImageOrientationPatient=["nan", "0", "0", "0", "1", "0"]), "ImageOrientationPatient"),
    "cosines 0": (setting(ImageOrientationPatient=["0"] * 6), "ImageOrientationPatient"),
    "oblique angle": (setting(ImageOrientationPatient=["1", "0", "0", "0.1", "0.995", "0"]), "ImageOrientationPatient"),
    "long cosines": (setting(ImageOrientationPatient=["1.1", "0", "0", "0", "1", "0"]), "ImageOrientationPatient"),
    "no position": (without("ImagePositionPatient"), "ImagePositionPatient is missing"),
    "position NaN": (setting(ImagePositionPatient=["0", "0", "nan"]), "ImagePositionPatient"),
    "two coordinates": (setting(ImagePositionPatient=["0", "0"]), "ImagePositionPatient"),
    "no pixels": (without("PixelData"), "PixelData is missing"),
    "short pixels": (longer(-2), "PixelData is truncated"),
    "half of the pixels": (longer(-24), "PixelData is truncated"),
    "long pixels": (longer(2), "PixelData is too long"),
    "twice the pixels": (longer(48), "PixelData is too long"),
    "float pixels": (as_float_pixels, "FloatPixelData"),
    "colour": (as_colour, "SamplesPerPixel"),
    "no samples": (without("SamplesPerPixel"), "SamplesPerPixel is missing"),
    "palette": (setting(PhotometricInterpretation="PALETTE COLOR"), "PhotometricInterpretation"),
    "inverted": (setting(PhotometricInterpretation="MONOCHROME1"), "PhotometricInterpretation is MONOCHROME1"),
    "no photometric": (without("PhotometricInterpretation"), "PhotometricInterpretation is missing"),
    "slope NaN": (setting(RescaleSlope="NaN"), "RescaleSlope"),
    "slope infinite": (setting(RescaleSlope="inf"), "RescaleSlope"),
    "slope 0": (setting(RescaleSlope="0"), "RescaleSlope is 0"),
    "slope overflows": (setting(RescaleSlope="1e300"), "RescaleSlope"),
    "no slope": (without("RescaleSlope"), "RescaleSlope is missing"),
    "no intercept": (without("RescaleIntercept"), "RescaleIntercept is missing"),
    "intercept NaN": (setting(RescaleIntercept="NaN"), "RescaleIntercept"),
    "table of values": (setting(ModalityLUTSequence=item(LUTExplanation="curve")), "ModalityLUTSequence"),
    "no rows": (without("Rows"), "Rows is missing"),
    "rows 0": (setting(Rows=0), "Rows"),
    "other rows": (setting(Rows=12, Columns=2), "Rows"),
    "one bit": (setting(BitsAllocated=1, BitsStored=1, HighBit=0), "BitsAllocated"),
    "no bits": (without("BitsAllocated"), "BitsAllocated is missing"),
    "12 in 16 bits, not packed": (setting(BitsStored=12, HighBit=15), "HighBit"),
    "too many bits": (setting(BitsStored=17, HighBit=16), "BitsStored"),
    "other bits": (setting(BitsAllocated=8, BitsStored=8, HighBit=7), "BitsAllocated"),
    "values beyond the bits": (setting(BitsStored=4, HighBit=3), "BitsStored"),
    "other sign": (setting(PixelRepresentation=0), "PixelRepresentation"),
    "no sign": (without("PixelRepresentation"), "PixelRepresentation is missing"),
    "several frames": (setting(NumberOfFrames=2), "NumberOfFrames"),
    "other frame of reference": (setting(FrameOfReferenceUID="2.25.77"), "FrameOfReferenceUID"),
    "other orientation": (setting(ImageOrientationPatient=["0", "1", "0", "-1", "0", "0"]), "ImageOrientationPatient"),
    "other spacing": (setting(PixelSpacing=["0.5", "0.76"]), "PixelSpacing"),
    "not an image": (without("Rows", "Columns", "PixelData"), "not an image"),
    "dose": (setting(DoseGridScaling="0.1"), "DoseGridScaling"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_slice_is_rejected_by_file_and_tag(home, damage):
    change, words = DAMAGE[damage]
    alter(home / "1-003.dcm", change)
    rejected(home / "1-003.dcm", words)


@pytest.mark.parametrize(
    "damage", ["no spacing", "no orientation", "no position", "inverted", "colour", "short pixels", "slope NaN"]
)
def test_a_series_with_the_same_damage_in_all_slices_is_rejected(home, damage):
    change, words = DAMAGE[damage]
    for path in home.iterdir():
        alter(path, change)
    rejected(home / "1-001.dcm", words)


@pytest.mark.parametrize("length", [40, 200, 700, -1, -3, -40])
def test_a_truncated_file_is_rejected_by_name(home, length):
    path = home / "1-002.dcm"
    path.write_bytes(path.read_bytes()[:length])
    rejected(path)


def test_two_series_are_rejected_with_both_identifiers(home):
    alter(home / "1-004.dcm", setting(SeriesInstanceUID="2.25.999"))
    rejected(home / "1-004.dcm", "SeriesInstanceUID", "2.25.999", "2.25.3", "1-001.dcm")


def test_two_interleaved_series_are_rejected(tmp_path):
    """Together they would pass for one series with half the spacing."""
    write_series(tmp_path, scan())
    moved = make_volume(sitk.GetArrayFromImage(scan()), scan().GetSpacing(), (-10.0, 20.0, -28.5))
    write_series(tmp_path, moved, uid="2.25.4", names=[f"2-{k}" for k in range(5)])
    rejected(tmp_path / "2-0.dcm", "SeriesInstanceUID")


def at(*position):
    return setting(ImagePositionPatient=decimals(position))


def place_slices(home, positions):
    for number, position in enumerate(positions, start=1):
        alter(home / f"1-{number:03d}.dcm", at(*position))


def test_positions_that_drift_from_an_even_grid_are_rejected(tmp_path):
    """Each gap is within the tolerance, but the middle of the scan would be 2 mm off its place."""
    write_series(tmp_path, scan((21, 6, 4)))
    z = np.concatenate([[0], np.cumsum([3.0] * 10 + [3.4] * 10)])
    place_slices(tmp_path, [(-10, 20, part) for part in z])
    rejected(tmp_path / "1-011.dcm", "ImagePositionPatient", "2.00 mm off its place")


@pytest.mark.parametrize("degrees", [2, -15, 30])
def test_a_tilted_gantry_is_rejected(home, degrees):
    place_slices(home, [(-10, 20 + 3 * k * np.tan(np.deg2rad(degrees)), -30 + 3 * k) for k in range(5)])
    rejected(home / "1-005.dcm", "ImagePositionPatient", "tilted gantry")


def test_rounded_cosines_are_not_taken_for_a_tilt(tmp_path):
    direction = oblique_direction(flipped=False)
    volume = make_volume(sitk.GetArrayFromImage(scan()), (0.75, 0.5, 3.0), (-10.0, 20.0, -30.0), direction)
    write_series(tmp_path, volume)
    rounded = [f"{part:.3f}" for part in direction[:, :2].T.ravel()]
    for path in tmp_path.iterdir():
        alter(path, setting(ImageOrientationPatient=rounded))
    image = read_series_folder(tmp_path)
    matrix = np.reshape(image.GetDirection(), (3, 3))
    np.testing.assert_allclose(matrix.T @ matrix, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(matrix, direction, atol=1e-3)


def test_a_single_slice_without_thickness_is_rejected(tmp_path):
    write_series(tmp_path, scan((1, 6, 4)))
    alter(tmp_path / "1-001.dcm", without("SliceThickness"))
    rejected(tmp_path / "1-001.dcm", "SliceThickness")


def test_each_slice_is_rescaled_by_its_own_header(home):
    """As in PET, where the slope differs from slice to slice."""
    for number in range(1, 6):
        alter(home / f"1-{number:03d}.dcm", setting(RescaleSlope=str(number / 4), RescaleIntercept=str(-number)))
    numbers = np.arange(1, 6)[:, None, None]
    expected = sitk.GetArrayFromImage(scan()) * (numbers / 4) - numbers
    np.testing.assert_array_equal(sitk.GetArrayFromImage(read_series_folder(home)), expected.astype(np.float32))


def test_without_rescaling_the_stored_values_count(home):
    for path in home.iterdir():
        alter(path, without("RescaleSlope", "RescaleIntercept"))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(read_series_folder(home)), sitk.GetArrayFromImage(scan()))


@pytest.mark.parametrize("fill", [0x0000, 0xF000])
def test_12_bits_of_16_are_read_with_their_sign(home, fill):
    """The bits above may be 0 or repeat the sign."""

    def pack(content):
        stored = np.frombuffer(content.PixelData, "<i2")
        packed = stored.view("<u2") & 0x0FFF | np.where(stored < 0, fill, 0).astype("<u2")
        content.PixelData, content.BitsStored, content.HighBit = packed.astype("<u2").tobytes(), 12, 11

    for path in home.iterdir():
        alter(path, pack)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(read_series_folder(home)), sitk.GetArrayFromImage(scan()))


def test_an_overlay_in_the_unused_bits_is_no_part_of_the_values(home):
    def draw(content):
        stored = np.frombuffer(content.PixelData, "<u2") & 0x01FF
        content.PixelData = (stored | 0x8000).astype("<u2").tobytes()
        content.BitsStored, content.HighBit, content.PixelRepresentation = 12, 11, 0
        content.add_new(0x60000102, "US", 15)

    for path in home.iterdir():
        alter(path, draw)
    expected = sitk.GetArrayFromImage(scan()).view(np.uint16) & 0x01FF
    np.testing.assert_array_equal(sitk.GetArrayFromImage(read_series_folder(home)), expected)


@pytest.mark.parametrize(
    "name",
    ["RLE", "bigendian", "implicit", "jp2klossless", "jpeg_ls_lossless"],
)
def test_every_lossless_encoding_gives_the_same_voxels(name):
    expected = pydicom.dcmread(SAMPLES / "MR_small.dcm").pixel_array
    image, _ = read_series([SAMPLES / f"MR_small_{name}.dcm"])
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image)[0], expected)
    assert image.GetSpacing() == pytest.approx((0.3125, 0.3125, 0.8))


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("MR_small_jp2klossless", (64, 64)),
        ("MR_small_jpeg_ls_lossless", (64, 64)),
        ("JPEG2000", (1024, 256)),
        ("JPEGLSNearLossless_16", (50, 10)),
        ("JPGExtended", (1024, 256)),
        ("SC_rgb_jpeg_gdcm", (100, 100)),
    ],
)
def test_the_size_of_a_code_stream_is_found_without_decoding(name, size):
    content = pydicom.dcmread(SAMPLES / f"{name}.dcm")
    stream = next(generate_frames(content.PixelData, number_of_frames=1))
    assert coded_size(stream) == size == (content.Rows, content.Columns)
    assert coded_size(stream[20:]) is None
    assert coded_size(b"") is None


@pytest.mark.parametrize("name", ["693_J2KI", "J2K_pixelrep_mismatch", "CT_small"])
def test_compressed_slices_are_rescaled_as_itk_does(name):
    """The decoder gets the pixels without their header, so nothing is rescaled twice."""
    path = SAMPLES / f"{name}.dcm"
    np.testing.assert_array_equal(
        sitk.GetArrayFromImage(read_series([path])[0]), sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
    )


@pytest.mark.parametrize("syntax", [HTJ2KLossless, JPEGLossless, JPEGLSLossless, JPEG2000Lossless, RLELossless])
@pytest.mark.parametrize("stream", [b"no image " * 40 + b"\xff\xd9", b"no image " * 40, b"\xff\xd8\xff\xd9"])
def test_compressed_pixels_that_cannot_be_decoded_are_rejected(home, syntax, stream):
    def compress(content):
        content.PixelData = encapsulate([stream])
        content["PixelData"].VR = "OB"
        content.file_meta.TransferSyntaxUID = syntax

    alter(home / "1-003.dcm", compress)
    with pytest.raises(UserError, match=r"1-003.dcm: .*(PixelData|TransferSyntaxUID)"):
        read_series_folder(home)


@pytest.mark.parametrize("name", ["MR_small_jp2klossless", "MR_small_jpeg_ls_lossless", "MR_small_RLE"])
def test_truncated_compressed_pixels_are_rejected(tmp_path, name):
    path = tmp_path / "a.dcm"
    shutil.copy(SAMPLES / f"{name}.dcm", path)

    def cut(content):
        stream = next(generate_frames(content.PixelData, number_of_frames=1))
        content.PixelData = encapsulate([stream[: len(stream) // 2]])

    alter(path, cut)
    rejected(path, "PixelData")


@pytest.mark.parametrize("name", ["MR_small_jp2klossless", "MR_small_jpeg_ls_lossless", "MR_small_RLE"])
@pytest.mark.parametrize("size", [(63, 64), (65, 64), (65535, 65535)])
def test_compressed_pixels_of_another_size_are_rejected(tmp_path, name, size):
    """Before memory is reserved for the size that the header claims."""
    path = tmp_path / "a.dcm"
    shutil.copy(SAMPLES / f"{name}.dcm", path)
    alter(path, setting(Rows=size[0], Columns=size[1]))
    rejected(path, "PixelData")


def test_a_file_that_is_not_dicom_is_ignored_or_named(home):
    (home / "notes.txt").write_text("portal venous phase", encoding="utf-8")
    assert read_series_folder(home).GetSize() == (4, 6, 5)
    (home / "notes.dcm").write_text("portal venous phase", encoding="utf-8")
    rejected(home / "notes.dcm", "not a readable DICOM file")


def test_a_dicom_file_as_image_of_a_case_is_read_by_its_header(tmp_path):
    write_series(tmp_path / "ct", scan((1, 6, 4)), names=["a"])
    image = read_scan(tmp_path / "ct" / "a.dcm")
    assert image.GetSpacing() == (0.75, 0.5, 1.0)
    alter(tmp_path / "ct" / "a.dcm", without("PixelSpacing"))
    sitk.WriteImage(sitk.Image(4, 6, 1, sitk.sitkUInt8), str(tmp_path / "ct" / "a.nii.gz"))
    options = {"image": "ct/{case}.dcm", "label": "ct/{case}.nii.gz"}
    with pytest.raises(UserError, match="a.dcm: PixelSpacing is missing"):
        folder.load_case(folder.find_cases(tmp_path, options)["a"], options)
    with pytest.raises(UserError, match="a.dcm: a DICOM file; give the label map as NIfTI"):
        read_label_on(image, {"image": tmp_path, "label": tmp_path / "ct" / "a.dcm"})


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.data(),
    depth=st.integers(3, 6),
    turn=st.tuples(*[st.floats(-180, 180)] * 3),
    spacing=st.tuples(*[st.floats(0.3, 5)] * 3),
    origin=st.tuples(*[st.floats(-300, 300)] * 3),
    flipped=st.booleans(),
)
def test_any_series_has_its_voxels_at_their_world_positions(tmp_path, data, depth, turn, spacing, origin, flipped):
    """Whatever the order of its files, its orientation and the direction in which its slices are stored."""
    direction = Rotation.from_euler("xyz", turn, degrees=True).as_matrix() @ np.diag([-1.0 if flipped else 1.0, 1, 1])
    voxels = np.random.default_rng(depth).permutation(depth * 12).reshape(depth, 4, 3).astype(np.int16)
    original = make_volume(voxels, spacing, origin, direction)
    order = data.draw(st.permutations(range(depth)))
    shutil.rmtree(tmp_path / "series", ignore_errors=True)
    write_series(tmp_path / "series", original, names=[f"IMG-{number}" for number in order])
    volume = read_series_folder(tmp_path / "series")
    assert np.linalg.det(np.reshape(volume.GetDirection(), (3, 3))) == pytest.approx(1)
    for index in np.ndindex(3, 4, depth):
        index = tuple(int(part) for part in index)
        place = volume.TransformPhysicalPointToContinuousIndex(original.TransformIndexToPhysicalPoint(index))
        np.testing.assert_allclose(place, np.rint(place), atol=1e-4)
        assert volume[[int(round(part)) for part in place]] == original[index]
