"""A volume is read exactly as its file says, or refused with a sentence that names what is wrong."""

import gzip
import tempfile
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from conftest import make_volume, oblique_direction
from hypothesis import given, settings
from hypothesis import strategies as st
from volume_files import FORMATS, change_nifti, change_text, write_volume_file

from weakseg3d.errors import UserError
from weakseg3d.images.integrity.nifti import HEADER
from weakseg3d.images.integrity.voxels import PART
from weakseg3d.images.volumes import (
    check_same_grid,
    grid_of,
    number_of_volumes,
    read_grid,
    read_image,
    read_label,
    read_target,
)

COMPRESSED = [name for name, (_, compressed) in FORMATS.items() if compressed]
TYPES = ["u1", "i1", "u2", "i2", "u4", "i4", "f4", "f8"]


def volume(dtype="i2", shape=(4, 5, 6)):
    array = np.random.default_rng(1).integers(0, 100, shape).astype(dtype)
    return make_volume(array, (1.2, 0.7, 3.0), (-10.0, 4.0, 77.0), oblique_direction())


@st.composite
def volumes(draw):
    shape = draw(st.tuples(*[st.integers(1, 6)] * 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dtype = np.dtype(draw(st.sampled_from(TYPES)))
    array = rng.normal(0, 40, shape)
    array = np.abs(array).astype(dtype) if dtype.kind == "u" else array.astype(dtype)
    rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    return make_volume(array, rng.uniform(0.1, 8, 3).tolist(), rng.uniform(-300, 300, 3).tolist(), rotation)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=25)
@given(data=st.data())
def test_any_valid_volume_is_read_as_itk_reads_it(name, data):
    with tempfile.TemporaryDirectory() as folder:
        path, _ = write_volume_file(data.draw(volumes()), Path(folder), name)
        expected = sitk.ReadImage(str(path), sitk.sitkFloat32)
        image = read_image(path)
        np.testing.assert_array_equal(sitk.GetArrayFromImage(image), sitk.GetArrayFromImage(expected))
        for part in ("GetSize", "GetSpacing", "GetOrigin", "GetDirection"):
            assert getattr(image, part)() == getattr(expected, part)()
        check_same_grid(read_grid(path), expected, "grid", "expected")


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=30)
@given(data=st.data())
def test_a_volume_cut_anywhere_is_refused(name, data):
    with tempfile.TemporaryDirectory() as folder:
        path, voxels = write_volume_file(volume(), Path(folder), name)
        content = voxels.read_bytes()
        voxels.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
        with pytest.raises(UserError):
            read_image(path)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("share", [0.3, 0.7, 0.999])
def test_missing_voxels_are_named(name, share, tmp_path):
    path, voxels = write_volume_file(volume(shape=(10, 20, 30)), tmp_path, name)
    content = voxels.read_bytes()
    voxels.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(UserError, match="truncated"):
        read_image(path)


@pytest.mark.parametrize("cut", [1, 100, 239])
@pytest.mark.parametrize("name", ["v.nii.gz", "v.img.gz", "gzip.nhdr"])
def test_a_volume_cut_before_it_was_compressed_is_refused(name, cut, tmp_path):
    path, voxels = write_volume_file(volume(), tmp_path, name)
    voxels.write_bytes(gzip.compress(gzip.decompress(voxels.read_bytes())[:-cut]))
    with pytest.raises(UserError, match="truncated"):
        read_image(path)


@pytest.mark.parametrize("name", FORMATS)
def test_more_voxels_than_the_header_says_are_refused(name, tmp_path):
    path, voxels = write_volume_file(volume(), tmp_path, name)
    with voxels.open("ab") as stream:
        stream.write(b"surplus")
    with pytest.raises(UserError):
        read_image(path)


