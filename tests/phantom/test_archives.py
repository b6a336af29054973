"""The archives of the phantom: real layouts, byte-identical in every run, cases independent of their number."""

import re
import zipfile

import numpy as np
import pytest
import SimpleITK as sitk

from weakseg3d.cli import main


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archives")
    for modality, cases in (("ct", 2), ("mr", 2)):
        arguments = ["phantom", "--modality", modality, "--cases", str(cases), "--seed", "7", "--out", str(folder)]
        assert main(arguments) == 0
    return {"ct": folder / "RawData.zip", "mr": folder / "CHAOS_Train_Sets.zip"}


@pytest.fixture(scope="module")
def shorter_archives(archives, tmp_path_factory):
    """Archives of the first case only, written before any test reads DICOM, as GDCM writes two more tags after that."""
    folder = tmp_path_factory.mktemp("shorter")
    for modality in ("ct", "mr"):
        assert main(["phantom", "--modality", modality, "--cases", "1", "--seed", "7", "--out", str(folder)]) == 0
    return {modality: folder / archive.name for modality, archive in archives.items()}


@pytest.mark.parametrize("modality", ["ct", "mr"])
def test_a_case_depends_only_on_seed_and_number(archives, shorter_archives, modality):
    first, again = zipfile.ZipFile(archives[modality]), zipfile.ZipFile(shorter_archives[modality])
    assert again.namelist()
    for name in again.namelist():
        assert again.read(name) == first.read(name)


def test_ct_archive_has_the_layout_of_btcv(archives):
    names = zipfile.ZipFile(archives["ct"]).namelist()
    assert sorted(names) == [
        "RawData/Training/img/img0001.nii.gz",
        "RawData/Training/img/img0002.nii.gz",
        "RawData/Training/label/label0001.nii.gz",
        "RawData/Training/label/label0002.nii.gz",
    ]


def test_ct_labels_have_the_ids_of_btcv(archives, tmp_path):
    path = zipfile.ZipFile(archives["ct"]).extract("RawData/Training/label/label0001.nii.gz", tmp_path)
    label = sitk.ReadImage(path)
    assert label.GetPixelID() == sitk.sitkUInt8
    assert set(np.unique(sitk.GetArrayFromImage(label))) >= {0, 1, 2, 3, 6, 7, 8, 9}
    assert set(np.unique(sitk.GetArrayFromImage(label))) <= set(range(14))


def test_mr_archive_has_the_layout_of_chaos(archives):
    names = zipfile.ZipFile(archives["mr"]).namelist()
    folders = {name.rsplit("/", 1)[0] for name in names}
    below = ("T1DUAL/DICOM_anon/InPhase", "T1DUAL/DICOM_anon/OutPhase", "T1DUAL/Ground", "T2SPIR/DICOM_anon")
    assert folders == {f"Train_Sets/MR/{case}/{f}" for case in (1, 2) for f in (*below, "T2SPIR/Ground")}
    assert all(re.fullmatch(r"IMG-000\d-\d{5}\.(dcm|png)", name.rsplit("/", 1)[1]) for name in names)
    stems = {
        folder: [n.rsplit("/", 1)[1][:-4] for n in names if n.startswith(f"Train_Sets/MR/1/T1DUAL/{folder}")]
        for folder in ("DICOM_anon/InPhase", "DICOM_anon/OutPhase", "Ground")
    }
    assert stems["Ground"] == stems["DICOM_anon/InPhase"]
    assert not set(stems["Ground"]) & set(stems["DICOM_anon/OutPhase"])


def test_mr_masks_have_the_grey_levels_of_chaos(archives, tmp_path):
    zipfile.ZipFile(archives["mr"]).extractall(tmp_path)
    for sequence in ("T1DUAL", "T2SPIR"):
        masks = (tmp_path / "Train_Sets" / "MR" / "1" / sequence / "Ground").glob("*.png")
        values = np.unique([sitk.GetArrayFromImage(sitk.ReadImage(str(mask))) for mask in masks])
        assert values.tolist() == [0, 63, 126, 189, 252]


def test_in_some_cases_names_run_in_reverse_order_of_position(archives, tmp_path):
    zipfile.ZipFile(archives["mr"]).extractall(tmp_path)
    rising = {}
    for case in (1, 2):
        paths = sorted((tmp_path / "Train_Sets" / "MR" / str(case) / "T2SPIR" / "DICOM_anon").iterdir())
        heights = [sitk.ReadImage(str(path)).GetOrigin()[2] for path in (paths[0], paths[-1])]
        rising[case] = heights[1] > heights[0]
    assert rising == {1: True, 2: False}


@pytest.mark.parametrize(("option", "value"), [("--cases", "0"), ("--seed", "-1")])
def test_numbers_out_of_range_are_rejected(option, value, tmp_path, capsys):
    options = {"--modality": "ct", "--cases": "1", "--seed": "1", "--out": str(tmp_path / "out"), option: value}
    assert main(["phantom", *[f"{key}={text}" for key, text in options.items()]]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "out").exists()
