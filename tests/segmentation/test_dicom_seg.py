"""DICOM Segmentations lie where the label map lies, refer to their series, and are the same in every run.

They are read back twice: by highdicom, which wrote them, and by pydicom with SimpleITK's geometry, which know nothing
of it.
"""

from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
import torch
from conftest import make_volume, oblique_direction
from dicom_files import alter, write_multiframe, write_series

from weakseg3d import __version__
from weakseg3d.cli import main
from weakseg3d.datasets.formats.dicom import read_series_folder
from weakseg3d.errors import UserError
from weakseg3d.experiment.recipes import checked_recipe
from weakseg3d.images.volumes import like, write_volume
from weakseg3d.inference.model import write_model
from weakseg3d.networks import build_network
from weakseg3d.segmentation.model_files import ModelFile

hd = pytest.importorskip("highdicom", reason="highdicom, the extra dicom-seg, is not installed")

from weakseg3d.segmentation.dicom_seg import check_encoding, write_dicom_segmentation  # noqa: E402
from weakseg3d.segmentation.dicom_source import source_series  # noqa: E402

SHAPE = (7, 6, 5)
SAGITTAL = np.array([[0, 0, -1], [1, 0, 0], [0, -1, 0]])
RECIPE = {
    "method": "small",
    "spacing": 3.0,
    "intensity": {"window": [0, 100]},
    "network": {"unet": {"channels": [2, 4, 8]}},
    "loss": {"dice_ce": {}},
    "training": {"patch_size": [16, 16, 16], "steps": 1, "optimizer": {"adamw": {}}},
}
SERIES = {
    "axial": lambda folder: write_series(folder, volume(np.eye(3))),
    "oblique": lambda folder: write_series(folder, volume(oblique_direction(flipped=False))),
    "left-handed": lambda folder: write_series(folder, volume(oblique_direction())),
    "sagittal": lambda folder: write_series(folder, volume(SAGITTAL)),
    "files in reverse": lambda folder: write_series(folder, volume(np.eye(3)), names=[f"{9 - k}" for k in range(7)]),
    "files in disorder": lambda folder: write_series(folder, volume(oblique_direction()), names="3105246"),
    "enhanced": lambda folder: write_multiframe(folder / "a.dcm", volume(oblique_direction())),
    "enhanced, frames in disorder": lambda folder: write_multiframe(
        folder / "a.dcm", volume(oblique_direction()), order=(3, 1, 0, 5, 2, 4, 6), shared=False
    ),
    "one slice": lambda folder: write_series(folder, volume(oblique_direction())[:, :, 3:4]),
}


def volume(direction, spacing=(1.5, 1.2, 4.0)):
    array = np.random.default_rng(0).integers(0, 100, SHAPE).astype(np.int16)
    return make_volume(array, spacing, (-20, 35, 11), direction)


def models(*organs):
    return [ModelFile(organ, Path(f"{organ}.pt"), f"{number}" * 64) for number, organ in enumerate(organs)]


def random_labels(scan, seed=1):
    """Return labels 0, 1 and 2 at random, without any symmetry; the second plane has none."""
    array = np.random.default_rng(seed).integers(0, 3, scan.GetSize()[::-1]).astype(np.uint8)
    array[1:2] = 0
    return like(array, scan)


def written(folder, path, organs=("spleen", "liver"), change=None, labels=random_labels):
    """Write a segmentation of the series in ``folder``; return it and its label map."""
    if change:
        for file in sorted(folder.iterdir()):
            alter(file, change)
    image = labels(read_series_folder(folder))
    write_dicom_segmentation(image, source_series(folder), models(*organs), path)
    return pydicom.dcmread(path), image


def frames(content):
    """Yield segment, position, directions of a column's and a row's index, and mask of every frame, by pydicom."""
    shared = content.SharedFunctionalGroupsSequence[0]
    cosines = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, float)
    rows_apart, columns_apart = map(float, shared.PixelMeasuresSequence[0].PixelSpacing)
    bits = np.unpackbits(np.frombuffer(content.PixelData, np.uint8), bitorder="little")
    size = content.Rows * content.Columns
    for number, group in enumerate(content.PerFrameFunctionalGroupsSequence):
        identification = group if "SegmentIdentificationSequence" in group else shared
        segment = identification.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        position = np.array(group.PlanePositionSequence[0].ImagePositionPatient, float)
        mask = bits[number * size : (number + 1) * size].reshape(content.Rows, content.Columns)
        yield group, segment, position, cosines[:3] * columns_apart, cosines[3:] * rows_apart, mask


