"""Every item of an RTSTRUCT that decides on the mask is read as it is, or rejected by its name."""

import numpy as np
import pytest
import SimpleITK as sitk
from conftest import make_volume
from dicom_files import alter, decimals, rectangle, write_series, write_structures

from weakseg3d.cli import main
from weakseg3d.datasets.adapters import vs
from weakseg3d.datasets.formats.dicom_headers import mr_series
from weakseg3d.datasets.formats.rtstruct import structure_mask
from weakseg3d.errors import UserError

FRAME_OF_REFERENCE = "2.25.2"


def scan():
    voxels = np.random.default_rng(3).integers(-500, 500, (7, 12, 10)).astype(np.int16)
    return make_volume(voxels, (0.7, 0.9, 3.3), (-100.0, 55.0, -20.0))


@pytest.fixture
def path(tmp_path):
    contours = [rectangle(scan(), 2, (1, 6), (3, 9)), rectangle(scan(), 3, (1, 6), (3, 9))]
    return write_structures(tmp_path / "rt.dcm", {"TV": contours, "Cochlea": contours[:1]})


def roi(content):
    return content.StructureSetROISequence[0]


def drawing(content):
    return content.ROIContourSequence[0]


def contour(content):
    return drawing(content).ContourSequence[1]


def deleting(owner, keyword):
    return lambda content: delattr(owner(content), keyword)


def setting(owner, keyword, value):
    return lambda content: setattr(owner(content), keyword, value)


def moving(*millimetres):
    def change(content):
        points = np.reshape(np.array(contour(content).ContourData, float), (-1, 3)) + millimetres
        contour(content).ContourData = decimals(points.ravel())

    return change


def with_number(text):
    """Replace one number of a contour."""

    def change(content):
        numbers = [str(number) for number in contour(content).ContourData]
        contour(content).ContourData = [*numbers[:4], text, *numbers[5:]]

    return change


def without_last_number(content):
    contour(content).ContourData = list(contour(content).ContourData)[:-1]


def two_points(content):
    contour(content).ContourData = list(contour(content).ContourData)[:6]
    contour(content).NumberOfContourPoints = 2


def whole(content):
    return content