@pytest.mark.parametrize("name", COMPRESSED)
@settings(max_examples=30)
@given(data=st.data())
def test_a_damaged_compressed_byte_never_changes_voxels_in_silence(name, data):
    with tempfile.TemporaryDirectory() as folder:
        path, voxels = write_volume_file(volume(), Path(folder), name)
        expected = sitk.GetArrayFromImage(read_image(path))
        content = bytearray(voxels.read_bytes())
        content[data.draw(st.integers(len(content) - 100, len(content) - 1))] ^= data.draw(st.integers(1, 255))
        voxels.write_bytes(content)
        try:
            image = read_image(path)
        except UserError:
            return
        # A few bits of a stream, such as the padding of its last byte, mean nothing.
        np.testing.assert_array_equal(sitk.GetArrayFromImage(image), expected)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_voxels_that_are_not_finite_are_refused(name, bad, tmp_path):
    image = volume("f4")
    image[1, 2, 3] = bad
    path, _ = write_volume_file(image, tmp_path, name)
    for read in (read_image, read_label, read_target):
        with pytest.raises(UserError, match="NaN or infinite"):
            read(path)


@pytest.mark.parametrize("name", ["CUT.NII", "Cut.Nii.Gz", "CUT.NRRD", "Cut.Mha"])
def test_the_suffix_in_capitals_hides_nothing(name, tmp_path):
    written = tmp_path / name.lower()
    sitk.WriteImage(volume("f4"), str(written), False)
    content = written.read_bytes()
    content = gzip.decompress(content) if name.endswith("Gz") else content
    content = content[:-200]
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("Gz") else content)
    with pytest.raises(UserError):
        read_image(tmp_path / name)


@pytest.mark.parametrize("name", ["v.vtk", "v.tif", "v.gipl", "v.mnc", "v.h5", "v.dcm"])
def test_other_formats_are_refused(name, tmp_path):
    try:
        sitk.WriteImage(make_volume(np.ones((3, 4, 5), np.int16)), str(tmp_path / name))
    except RuntimeError:
        pytest.skip("not written by this build of ITK")
    with pytest.raises(UserError, match="convert it to NIfTI, NRRD or MetaImage"):
        read_image(tmp_path / name)


def test_analyze_files_are_refused(tmp_path):
    nibabel = pytest.importorskip("nibabel")
    nibabel.save(nibabel.AnalyzeImage(np.ones((3, 4, 5), np.int16), np.eye(4)), tmp_path / "v.hdr")
    with pytest.raises(UserError, match="magic"):
        read_image(tmp_path / "v.hdr")


NAN = float("nan")
NIFTI_DAMAGES = [
    ({"sizeof_hdr": 347}, "sizeof_hdr"),
    ({"dim": [3, 6, 5, -4, 1, 1, 1, 1]}, "dim"),
    ({"dim": [9, 6, 5, 4, 1, 1, 1, 1]}, None),
    ({"dim": [3, 5, 5, 4, 1, 1, 1, 1]}, "more voxels"),
    ({"dim": [3, 7, 5, 4, 1, 1, 1, 1]}, "truncated"),
    ({"dim": [3, 30000, 30000, 30000, 1, 1, 1, 1]}, "30000 x 30000 x 30000"),
    ({"dim": [2, 6, 20, 1, 1, 1, 1, 1]}, "not a scalar 3-D volume"),
    ({"dim": [5, 6, 5, 1, 1, 4, 1, 1]}, "not a scalar 3-D volume"),
    ({"datatype": 9}, None),
    ({"datatype": 8, "bitpix": 32}, "truncated"),
    ({"datatype": 128, "bitpix": 24}, None),
    ({"bitpix": 8}, "bitpix"),
    ({"pixdim": [1, 0, 0.7, 3, 0, 0, 0, 0]}, "pixdim"),
    ({"pixdim": [1, 1.2, -0.7, 3, 0, 0, 0, 0]}, "pixdim"),
    ({"pixdim": [1, 1.2, NAN, 3, 0, 0, 0, 0]}, "pixdim"),
    ({"pixdim": [1, 1.2, float("inf"), 3, 0, 0, 0, 0]}, "pixdim"),
    ({"pixdim": [7, 1.2, 0.7, 3, 0, 0, 0, 0]}, "pixdim"),
    (
        {"pixdim": [1, 1.2, 0.7, 1, 0, 0, 0, 0]},
        "pixdim gives the spacing 1.2 x 0.7 x 1, but the sform gives 1.2 x 0.7 x 3",
    ),
    ({"vox_offset": NAN}, "vox_offset"),
    ({"vox_offset": 0}, "vox_offset"),
    ({"vox_offset": 1e9}, "truncated"),
    ({"scl_slope": NAN}, "scl_slope"),
    ({"scl_inter": float("inf")}, "scl_inter"),
    ({"xyzt_units": 1}, "1200 x 700 x 3000 mm"),
    ({"xyzt_units": 3}, "spacing"),
    ({"xyzt_units": 7}, "xyzt_units"),
    ({"qform_code": 9}, "qform_code"),
    ({"sform_code": -1}, "sform_code"),
    ({"quatern": [0.9, 0.9, 0.9]}, "quatern"),
    ({"quatern": [NAN, 0, 0]}, "quatern"),
    ({"qoffset": [NAN, 0, 0]}, "qoffset"),
    ({"qoffset": [0, 0, 0]}, "qform and sform contradict each other"),
    ({"srow_x": [NAN, 0, 0, 0]}, "sform"),
    ({"srow_x": [1.2, 0, 0, 0]}, None),
    ({"sform_code": 1, "qform_code": 0, "srow_x": [1.2, 0, 0.5, 0]}, None),
    ({"magic": b"ni1\0"}, "magic"),
    ({"magic": b"n+2\0"}, "magic"),
    ({"magic": b"\0\0\0\0"}, "magic"),
]