def assert_same_voxels(labels, found):
    """Assert that ``found``, world coordinates (n, 3) by label, are the centres of exactly the voxels of ``labels``."""
    array = sitk.GetArrayViewFromImage(labels)
    assert {label for label, places in found.items() if len(places)} == set(np.unique(array).tolist()) - {0}
    for label in set(found):
        expected = np.argwhere(array == label)[:, ::-1]
        places = np.array([labels.TransformIndexToPhysicalPoint(index.tolist()) for index in expected]).reshape(-1, 3)
        here = np.array(found[label]).reshape(-1, 3)
        assert len(here) == len(places)
        distances = np.linalg.norm(here[:, None] - places[None], axis=2)
        assert (distances.min(axis=1) < 1e-3).all()
        assert len(set(distances.argmin(axis=1).tolist())) == len(places)


@pytest.mark.parametrize("kind", SERIES)
def test_pydicom_and_simpleitk_find_the_voxels_of_the_label_map(tmp_path, kind):
    SERIES[kind](tmp_path / "ct")
    content, labels = written(tmp_path / "ct", tmp_path / "a.dcm")
    found = {}
    for _, segment, position, along_row, along_column, mask in frames(content):
        for row, column in np.argwhere(mask):
            found.setdefault(segment, []).append(position + column * along_row + row * along_column)
    assert found
    assert_same_voxels(labels, found)


@pytest.mark.parametrize("kind", SERIES)
def test_highdicom_finds_the_voxels_of_the_label_map(tmp_path, kind):
    SERIES[kind](tmp_path / "ct")
    _, labels = written(tmp_path / "ct", tmp_path / "a.dcm")
    read = hd.seg.segread(tmp_path / "a.dcm").get_volume(combine_segments=True)
    found = {label: read.map_indices_to_reference(np.argwhere(read.array == label)) for label in (1, 2)}
    assert_same_voxels(labels, found)


@pytest.mark.parametrize("kind", SERIES)
def test_every_frame_refers_to_the_plane_at_its_place(tmp_path, kind):
    SERIES[kind](tmp_path / "ct")
    content, _ = written(tmp_path / "ct", tmp_path / "a.dcm")
    planes = {}
    for file in (tmp_path / "ct").iterdir():
        source = pydicom.dcmread(file)
        if "PerFrameFunctionalGroupsSequence" not in source:
            planes[source.SOPInstanceUID, None] = source.ImagePositionPatient
            continue
        for number, group in enumerate(source.PerFrameFunctionalGroupsSequence, start=1):
            planes[source.SOPInstanceUID, number] = group.PlanePositionSequence[0].ImagePositionPatient
    assert content.ReferencedSeriesSequence[0].SeriesInstanceUID == source.SeriesInstanceUID
    assert content.StudyInstanceUID == source.StudyInstanceUID
    assert content.FrameOfReferenceUID == source.FrameOfReferenceUID
    listed = {item.ReferencedSOPInstanceUID for item in content.ReferencedSeriesSequence[0].ReferencedInstanceSequence}
    assert listed == {uid for uid, _ in planes}
    for group, *_ in frames(content):
        [image] = group.DerivationImageSequence[0].SourceImageSequence
        assert image.SpatialLocationsPreserved == "YES"
        assert image.ReferencedSOPClassUID == source.SOPClassUID
        key = image.ReferencedSOPInstanceUID, image.get("ReferencedFrameNumber")
        assert planes[key] == group.PlanePositionSequence[0].ImagePositionPatient


def test_segments_say_what_they_are_and_who_made_them(tmp_path):
    SERIES["axial"](tmp_path / "ct")
    content, _ = written(tmp_path / "ct", tmp_path / "a.dcm", ("left_kidney", "schwannoma", "肝臓"))
    assert (content.Modality, content.SegmentationType) == ("SEG", "BINARY")
    segments = content.SegmentSequence
    assert [segment.SegmentLabel for segment in segments] == ["left_kidney", "schwannoma", "肝臓"]
    assert {segment.SegmentAlgorithmType for segment in segments} == {"AUTOMATIC"}
    [algorithm] = segments[1].SegmentationAlgorithmIdentificationSequence
    assert (algorithm.AlgorithmName, algorithm.AlgorithmVersion) == ("weakseg3d", __version__)
    assert "1" * 64 in algorithm.AlgorithmParameters
    kinds = [segment.SegmentedPropertyTypeCodeSequence[0] for segment in segments]
    assert [(kind.CodeValue, kind.CodeMeaning) for kind in kinds[:2]] == [
        ("64033007", "Kidney"),
        ("85756007", "Tissue"),
    ]
    # The third organ is nowhere.
    assert {segment for _, segment, *_ in frames(content)} == {1, 2}