DAMAGE = {
    "no contours": (deleting(whole, "ROIContourSequence"), "ROIContourSequence is missing"),
    "empty contours": (setting(whole, "ROIContourSequence", []), "ROIContourSequence is missing"),
    "no structures": (deleting(whole, "StructureSetROISequence"), "StructureSetROISequence is missing"),
    "empty structures": (setting(whole, "StructureSetROISequence", []), "StructureSetROISequence is missing"),
    "no name": (deleting(roi, "ROIName"), "item 1 of StructureSetROISequence: ROIName is missing"),
    "no number": (deleting(roi, "ROINumber"), "item 1 of StructureSetROISequence: ROINumber is missing"),
    "number of another": (setting(roi, "ROINumber", 2), "ROINumber"),
    "unknown number": (setting(drawing, "ReferencedROINumber", 9), "structure 'TV' has no closed contours"),
    "no reference": (
        deleting(drawing, "ReferencedROINumber"),
        "item 1 of ROIContourSequence: ReferencedROINumber is missing",
    ),
    "two drawings": (setting(lambda c: c.ROIContourSequence[1], "ReferencedROINumber", 1), "ReferencedROINumber"),
    "no outline": (deleting(drawing, "ContourSequence"), "ContourSequence"),
    "no type": (deleting(contour, "ContourGeometricType"), "contour 2 of 'TV': ContourGeometricType is missing"),
    "a point": (setting(contour, "ContourGeometricType", "POINT"), "contour 2 of 'TV': ContourGeometricType"),
    "open": (setting(contour, "ContourGeometricType", "OPEN_PLANAR"), "contour 2 of 'TV': ContourGeometricType"),
    "not planar": (
        setting(contour, "ContourGeometricType", "OPEN_NONPLANAR"),
        "contour 2 of 'TV': ContourGeometricType",
    ),
    "no points": (deleting(contour, "ContourData"), "contour 2 of 'TV': ContourData is missing"),
    "empty points": (setting(contour, "ContourData", None), "contour 2 of 'TV': ContourData is missing"),
    "11 numbers": (without_last_number, "contour 2 of 'TV': ContourData has 11 numbers"),
    "two points": (two_points, "contour 2 of 'TV': ContourData has 6 numbers"),
    "other number of points": (setting(contour, "NumberOfContourPoints", 5), "NumberOfContourPoints is 5"),
    "NaN": (with_number("nan"), "contour 2 of 'TV': ContourData"),
    "infinity": (with_number("inf"), "contour 2 of 'TV': ContourData"),
    "between slices": (moving(0, 0, 1.5), "contour 2 of 'TV' (ContourData) lies in no slice"),
    "above": (moving(0, 0, 33), "contour 2 of 'TV' (ContourData) lies in no slice"),
    "far above": (moving(0, 0, 1e12), "contour 2 of 'TV' (ContourData) lies in no slice"),
    "beside": (moving(300, 0, 0), "contour 2 of 'TV' (ContourData) lies outside its image"),
    "same name": (setting(lambda c: c.StructureSetROISequence[1], "ROIName", "tv "), "two structures have the same"),
    "other frame of reference": (
        setting(roi, "ReferencedFrameOfReferenceUID", "2.25.77"),
        "ReferencedFrameOfReferenceUID 2.25.77, FrameOfReferenceUID 2.25.2",
    ),
    "no frame of reference": (
        deleting(roi, "ReferencedFrameOfReferenceUID"),
        "ReferencedFrameOfReferenceUID is missing",
    ),
    "not structures": (setting(whole, "Modality", "MR"), "not a structure set (Modality is MR, not RTSTRUCT)"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_structure_set_is_rejected_by_item(path, damage):
    change, words = DAMAGE[damage]
    alter(path, change)
    with pytest.raises(UserError) as error:
        structure_mask(path, ["TV"], scan(), FRAME_OF_REFERENCE)
    message = str(error.value)
    assert message.startswith(f"{path}: ")
    assert words in message
    assert "\n" not in message


@pytest.mark.parametrize("length", [100, 400, 700, 900, -1, -30])
def test_a_truncated_structure_set_is_rejected(path, length):
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(UserError, match="rt.dcm"):
        structure_mask(path, ["Cochlea"], scan(), FRAME_OF_REFERENCE)


def test_damage_to_another_structure_does_not_matter(path):
    alter(path, deleting(contour, "ContourData"))
    assert sitk.GetArrayFromImage(structure_mask(path, ["Cochlea"], scan(), FRAME_OF_REFERENCE)).sum() == 42


def test_an_empty_name_of_another_structure_does_not_matter(path):
    alter(path, setting(roi, "ROIName", ""))
    assert sitk.GetArrayFromImage(structure_mask(path, ["Cochlea"], scan(), FRAME_OF_REFERENCE)).sum() == 42


@pytest.fixture
def patient(tmp_path):
    """A patient with two RTSTRUCTs that were drawn on one series."""
    home = tmp_path / "raw" / "VS-SEG-001"
    write_series(home / "t2", scan())
    for name in ("first", "second"):
        write_structures(home / name / "rt.dcm", {"TV": [rectangle(scan(), 2, (1, 6), (3, 9))]})
    return home


def test_two_structure_sets_of_one_series_are_rejected_by_name(patient):
    cases = vs.find_cases(patient.parent, {})
    with pytest.raises(UserError) as error:
        vs.load_case(cases["vs_gk_1"], {})
    for name in ("first", "second"):
        assert str(patient / name / "rt.dcm") in str(error.value)
    (patient / "second" / "rt.dcm").unlink()
    assert sitk.GetArrayFromImage(vs.load_case(vs.find_cases(patient.parent, {})["vs_gk_1"], {})[1]).sum() == 42


def test_with_a_label_map_the_structure_sets_do_not_matter(patient):
    sitk.WriteImage(sitk.Cast(scan() > 0, sitk.sitkUInt8), str(patient.parent / "vs_gk_1_Label.nii.gz"))
    _, label = vs.load_case(vs.find_cases(patient.parent, {})["vs_gk_1"], {})
    np.testing.assert_array_equal(sitk.GetArrayFromImage(label), sitk.GetArrayFromImage(scan()) > 0)


def test_contours_in_another_frame_of_reference_than_the_series_are_rejected(patient):
    (patient / "second" / "rt.dcm").unlink()
    alter(patient / "first" / "rt.dcm", setting(roi, "ReferencedFrameOfReferenceUID", "2.25.77"))
    with pytest.raises(UserError, match=r"first/rt.dcm: 'TV' was drawn in another frame of reference"):
        vs.load_case(vs.find_cases(patient.parent, {})["vs_gk_1"], {})


def referenced_study(content):
    return content.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0]


@pytest.mark.parametrize(
    "change",
    [
        deleting(whole, "ReferencedFrameOfReferenceSequence"),
        deleting(referenced_study, "RTReferencedSeriesSequence"),
        deleting(lambda content: referenced_study(content).RTReferencedSeriesSequence[0], "SeriesInstanceUID"),
    ],
)
def test_a_structure_set_without_its_series_is_rejected(patient, change, tmp_path):
    alter(patient / "second" / "rt.dcm", change)
    with pytest.raises(UserError, match=r"second/rt.dcm: .*ReferencedFrameOfReferenceSequence"):
        vs.load_case(vs.find_cases(patient.parent, {})["vs_gk_1"], {})


def test_a_slice_without_its_series_is_rejected(patient):
    alter(patient / "t2" / "1-003.dcm", deleting(whole, "SeriesInstanceUID"))
    with pytest.raises(UserError, match="1-003.dcm: SeriesInstanceUID is missing"):
        mr_series([patient / "t2"], "t2")


def test_suffixes_in_capitals_and_hidden_files(patient):
    """As on cameras and on drives that a Mac has written to."""
    for path in list((patient / "t2").iterdir()):
        path.rename(path.with_suffix(".DCM"))
    (patient / "t2" / "._1-001.dcm").write_bytes(b"Mac OS X")
    assert len(mr_series([patient / "t2"], "t2")[0]) == 7


def test_the_command_line_prints_one_sentence(patient, tmp_path, capsys):
    (patient / "second" / "rt.dcm").unlink()
    alter(patient / "first" / "rt.dcm", deleting(lambda c: drawing(c).ContourSequence[0], "ContourData"))
    code = main(["import", "vs", "--raw", str(patient.parent), "--out", str(tmp_path / "out")])
    error = capsys.readouterr().err
    assert code == 2
    assert "ContourData" in error
    assert "Traceback" not in error