@pytest.mark.parametrize("name", ["v.nii", "v.nii.gz"])
@pytest.mark.parametrize(("fields", "message"), NIFTI_DAMAGES, ids=[str(fields) for fields, _ in NIFTI_DAMAGES])
def test_an_invalid_field_of_a_nifti_header_is_named(name, fields, message, tmp_path):
    path, _ = write_volume_file(volume(), tmp_path, name)
    read_image(path)
    change_nifti(path, **fields)
    with pytest.raises(UserError, match=message):
        read_image(path)


MHA_DAMAGES = [
    ("NDims", "NDims = 2", None),
    ("NDims", "NDims = 4", None),
    ("BinaryData ", "BinaryData = False", "BinaryData"),
    ("BinaryDataByteOrderMSB", "BinaryDataByteOrderMSB = maybe", "BinaryDataByteOrderMSB"),
    ("CompressedData ", "CompressedData = True", "truncated or damaged"),
    ("CompressedData ", "CompressedData = x", "CompressedData"),
    ("TransformMatrix", "TransformMatrix = 1 0 0 0.3 1 0 0 0 1", "sheared"),
    ("TransformMatrix", "TransformMatrix = 2 0 0 0 2 0 0 0 2", "unit length"),
    ("TransformMatrix", "TransformMatrix = nan 0 0 0 1 0 0 0 1", "TransformMatrix"),
    ("TransformMatrix", "TransformMatrix = 1 0 0 0 1 0", "TransformMatrix"),
    ("Offset", "Offset = nan 0 0", "Offset"),
    ("Offset", "Offset = 1 2", "Offset"),
    ("Offset", "Offset = 1 2 3\nPosition = 3 2 1", "Position"),
    ("Offset", "DistanceUnits = cm", "DistanceUnits"),
    ("Offset", "ElementNumberOfChannels = 3", None),
    ("Offset", "HeaderSize = -1", "HeaderSize"),
    ("Offset", "ElementToIntensityFunctionSlope = 2", "ElementToIntensityFunctionSlope"),
    ("ElementSpacing", "ElementSpacing = 1.2 -0.7 3", "ElementSpacing"),
    ("ElementSpacing", "ElementSpacing = 1.2 0 3", "ElementSpacing"),
    ("ElementSpacing", "ElementSpacing = 1.2 nan 3", "ElementSpacing"),
    ("ElementSpacing", "ElementSpacing = 1.2 3", "ElementSpacing"),
    ("ElementSpacing", "ElementSpacing = 1000 1000 1000", "6000 x 5000 x 4000 mm"),
    ("ElementSpacing", None, "ElementSpacing is missing"),
    ("DimSize", "DimSize = 6 5 3", "more voxels"),
    ("DimSize", "DimSize = 6 5 8", "truncated"),
    ("DimSize", "DimSize = 30000 30000 30000", "30000 x 30000 x 30000"),
    ("DimSize", "DimSize = 6 5 -4", None),
    ("DimSize", "DimSize = 6 5 0", None),
    ("DimSize", "DimSize = 6 5 4.5", "DimSize"),
    ("DimSize", None, None),
    ("ElementType", "ElementType = MET_FLOAT", "truncated"),
    ("ElementType", "ElementType = MET_STRING", None),
    ("ElementType", None, None),
    ("ElementDataFile", "ElementDataFile = nowhere.raw", "no such file"),
    ("ElementDataFile", "ElementDataFile = LIST", "ElementDataFile"),
    ("ElementDataFile", "ElementDataFile = v%03d.raw 1 4 1", "ElementDataFile"),
]


