"""Import of both archive layouts, and of the left atrium's, preserves voxels, labels and geometry."""

import functools
import json
import os
import shutil

import numpy as np
import pytest
import SimpleITK as sitk

from weakseg3d.cli import main
from weakseg3d.datasets.adapters import btcv, chaos_ct, chaos_mr
from weakseg3d.datasets.formats.dicom_with_masks import load_dicom_with_masks
from weakseg3d.images.volumes import check_same_grid
from weakseg3d.phantom import ct, mr

SEED = 11
CASES = 3  # The second is oblique with names in reverse order of position, the third is rotated.

ct_case, mr_case = functools.cache(ct.ct_case), functools.cache(mr.mr_case)


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """Raw folders of both phantoms, unpacked by the verb download: ``{"ct": folder, "mr": folder}``."""
    folders = {}
    for modality in ("ct", "mr"):
        folder = tmp_path_factory.mktemp(f"raw_{modality}")
        arguments = ["--modality", modality, "--cases", str(CASES), "--seed", str(SEED), "--out", str(folder)]
        assert main(["phantom", *arguments]) == 0
        assert main(["download", f"phantom_{modality}", "--out", str(folder)]) == 0
        folders[modality] = folder
    return folders


def array(image):
    return sitk.GetArrayFromImage(image)


def centroid(label, value):
    index = np.argwhere(array(label) == value).mean(axis=0)[::-1]
    return np.array(label.TransformContinuousIndexToPhysicalPoint(index))


def assert_same_volume(volume, expected):
    """Assert that both have the same value at the same place, even if their axes run in opposite directions."""
    resampled = sitk.Resample(expected, volume, sitk.Transform(), sitk.sitkNearestNeighbor, 0, volume.GetPixelID())
    assert volume.GetSize() == expected.GetSize()
    np.testing.assert_array_equal(array(volume), array(resampled))


def test_download_records_the_source(raw):
    for modality, archive in (("ct", "RawData.zip"), ("mr", "CHAOS_Train_Sets.zip")):
        record = json.loads((raw[modality] / "source.json").read_text(encoding="utf-8"))
        assert record["dataset"] == f"phantom_{modality}"
        assert record["archive"] == archive
        assert record["cases"] == CASES
        assert record["size"] == (raw[modality] / archive).stat().st_size