def test_a_label_map_without_any_organ_can_be_written(tmp_path):
    SERIES["axial"](tmp_path / "ct")
    content, _ = written(tmp_path / "ct", tmp_path / "a.dcm", labels=lambda scan: like(np.zeros(SHAPE, np.uint8), scan))
    assert not any(mask.any() for *_, mask in frames(content))


def test_the_same_input_gives_the_same_bytes_and_identifiers(tmp_path):
    SERIES["enhanced"](tmp_path / "ct")
    first, _ = written(tmp_path / "ct", tmp_path / "a.dcm")
    again, _ = written(tmp_path / "ct", tmp_path / "b.dcm")
    assert (tmp_path / "a.dcm").read_bytes() == (tmp_path / "b.dcm").read_bytes()
    assert first.SOPInstanceUID == first.file_meta.MediaStorageSOPInstanceUID
    others = [
        written(tmp_path / "ct", tmp_path / "c.dcm", labels=lambda scan: random_labels(scan, seed=2))[0],
        written(tmp_path / "ct", tmp_path / "d.dcm", ("spleen", "kidney"))[0],
    ]
    everything = [first, *others]
    organisations = [content.DimensionOrganizationSequence[0].DimensionOrganizationUID for content in everything]
    identifiers = [content[key].value for content in everything for key in ("SOPInstanceUID", "SeriesInstanceUID")]
    assert len({*identifiers, *organisations}) == 9
    assert all(pydicom.uid.UID(each).is_valid for each in (*identifiers, *organisations))
    assert {item.DimensionOrganizationUID for item in first.DimensionIndexSequence} == {organisations[0]}


def test_patient_study_and_date_are_the_scans(tmp_path):
    SERIES["axial"](tmp_path / "ct")

    def change(content):
        content.SpecificCharacterSet = "ISO_IR 100"
        content.PatientName = "Müller^Jörg"
        content.PatientID, content.StudyDate, content.StudyTime = "7", "20240229", "1312"
        content.ContentDate, content.ContentTime = "20240301", "131211.5"
        content.Manufacturer = "Scanner & Söhne"

    content, _ = written(tmp_path / "ct", tmp_path / "a.dcm", ("Milz ß", "肝臓"), change)
    assert str(content.PatientName) == "Müller^Jörg"
    assert (content.PatientID, content.StudyDate, content.StudyTime) == ("7", "20240229", "1312")
    assert (content.ContentDate, content.ContentTime) == ("20240301", "131211.5")
    assert "Scanner & Söhne" in [item.Manufacturer for item in content.ContributingEquipmentSequence]
    assert content.SegmentSequence[0].SegmentLabel == "Milz ß"


def test_headers_of_anonymised_scans_are_taken_as_they_are(tmp_path):
    SERIES["axial"](tmp_path / "ct")

    def change(content):
        del content.PatientID
        content.add(pydicom.DataElement("PatientSex", "CS", "UNKNOWN", validation_mode=0))
        content.add(pydicom.DataElement("PatientBirthDate", "DA", "1950", validation_mode=0))

    content, _ = written(tmp_path / "ct", tmp_path / "a.dcm", change=change)
    assert (content.PatientID, content.PatientSex, content.PatientBirthDate) == ("", "UNKNOWN", "1950")


def test_rounded_orientations_and_wrong_distances_do_no_harm(tmp_path):
    """Orientations of one series may differ in the last digits, and SpacingBetweenSlices is often wrong."""
    SERIES["oblique"](tmp_path / "ct")
    for number, file in enumerate(sorted((tmp_path / "ct").iterdir())):

        def change(content, number=number):
            cosines = np.array(content.ImageOrientationPatient, float)
            content.ImageOrientationPatient = [f"{cosine:.6f}" for cosine in cosines + 1e-6 * number]
            content.SpacingBetweenSlices = "-1.0"
            del content.SliceThickness

        alter(file, change)
    content, labels = written(tmp_path / "ct", tmp_path / "a.dcm")
    measures = content.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    assert measures.SpacingBetweenSlices == measures.SliceThickness == pytest.approx(4, abs=1e-4)
    read = hd.seg.segread(tmp_path / "a.dcm").get_volume(combine_segments=True)
    assert read.shape == SHAPE
    assert (read.array == 2).sum() == (sitk.GetArrayViewFromImage(labels) == 2).sum()