@pytest.mark.parametrize("name", ["raw.mha", "raw.mhd"])
@pytest.mark.parametrize(("start", "line", "message"), MHA_DAMAGES)
def test_an_invalid_field_of_a_metaimage_header_is_named(name, start, line, message, tmp_path):
    path, _ = write_volume_file(volume(), tmp_path, name)
    read_image(path)
    change_text(path, start, line)
    with pytest.raises(UserError, match=message):
        read_image(path)


NRRD_DAMAGES = [
    ("NRRD", "NRRD0009", None),
    ("NRRD", "NRRX0004", None),
    ("type", "type: float", "truncated"),
    ("type", "type: block", None),
    ("type", None, None),
    ("dimension", "dimension: 4", None),
    ("dimension", None, None),
    ("space:", "space: scanner-xyz", "space"),
    ("space:", None, None),
    ("sizes", "sizes: 6 5 3", "more voxels"),
    ("sizes", "sizes: 6 5 8", "truncated"),
    ("sizes", "sizes: 30000 30000 30000", "30000 x 30000 x 30000"),
    ("sizes", "sizes: 6 5 0", None),
    ("sizes", "sizes: 6 5", None),
    ("sizes", "sizes: 6 5 x", None),
    ("space directions", "space directions: (0.8,0,0) (0,0.8,0) (0,0.75,3)", "sheared"),
    ("space directions", "space directions: (0.8,0,0) (0,0.8,0) (0,0,0)", "space directions"),
    ("space directions", "space directions: (0.8,0,0) (0,0.8,0) (0,0,nan)", None),
    ("space directions", "space directions: (0.8,0,0) (0,0.8,0) none", None),
    ("space directions", "space directions: (800,0,0) (0,800,0) (0,0,3000)", "4800 x 4000 x 12000 mm"),
    ("space directions", None, None),
    ("space directions", "space directions: (0.8,0,0) (0,0.8,0) (0,0,3)\nspacings: 1 1 1", None),
    ("kinds", 'space units: "cm" "cm" "cm"', "space units"),
    ("kinds", 'space units: "um" "um" "um"', "space units"),
    ("kinds", "kinds: RGB-color domain domain", None),
    ("kinds", "byte skip: 8", "byte skip"),
    ("kinds", "line skip: 1", "line skip"),
    ("kinds", "type: short", None),
    ("endian", None, None),
    ("endian", "endian: middle", None),
    ("encoding", "encoding: gzip", "truncated or damaged"),
    ("encoding", "encoding: ascii", None),
    ("encoding", "encoding: bzip2", None),
    ("space origin", "space origin: (nan,0,0)", "space origin"),
    ("space origin", "space origin: (1,2)", None),
]


@pytest.mark.parametrize("name", ["raw.nrrd", "raw.nhdr"])
@pytest.mark.parametrize(("start", "line", "message"), NRRD_DAMAGES)
def test_an_invalid_field_of_an_nrrd_header_is_named(name, start, line, message, tmp_path):
    path, _ = write_volume_file(volume(), tmp_path, name)
    read_image(path)
    change_text(path, start, line)
    with pytest.raises(UserError, match=message):
        read_image(path)