def test_import_of_ct_preserves_the_phantom(raw, tmp_path):
    assert main(["import", "phantom_ct", "--raw", str(raw["ct"]), "--out", str(tmp_path)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0001", "0002", "0003"]
    for case in range(1, CASES + 1):
        image, label = (sitk.ReadImage(str(tmp_path / f"{case:04d}" / f"{k}.nii.gz")) for k in ("image", "label"))
        original_image, original_label = ct_case(SEED, case)
        check_same_grid(image, original_image, "imported", "original")
        check_same_grid(label, original_label, "imported", "original")
        np.testing.assert_array_equal(array(image), array(original_image))
        np.testing.assert_array_equal(array(label), array(original_label))
        assert label.GetPixelID() == sitk.sitkUInt8


@pytest.mark.parametrize("case", range(1, CASES + 1))
@pytest.mark.parametrize(
    ("sequence", "folder", "kind"),
    [("t2spir", "T2SPIR", "image"), ("t1_in", "T1DUAL", "in_phase"), ("t1_out", "T1DUAL", "out_phase")],
)
def test_import_of_mr_preserves_the_phantom(raw, case, sequence, folder, kind):
    sources = chaos_mr.find_cases(raw["mr"], {"sequence": sequence})
    assert list(sources) == ["1", "2", "3"]
    image, label = chaos_mr.load_case(sources[str(case)], {"sequence": sequence})
    original = mr_case(SEED, case)[folder]
    assert_same_volume(image, original[kind])
    assert_same_volume(label, original["label"])
    assert np.linalg.det(np.reshape(image.GetDirection(), (3, 3))) == pytest.approx(1)
    for value in (1, 2, 3, 4):
        np.testing.assert_allclose(centroid(label, value), centroid(original["label"], value), atol=0.01)


def test_import_of_mr_writes_the_volume_with_its_geometry(raw, tmp_path):
    arguments = ["--raw", str(raw["mr"]), "--out", str(tmp_path), "--case", "2"]
    assert main(["import", "phantom_mr", *arguments]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["2"]
    original = mr_case(SEED, 2)["T2SPIR"]
    for name in ("image", "label"):
        volume = sitk.ReadImage(str(tmp_path / "2" / f"{name}.nii.gz"))
        check_same_grid(volume, original[name], "imported", "original")
        np.testing.assert_array_equal(array(volume), array(original[name]))


def test_slices_are_paired_by_name_and_ordered_by_position(raw, tmp_path):
    """With names in random order, sorting only the slices, or leaving them in name order, would garble the case."""
    source = raw["mr"] / "Train_Sets" / "MR" / "1" / "T2SPIR"
    slices, masks = sorted((source / "DICOM_anon").iterdir()), sorted((source / "Ground").iterdir())
    names = np.random.default_rng(0).permutation(len(slices))
    (tmp_path / "dicom").mkdir()
    (tmp_path / "png").mkdir()
    for name, plane, mask in zip(names, slices, masks, strict=True):
        shutil.copy(plane, tmp_path / "dicom" / f"a{name:03d}.dcm")
        shutil.copy(mask, tmp_path / "png" / f"liver_GT_{name:03d}.png")
    image, label = load_dicom_with_masks(tmp_path / "dicom", tmp_path / "png", chaos_mr.GREY_BANDS)
    original = mr_case(SEED, 1)["T2SPIR"]
    assert_same_volume(image, original["image"])
    assert_same_volume(label, original["label"])


def test_grey_levels_become_ids_by_band(raw, tmp_path):
    source = raw["mr"] / "Train_Sets" / "MR" / "1" / "T2SPIR"
    masks = sorted((source / "Ground").iterdir())
    shutil.copytree(source / "Ground", tmp_path / "png")
    plane = array(sitk.ReadImage(str(masks[0])))
    plane[0, :8] = (55, 70, 110, 135, 175, 200, 240, 255)
    sitk.WriteImage(sitk.GetImageFromArray(plane), str(tmp_path / "png" / masks[0].name))
    _, label = load_dicom_with_masks(source / "DICOM_anon", tmp_path / "png", chaos_mr.GREY_BANDS)
    assert array(label)[0, 0, :8].tolist() == [1, 1, 2, 2, 3, 3, 4, 4]


def test_chaos_ct_reads_the_liver(raw, tmp_path):
    source = raw["mr"] / "Train_Sets" / "MR" / "1" / "T2SPIR"
    home = tmp_path / "Train_Sets" / "CT" / "5"
    shutil.copytree(source / "DICOM_anon", home / "DICOM_anon")
    (home / "Ground").mkdir(parents=True)
    for number, mask in enumerate(sorted((source / "Ground").iterdir())):
        liver = sitk.Cast(sitk.ReadImage(str(mask)) == 63, sitk.sitkUInt8) * 255
        sitk.WriteImage(liver, str(home / "Ground" / f"liver_GT_{number:03d}.png"))
    cases = chaos_ct.find_cases(tmp_path, {})
    assert list(cases) == ["5"]
    _, label = chaos_ct.load_case(cases["5"], {})
    assert_same_volume(label, sitk.Cast(mr_case(SEED, 1)["T2SPIR"]["label"] == 1, sitk.sitkUInt8))


def test_la2018_layout(tmp_path, oblique_mask):
    home = tmp_path / "place" / "Training Set" / "ABC"
    home.mkdir(parents=True)
    sitk.WriteImage(sitk.Cast(oblique_mask, sitk.sitkInt16) * 300 + 100, str(home / "lgemri.nrrd"))
    sitk.WriteImage(oblique_mask * 255, str(home / "laendo.nrrd"))
    raw, out = tmp_path / "raw", tmp_path / "out"
    assert main(["download", "la2018", "--out", str(raw), "--source", str(tmp_path / "place")]) == 0
    assert os.path.islink(raw / "Training Set")
    assert main(["import", "la2018", "--raw", str(raw), "--out", str(out)]) == 0
    label = sitk.ReadImage(str(out / "ABC" / "label.nii.gz"))
    check_same_grid(label, oblique_mask, "label", "original")
    np.testing.assert_array_equal(array(label), array(oblique_mask))


def assert_rejected(arguments, capsys, *words):
    """Assert that the verb ends with exit code 2 and one line that contains ``words``."""
    capsys.readouterr()
    assert main([str(argument) for argument in arguments]) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("importing")]
    assert len(lines) == 1
    for word in words:
        assert str(word) in lines[0]


def test_an_unknown_case_is_rejected(raw, tmp_path, capsys):
    arguments = ["import", "phantom_ct", "--raw", raw["ct"], "--out", tmp_path / "out", "--case", "0O01"]
    assert_rejected(arguments, capsys, "did you mean '0001'?")
    assert not (tmp_path / "out").exists()


def test_a_folder_without_cases_is_rejected(tmp_path, capsys):
    assert_rejected(
        ["import", "btcv", "--raw", tmp_path, "--out", tmp_path / "out"], capsys, tmp_path, "RawData/Training/img"
    )
    assert_rejected(["import", "btcv", "--raw", tmp_path / "no", "--out", tmp_path / "out"], capsys, tmp_path / "no")
    assert not (tmp_path / "out").exists()


@pytest.fixture
def ct_copy(raw, tmp_path):
    """The files of the only CT case in a raw folder, to be damaged."""
    for kind in ("img", "label"):
        folder = tmp_path / "raw" / "RawData" / "Training" / kind
        folder.mkdir(parents=True)
        name = f"{kind}0001.nii.gz"
        shutil.copy(raw["ct"] / "RawData" / "Training" / kind / name, folder / name)
    return btcv.find_cases(tmp_path / "raw", {})["0001"]


def break_nan(sources):
    image = sitk.Cast(sitk.ReadImage(str(sources["image"])), sitk.sitkFloat32)
    image[3, 3, 3] = float("nan")
    sitk.WriteImage(image, str(sources["image"]))
    return sources["image"]


def break_truncated(sources):
    sources["image"].write_bytes(sources["image"].read_bytes()[:50_000])
    return sources["image"]


def break_text(sources):
    sources["label"].write_text("not an image", encoding="utf-8")
    return sources["label"]


def break_grid(sources):
    label = sitk.ReadImage(str(sources["label"]))
    label.SetOrigin((1, 2, 3))
    sitk.WriteImage(label, str(sources["label"]))
    return sources["label"]


def break_fractions(sources):
    label = sitk.Cast(sitk.ReadImage(str(sources["label"])), sitk.sitkFloat32) * 0.5
    sitk.WriteImage(label, str(sources["label"]))
    return sources["label"]


def break_missing(sources):
    sources["label"].unlink()
    return sources["label"]


@pytest.mark.parametrize("damage", [break_nan, break_truncated, break_text, break_grid, break_fractions, break_missing])
def test_a_broken_ct_case_is_rejected(ct_copy, tmp_path, capsys, damage):
    message = damage(ct_copy)
    assert_rejected(["import", "phantom_ct", "--raw", tmp_path / "raw", "--out", tmp_path / "out"], capsys, message)
    assert not list((tmp_path).glob("out/**/*.nii.gz"))


@pytest.fixture
def mr_copy(raw, tmp_path):
    """The T2-SPIR folder of the only MR case in a raw folder, to be damaged."""
    home = tmp_path / "raw" / "Train_Sets" / "MR" / "1" / "T2SPIR"
    shutil.copytree(raw["mr"] / "Train_Sets" / "MR" / "1" / "T2SPIR", home)
    return home


def break_count(home):
    sorted((home / "Ground").iterdir())[0].unlink()
    return home / "Ground"


def break_grey(home):
    mask = sorted((home / "Ground").iterdir())[4]
    plane = sitk.ReadImage(str(mask))
    plane[2, 2] = 90
    sitk.WriteImage(plane, str(mask))
    return mask


def break_gap(home):
    sorted((home / "DICOM_anon").iterdir())[5].unlink()
    sorted((home / "Ground").iterdir())[5].unlink()
    return home / "DICOM_anon"


def break_apart(home):
    """As many masks as slices, but not for the same slices: pairs by number would be shifted in between."""
    sorted((home / "DICOM_anon").iterdir())[5].unlink()
    masks = sorted((home / "Ground").iterdir())
    masks[9].unlink()
    return masks[5]


def break_repeat(home):
    plane, other = sorted((home / "DICOM_anon").iterdir())[5:7]
    shutil.copy(plane, other)
    return f"repeats the position of {plane.name}"


def break_dicom(home):
    plane = sorted((home / "DICOM_anon").iterdir())[5]
    plane.write_bytes(b"not DICOM")
    return plane


def break_pixels(home):
    plane = sorted((home / "DICOM_anon").iterdir())[5]
    plane.write_bytes(plane.read_bytes()[:5000])
    return home / "DICOM_anon"


def break_png(home):
    mask = sorted((home / "Ground").iterdir())[5]
    mask.write_bytes(mask.read_bytes()[:60])
    return mask


def break_size(home):
    mask = sorted((home / "Ground").iterdir())[5]
    sitk.WriteImage(sitk.Image(4, 5, sitk.sitkUInt8), str(mask))
    return mask


def break_no_masks(home):
    shutil.rmtree(home / "Ground")
    return home / "Ground"


@pytest.mark.parametrize(
    "damage",
    [
        break_count,
        break_grey,
        break_gap,
        break_apart,
        break_repeat,
        break_dicom,
        break_pixels,
        break_png,
        break_size,
        break_no_masks,
    ],
)
def test_a_broken_mr_case_is_rejected(mr_copy, tmp_path, capsys, damage):
    message = damage(mr_copy)
    assert_rejected(["import", "phantom_mr", "--raw", tmp_path / "raw", "--out", tmp_path / "out"], capsys, message)
    assert not list((tmp_path).glob("out/**/*.nii.gz"))