def deleting(keyword):
    return lambda content: content.pop(keyword)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (deleting("FrameOfReferenceUID"), "FrameOfReferenceUID is missing"),
        (deleting("StudyInstanceUID"), "StudyInstanceUID is missing"),
        (deleting("SOPInstanceUID"), "SOPInstanceUID is missing"),
        (lambda content: setattr(content, "SOPInstanceUID", "2.25.7"), "has the SOPInstanceUID of 1-001.dcm"),
        (lambda content: setattr(content, "SOPClassUID", "2.25.7"), "highdicom cannot refer to this series"),
    ],
)
def test_a_series_without_identifiers_is_named_before_it_is_segmented(tmp_path, change, message):
    SERIES["axial"](tmp_path / "ct")
    for file in (tmp_path / "ct").iterdir():
        alter(file, change)
    with pytest.raises(UserError, match=message):
        check_encoding(source_series(tmp_path / "ct"), models("spleen"))


@pytest.fixture
def run(tmp_path):
    """Run the verb on the folder ``scans`` with an untrained network and return its exit code."""
    recipe = checked_recipe(RECIPE, "recipe")
    torch.manual_seed(3)
    network = build_network(recipe["network"], recipe["training"]["patch_size"])
    write_model(network.state_dict(), recipe, tmp_path / "spleen.pt")

    def verb(*options, model="spleen.pt"):
        arguments = ["--images", str(tmp_path / "scans"), "--out", str(tmp_path / "masks"), *options]
        return main(["segment", "--models", str(tmp_path / model), *arguments])

    return verb


def test_the_verb_writes_the_voxels_that_it_writes_as_nifti(tmp_path, run):
    write_series(tmp_path / "scans/patient 7/CT", volume(oblique_direction()), names="3105246")
    write_multiframe(tmp_path / "scans/patient 8/MR/a.dcm", volume(SAGITTAL), order=(3, 1, 0, 5, 2, 4, 6))
    assert run() == 0
    assert run("--format", "dcm") == 0
    for name in ("patient 7/CT", "patient 8/MR"):
        labels = sitk.ReadImage(str(tmp_path / f"masks/{name}.nii.gz"))
        assert 0 < sitk.GetArrayViewFromImage(labels).mean() < 1
        read = hd.seg.segread(tmp_path / f"masks/{name}.dcm").get_volume(combine_segments=True)
        found = {1: read.map_indices_to_reference(np.argwhere(read.array == 1))}
        assert_same_voxels(labels, found)


def test_a_tilted_gantry_is_listed_and_has_no_segmentation(tmp_path, run, capsys):
    write_series(tmp_path / "scans/CT", volume(np.eye(3)))
    for number, file in enumerate(sorted((tmp_path / "scans/CT").iterdir())):

        def tilt(content, number=number):
            x, y, z = content.ImagePositionPatient
            content.ImagePositionPatient = [x, y + 0.8 * number, z]

        alter(file, tilt)
    assert run("--format", "dcm") == 2
    assert "as with a tilted gantry" in capsys.readouterr().out
    assert sorted(path.name for path in (tmp_path / "masks").iterdir()) == [".weakseg3d", "volumes.csv"]


def test_scans_that_are_not_dicom_are_named_before_any_work(tmp_path, run, capsys):
    write_series(tmp_path / "scans/CT", volume(np.eye(3)))
    write_volume(volume(np.eye(3)), tmp_path / "scans/x.nii.gz")
    assert run("--format", "dcm") == 2
    assert "x.nii.gz: not a DICOM folder" in capsys.readouterr().err
    assert not (tmp_path / "masks").exists()


@pytest.mark.parametrize("name", ["a" * 65, "left\\right"])
def test_a_name_that_dicom_cannot_hold_is_refused(tmp_path, run, capsys, name):
    write_series(tmp_path / "scans/CT", volume(np.eye(3)))
    (tmp_path / "spleen.pt").rename(tmp_path / "model.pt")
    arguments = ["--images", str(tmp_path / "scans"), "--out", str(tmp_path / "masks"), "--format", "dcm"]
    assert main(["segment", "--models", f"{name}={tmp_path / 'model.pt'}", *arguments]) == 2
    assert "the name of a DICOM segment" in capsys.readouterr().err
    assert not (tmp_path / "masks").exists()