@pytest.mark.parametrize(("name", "data_line"), [("raw.nhdr", "data file: "), ("raw.mhd", "ElementDataFile = ")])
def test_voxels_in_several_or_in_missing_files_are_refused(name, data_line, tmp_path):
    path, voxels = write_volume_file(volume(), tmp_path, name)
    voxels.rename(tmp_path / "elsewhere.raw")
    with pytest.raises(UserError, match=r"raw\.raw: no such file"):
        read_image(path)
    change_text(path, data_line, data_line + "LIST")
    with pytest.raises(UserError):
        read_image(path)
    change_text(path, data_line, data_line + "elsewhere.raw")
    read_image(path)


@pytest.mark.parametrize("name", ["v.hdr", "v.img.gz"])
def test_either_file_of_a_pair_names_the_volume(name, tmp_path):
    image = volume()
    path, _ = write_volume_file(image, tmp_path, name)
    for file in tmp_path.iterdir():
        np.testing.assert_array_equal(sitk.GetArrayFromImage(read_label(file)), sitk.GetArrayFromImage(image))
    other = path.with_name("v.img" if name == "v.hdr" else "v.hdr.gz")
    other.unlink()
    with pytest.raises(UserError):
        read_image(path)


def test_the_grid_of_an_image_has_its_geometry_and_no_voxels():
    image = make_volume(np.ones((3, 4, 5), np.float32), (1.0, 2.0, 3.0), (7.0, 8.0, 9.0), oblique_direction())
    grid = grid_of(image)
    check_same_grid(grid, image, "grid", "image")
    assert grid.GetPixelID() == sitk.sitkUInt8
    assert not sitk.GetArrayFromImage(grid).any()


def test_fields_of_a_nifti_header_are_where_nibabel_reads_them():
    nifti1 = pytest.importorskip("nibabel.nifti1")
    assert HEADER.itemsize == nifti1.header_dtype.itemsize
    assert dict(HEADER.fields) == {name: nifti1.header_dtype.fields[name] for name in HEADER.names}


@pytest.mark.parametrize("last", [0, 1, PART // 512 - 1])
def test_a_compressed_volume_of_many_parts_is_read_whole(last, tmp_path):
    array = np.zeros((3, PART // 512 + last, 512), np.uint8)
    array.ravel()[PART - 1 : PART + 1] = 1
    path = tmp_path / "v.nii.gz"
    sitk.WriteImage(sitk.GetImageFromArray(array), str(path))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(read_label(path)), array)
    content = gzip.decompress(path.read_bytes())
    for wrong in (content[:-1], content + b"1"):
        path.write_bytes(gzip.compress(wrong))
        with pytest.raises(UserError, match=r"v\.nii\.gz"):
            read_label(path)


def test_a_scaled_volume_and_big_endian_voxels_are_read_as_itk_reads_them(tmp_path):
    nibabel = pytest.importorskip("nibabel")
    array = np.arange(-30, 30).reshape(3, 4, 5)
    for endianness, dtype in (("<", "i2"), (">", "i2"), (">", "f4"), (">", "u1"), ("<", "f8")):
        header = nibabel.Nifti1Header(endianness=endianness)
        header.set_data_dtype(np.dtype(dtype).newbyteorder(endianness))
        stored = nibabel.Nifti1Image(np.abs(array).astype(dtype), np.diag([-1, -2, 3, 1]), header)
        stored.header.set_slope_inter(0.37, -10)
        nibabel.save(stored, tmp_path / "v.nii.gz")
        expected = sitk.ReadImage(str(tmp_path / "v.nii.gz"), sitk.sitkFloat32)
        image = read_target(tmp_path / "v.nii.gz")
        assert image.GetPixelID() == sitk.sitkFloat32
        np.testing.assert_allclose(
            sitk.GetArrayFromImage(image), sitk.GetArrayFromImage(expected), rtol=1e-6, atol=1e-5
        )
        check_same_grid(image, expected, "read", "expected")


@pytest.mark.parametrize("codes", [(1, 0), (0, 1), (0, 0), (1, 4), (2, 2)])
def test_either_form_of_a_nifti_header_is_enough(codes, tmp_path):
    path, _ = write_volume_file(volume(), tmp_path, "v.nii")
    change_nifti(path, qform_code=codes[0], sform_code=codes[1])
    check_same_grid(read_image(path), sitk.ReadImage(str(path)), "read", "expected")


@pytest.mark.parametrize("unit", [1, 3])
def test_metres_and_micrometres_become_millimetres(unit, tmp_path):
    scale = {1: 1000.0, 3: 0.001}[unit]
    image = make_volume(
        np.ones((3, 4, 5), np.uint8), [2 / scale, 3 / scale, 4 / scale], [5 / scale, 6 / scale, 7 / scale]
    )
    path, _ = write_volume_file(image, tmp_path, "v.nii")
    change_nifti(path, xyzt_units=unit)
    read = read_image(path)
    np.testing.assert_allclose(read.GetSpacing(), [2, 3, 4], rtol=1e-5)
    np.testing.assert_allclose(read.GetOrigin(), [5, 6, 7], rtol=1e-5)


@pytest.mark.parametrize("space", ["right-anterior-superior", "RAS", "left-anterior-superior", "LPS"])
def test_nrrd_spaces_are_turned_into_lps(space, tmp_path):
    path, _ = write_volume_file(volume(), tmp_path, "raw.nrrd")
    change_text(path, "space:", f"space: {space}")
    check_same_grid(read_image(path), sitk.ReadImage(str(path)), "read", "expected")


def test_an_nrrd_without_a_space_has_only_spacings(tmp_path):
    path, _ = write_volume_file(volume(), tmp_path, "raw.nrrd")
    for line in ("space:", "space directions", "space origin"):
        change_text(path, line, None)
    with pytest.raises(UserError, match="spacings is missing"):
        read_image(path)
    change_text(path, "endian", "endian: little\nspacings: 1.5 2 3")
    assert read_image(path).GetSpacing() == (1.5, 2, 3)


def test_a_gzip_file_of_several_streams_is_read(tmp_path):
    path, _ = write_volume_file(volume(), tmp_path, "v.nii")
    content = path.read_bytes()
    parts = b"".join(gzip.compress(content[k : k + 100]) for k in range(0, len(content), 100))
    (tmp_path / "v.nii.gz").write_bytes(parts + bytes(64))
    np.testing.assert_array_equal(
        sitk.GetArrayFromImage(read_image(tmp_path / "v.nii.gz")), sitk.GetArrayFromImage(read_image(path))
    )


def test_a_volume_of_a_4d_file_is_chosen_and_counted(tmp_path):
    frames = [make_volume(np.full((3, 4, 5), k, np.float32)) for k in range(3)]
    sitk.WriteImage(sitk.JoinSeries(frames), tmp_path / "time.nii")
    assert number_of_volumes(tmp_path / "time.nii") == 3
    assert (
        sitk.GetArrayFromImage(read_image(tmp_path / "time.nii", channel=2)).tolist() == np.full((3, 4, 5), 2).tolist()
    )
    with (tmp_path / "time.nii").open("rb+") as stream:
        stream.truncate(500)
    with pytest.raises(UserError, match="truncated"):
        read_image(tmp_path / "time.nii", channel=0)


def test_a_compressed_volume_is_never_decompressed_beyond_its_size(tmp_path):
    path, _ = write_volume_file(make_volume(np.zeros((4, 5, 6), np.uint8)), tmp_path, "v.nii.gz")
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + bytes(50_000_000)))
    with pytest.raises(UserError, match="more voxels"):
        read_image(path)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=30)
@given(data=st.data())
def test_whatever_happens_to_a_header_ends_in_a_sentence(name, data):
    with tempfile.TemporaryDirectory() as folder:
        path, _ = write_volume_file(volume(), Path(folder), name)
        content = path.read_bytes()
        compressed = name.endswith(".gz")
        content = bytearray(gzip.decompress(content) if compressed else content)
        for _ in range(data.draw(st.integers(1, 3))):
            place = data.draw(st.integers(0, min(len(content), 400) - 1))
            content[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
        path.write_bytes(gzip.compress(content) if compressed else content)
        try:
            image = read_image(path)
        except UserError:
            return
        assert np.isfinite([*image.GetSpacing(), *image.GetOrigin(), *image.GetDirection()]).all()
