"""Every layout preserves voxels, ids and geometry; whatever does not match the layout is rejected by name."""

import json
import re
import shutil

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
import yaml
from conftest import make_volume, oblique_direction

from weakseg3d.cli import main
from weakseg3d.datasets.adapters import brats2019, btcv, folder, la2018, mscmrseg
from weakseg3d.datasets.description import load_dataset, read_split
from weakseg3d.errors import UserError
from weakseg3d.files import PROJECT
from weakseg3d.images.volumes import check_same_grid

FOLDER = PROJECT / "config" / "datasets"

GRID = {"spacing": (0.8, 1.1, 3.2), "origin": (-31.0, 12.5, 70.0), "direction": oblique_direction()}
SHAPE = (5, 8, 9)  # z, y, x


def scan(seed=0, dtype=np.int16):
    return make_volume(np.random.default_rng(seed).integers(-900, 900, SHAPE).astype(dtype), **GRID)


def label(values=(0, 1), dtype=np.uint8):
    return make_volume(np.resize(np.array(values, dtype), SHAPE), **GRID)


def write(volume, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    sitk.WriteImage(volume, str(path))
    return path


def array(volume):
    return sitk.GetArrayFromImage(volume)


def assert_same(volume, expected):
    check_same_grid(volume, expected, "read", "written")
    np.testing.assert_array_equal(array(volume), array(expected))


def test_brats_merges_the_parts_of_the_tumour(tmp_path):
    home = tmp_path / "MICCAI_BraTS_2019_Data_Training" / "HGG" / "BraTS19_CBICA_AAB_1"
    for sequence, seed in (("flair", 1), ("t1", 2), ("t1ce", 3), ("t2", 4)):
        write(scan(seed), home / f"BraTS19_CBICA_AAB_1_{sequence}.nii.gz")
    write(label((0, 1, 2, 4)), home / "BraTS19_CBICA_AAB_1_seg.nii.gz")
    write(scan(5), tmp_path / "._BraTS19_CBICA_AAB_1_flair.nii.gz")  # A file that macOS adds to archives; not a case.
    for sequence, seed in (("flair", 1), ("t1", 2), ("t1ce", 3)):
        cases = brats2019.find_cases(tmp_path, {"sequence": sequence})
        assert list(cases) == ["BraTS19_CBICA_AAB_1"]
        image, tumour = brats2019.load_case(cases["BraTS19_CBICA_AAB_1"], {})
        assert_same(image, sitk.Cast(scan(seed), sitk.sitkFloat32))
        assert_same(tumour, label((0, 1, 1, 1)))
    write(label((0, 1, 3)), home / "BraTS19_CBICA_AAB_1_seg.nii.gz")
    with pytest.raises(UserError, match=r"_seg.nii.gz: has the unknown label values \[3\]"):
        brats2019.load_case(cases["BraTS19_CBICA_AAB_1"], {})


def test_a_brats_case_in_two_places_is_rejected(tmp_path):
    for grade in ("HGG", "LGG"):
        write(scan(), tmp_path / grade / "BraTS19_X_1" / "BraTS19_X_1_flair.nii.gz")
    with pytest.raises(UserError, match="case 'BraTS19_X_1' is also in"):
        brats2019.find_cases(tmp_path, {})


def test_mscmrseg_renumbers_the_raw_values(tmp_path):
    for patient in (1, 10, 2):
        write(scan(patient), tmp_path / "c0t2lge" / f"patient{patient}_LGE.nii.gz")
        write(scan(), tmp_path / "c0t2lge" / f"patient{patient}_C0.nii.gz")
        write(label((0, 500, 200, 600), np.int16), tmp_path / "lgegt" / f"patient{patient}_LGE_manual.nii.gz")
    write(scan(), tmp_path / "c0t2lge" / "patient40_LGE.nii.gz")  # A test patient without a label.
    cases = mscmrseg.find_cases(tmp_path, {})
    assert list(cases) == ["1", "2", "10"]
    image, ids = mscmrseg.load_case(cases["10"], {})
    assert_same(image, sitk.Cast(scan(10), sitk.sitkFloat32))
    assert_same(ids, label((0, 1, 2, 3)))
    assert mscmrseg.find_cases(tmp_path, {"sequence": "c0"}) == {}


def test_a_missing_image_is_reported(tmp_path):
    path = write(label((0, 500), np.int16), tmp_path / "patient7_LGE_manual.nii.gz")
    cases = mscmrseg.find_cases(tmp_path, {})
    with pytest.raises(UserError, match=f"{path}: has no image"):
        mscmrseg.load_case(cases["7"], {})


def test_btcv_reads_oblique_flipped_scans_of_every_stored_type(tmp_path):
    home = tmp_path / "RawData" / "Training"
    write(label((0, 13, 6)), home / "label" / "label0007.nii.gz")
    for dtype in (np.int16, np.int32, np.float32, np.float64):
        write(scan(dtype=dtype), home / "img" / "img0007.nii.gz")
        image, ids = btcv.load_case(btcv.find_cases(tmp_path, {})["0007"], {})
        assert_same(image, sitk.Cast(scan(), sitk.sitkFloat32))
        assert_same(ids, label((0, 13, 6)))


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint16, np.uint64, np.float64])
def test_types_that_nibabel_writes(tmp_path, dtype):
    ids = np.random.default_rng(0).integers(0, 3, SHAPE[::-1])
    (tmp_path / "l").mkdir()
    for name in ("a.nii.gz", "l/a.nii.gz"):
        nibabel.save(
            nibabel.Nifti1Image(ids.astype(dtype), np.diag([2.0, 2.0, 3.0, 1.0]), dtype=dtype), tmp_path / name
        )
    options = {"image": "{case}.nii.gz", "label": "l/{case}.nii.gz"}
    image, read = folder.load_case(folder.find_cases(tmp_path, options)["a"], options)
    np.testing.assert_array_equal(array(image), ids.T)
    np.testing.assert_array_equal(array(read), ids.T)
    assert image.GetSpacing() == (2.0, 2.0, 3.0)


@pytest.mark.parametrize("axes", ["RAS", "LPI", "SAR"])
def test_a_label_stored_with_other_axes_is_reoriented(tmp_path, axes):
    """The world coordinates are the same, but the voxels are in another order."""
    ids = make_volume(np.random.default_rng(0).integers(0, 3, SHAPE).astype(np.uint8), **GRID)
    write(scan(), tmp_path / "a.nii.gz")
    write(sitk.DICOMOrient(ids, axes), tmp_path / "l" / "a.nii.gz")
    options = {"image": "{case}.nii.gz", "label": "l/{case}.nii.gz"}
    _, read = folder.load_case(folder.find_cases(tmp_path, options)["a"], options)
    assert_same(read, ids)
    moved = sitk.DICOMOrient(ids, axes)
    moved.SetOrigin((0, 0, 0))
    path = write(moved, tmp_path / "l" / "a.nii.gz")
    with pytest.raises(UserError, match=f"{path}: different grids"):
        folder.load_case(folder.find_cases(tmp_path, options)["a"], options)


def write_raw_scaled(path, stored, slope, inter):
    """Write a NIfTI file with a scaling in its header, which nibabel itself would remove."""
    image = nibabel.Nifti1Image(stored, np.diag([1.5, 1.5, 2.0, 1.0]))
    nibabel.save(image, path)
    content = bytearray(path.read_bytes())
    content[112:120] = np.array([slope, inter], "<f4").tobytes()  # scl_slope, scl_inter
    path.write_bytes(content)


def test_slope_and_intercept_of_the_header_are_applied(tmp_path):
    stored = np.arange(np.prod(SHAPE), dtype=np.int16).reshape(SHAPE[::-1])
    write_raw_scaled(tmp_path / "a.nii", stored, 0.5, -100.0)
    write_raw_scaled(tmp_path / "a_label.nii", (stored % 3).astype(np.int16), 2.0, 0.0)
    options = {"image": "{case}.nii", "label": "{case}_label.nii", "label_values": {2: 1, 4: 2}}
    image, ids = folder.load_case(folder.find_cases(tmp_path, options)["a"], options)
    np.testing.assert_array_equal(array(image), stored.T * 0.5 - 100)
    np.testing.assert_array_equal(array(ids), stored.T % 3)


def test_one_volume_of_a_4d_file(tmp_path):
    volumes = np.random.default_rng(0).normal(size=(*SHAPE[::-1], 3)).astype(np.float32)
    reference = scan()
    affine = nibabel.load(write(reference, tmp_path / "reference.nii.gz")).affine
    nibabel.save(nibabel.Nifti1Image(volumes, affine), tmp_path / "a_bold.nii.gz")
    write(label(), tmp_path / "a_seg.nii.gz")
    options = {"image": "{case}_bold.nii.gz", "label": "{case}_seg.nii.gz"}
    sources = folder.find_cases(tmp_path, options)["a"]
    image, _ = folder.load_case(sources, {"channel": 2})
    check_same_grid(image, reference, "read", "written")
    np.testing.assert_array_equal(array(image), volumes[..., 2].T)
    with pytest.raises(UserError, match="a_bold.nii.gz: contains 3 volumes"):
        folder.load_case(sources, {})
    with pytest.raises(UserError, match="has no channel 3"):
        folder.load_case(sources, {"channel": 3})
    volumes[1, 1, 1, 2] = np.nan
    nibabel.save(nibabel.Nifti1Image(volumes, affine), tmp_path / "a_bold.nii.gz")
    with pytest.raises(UserError, match="a_bold.nii.gz: 1 voxels are NaN"):
        folder.load_case(sources, {"channel": 2})
    (tmp_path / "a_bold.nii.gz").write_bytes((tmp_path / "a_bold.nii.gz").read_bytes()[:900])
    with pytest.raises(UserError, match="a_bold.nii.gz: truncated"):
        folder.load_case(sources, {"channel": 2})


def test_a_4d_file_with_one_volume_is_read_as_that_volume(tmp_path):
    volume = np.ones((*SHAPE[::-1], 1), np.float32)
    nibabel.save(nibabel.Nifti1Image(volume, np.eye(4)), tmp_path / "a.nii.gz")
    nibabel.save(nibabel.Nifti1Image(np.zeros(SHAPE[::-1], np.uint8), np.eye(4)), tmp_path / "a_seg.nii.gz")
    options = {"image": "{case}.nii.gz", "label": "{case}_seg.nii.gz"}
    image, _ = folder.load_case(folder.find_cases(tmp_path, options)["a"], options)
    assert image.GetSize() == SHAPE[::-1]


@pytest.mark.parametrize(
    ("image", "label_pattern", "files"),
    [
        ("scans/{case}.nii.gz", "labels/{case}_seg.nii.gz", ("scans/p1.nii.gz", "labels/p1_seg.nii.gz")),
        ("{case}/{case}_ct.nrrd", "{case}/mask.nrrd", ("p1/p1_ct.nrrd", "p1/mask.nrrd")),
        ("a [1]/{case}.nii", "b/{case}.mha", ("a [1]/p1.nii", "b/p1.mha")),
    ],
)
@pytest.mark.parametrize("wrapped", ["", "export", "files/export"])
def test_folder_by_pattern(tmp_path, image, label_pattern, files, wrapped):
    write(scan(), tmp_path / wrapped / files[0])
    write(label(), tmp_path / wrapped / files[1])
    options = {"image": image, "label": label_pattern}
    cases = folder.find_cases(tmp_path, options)
    assert list(cases) == ["p1"]
    read, ids = folder.load_case(cases["p1"], options)
    assert_same(read, sitk.Cast(scan(), sitk.sitkFloat32))
    assert_same(ids, label())


def test_a_pattern_that_repeats_the_case_needs_the_same_case_twice(tmp_path):
    write(scan(), tmp_path / "p1" / "p2_ct.nrrd")
    assert folder.find_cases(tmp_path, {"image": "{case}/{case}_ct.nrrd", "label": "{case}/mask.nrrd"}) == {}


def test_folder_by_table(tmp_path):
    write(scan(), tmp_path / "here" / "a.nii.gz")
    path = write(label(), tmp_path / "elsewhere" / "b.nii.gz")
    (tmp_path / "here" / "cases.csv").write_text(f"case,image,label\nanna,a.nii.gz,{path}\n", encoding="utf-8")
    cases = folder.find_cases(tmp_path / "here", {"table": "cases.csv"})
    assert list(cases) == ["anna"]
    assert_same(folder.load_case(cases["anna"], {})[1], label())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("case,image\n", "first line"),
        ("case,image,label\na,b\n", "'a,b'"),
        ("case,image,label\na,b,c\na,d,e\n", "case 'a' twice"),
    ],
)
def test_a_wrong_table_is_rejected(tmp_path, text, words):
    (tmp_path / "cases.csv").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match="cases.csv") as error:
        folder.find_cases(tmp_path, {"table": "cases.csv"})
    assert words in str(error.value)


def write_decathlon(home):
    for case in (10, 2):
        write(scan(case), home / "imagesTr" / f"spleen_{case}.nii.gz")
        write(label(), home / "labelsTr" / f"spleen_{case}.nii.gz")
        (home / "imagesTr" / f"._spleen_{case}.nii.gz").write_text("macOS", encoding="utf-8")
    training = [
        {"image": f"./imagesTr/spleen_{case}.nii.gz", "label": f"./labelsTr/spleen_{case}.nii.gz"} for case in (10, 2)
    ]
    content = {"name": "Spleen", "numTraining": 2, "training": training, "test": ["./imagesTs/spleen_1.nii.gz"]}
    (home / "dataset.json").write_text(json.dumps(content), encoding="utf-8")


def test_decathlon_layout_from_tar_to_cases(tmp_path):
    write_decathlon(tmp_path / "content" / "Task09_Spleen")
    archive = shutil.make_archive(str(tmp_path / "Task09_Spleen"), "tar", tmp_path / "content", "Task09_Spleen")
    raw, out = tmp_path / "raw", tmp_path / "out"
    write_dataset(
        tmp_path / "mine.yaml", "msd_spleen", access={"place": {"archive": "Task09_Spleen.tar", "instructions": "-"}}
    )
    assert main(["download", str(tmp_path / "mine.yaml"), "--out", str(raw), "--source", archive]) == 0
    assert main(["import", str(tmp_path / "mine.yaml"), "--raw", str(raw), "--out", str(out)]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["spleen_10", "spleen_2"]
    assert_same(sitk.ReadImage(str(out / "spleen_2" / "image.nii.gz")), sitk.Cast(scan(2), sitk.sitkFloat32))
    assert_same(sitk.ReadImage(str(out / "spleen_2" / "label.nii.gz")), label())


def write_dataset(path, like, **changes):
    content = {**yaml.safe_load((FOLDER / f"{like}.yaml").read_text(encoding="utf-8")), **changes}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


@pytest.mark.parametrize("channel", [0, 1])
def test_nnunet_layouts(tmp_path, channel):
    for case in ("la_003", "la_010"):
        for other in (0, 1):
            write(scan(other), tmp_path / "imagesTr" / f"{case}_{other:04d}.nrrd")
        write(label(), tmp_path / "labelsTr" / f"{case}.nrrd")
    content = {"channel_names": {"0": "MR", "1": "T2"}, "labels": {"background": 0, "la": 1}, "file_ending": ".nrrd"}
    (tmp_path / "dataset.json").write_text(json.dumps(content), encoding="utf-8")
    cases = folder.find_cases(tmp_path, {"channel": channel})
    assert list(cases) == ["la_003", "la_010"]
    assert_same(folder.load_case(cases["la_010"], {"channel": channel})[0], sitk.Cast(scan(channel), sitk.sitkFloat32))
    listed = {
        "la_010": {
            "images": ["imagesTr/la_010_0000.nrrd", "imagesTr/la_010_0001.nrrd"],
            "label": "labelsTr/la_010.nrrd",
        }
    }
    (tmp_path / "dataset.json").write_text(json.dumps({**content, "dataset": listed}), encoding="utf-8")
    assert folder.find_cases(tmp_path, {"channel": channel}) == {"la_010": cases["la_010"]}


@pytest.mark.parametrize(
    "text", ['{"training": [{"image": "a"}]}', '{"training": ["a"]}', '{"training": [{"image": 1, "label": 2}]}']
)
def test_a_wrong_dataset_json_is_rejected(tmp_path, text):
    (tmp_path / "dataset.json").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match="dataset.json: not a dataset.json"):
        folder.find_cases(tmp_path, {})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"image": "{case}.nii"}, "'image' together with 'label'"),
        ({"label": "{case}.nii"}, "'image' together with 'label'"),
        ({"image": "{case}.nii", "label": "{case}_l.nii", "table": "a.csv"}, "give only one"),
    ],
)
def test_contradictory_options_are_rejected(tmp_path, options, words):
    with pytest.raises(UserError, match=words):
        folder.find_cases(tmp_path, options)


def test_pattern_without_a_case_is_a_mistake_in_the_yaml(tmp_path):
    path = write_dataset(tmp_path / "a.yaml", "msd_spleen", options={"image": "a.nii", "label": "{case}.nii"})
    with pytest.raises(UserError, match=r"'options.image' does not fit"):
        load_dataset(path)


@pytest.mark.parametrize("pattern", ["/etc/{case}.nii", "../{case}.nii", "a/../../{case}.nii"])
def test_a_pattern_stays_below_the_raw_folder(tmp_path, pattern):
    for options in ({"image": pattern, "label": "{case}.nii"}, {"image": "{case}.nii", "label": pattern}):
        with pytest.raises(UserError, match="give a path below the raw folder"):
            folder.find_cases(tmp_path, options)


@pytest.mark.parametrize("pattern", ["a**b/{case}.nii", "a?*/{case}.nii"])
def test_wildcards_in_a_pattern_are_characters_like_any_other(tmp_path, pattern):
    assert folder.find_cases(tmp_path, {"image": pattern, "label": "{case}_seg.nii"}) == {}
    for name in (pattern, "{case}_seg.nii"):
        path = tmp_path / name.replace("{case}", "1")
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert list(folder.find_cases(tmp_path, {"image": pattern, "label": "{case}_seg.nii"})) == ["1"]


def test_a_missing_half_of_a_pair_is_reported(tmp_path):
    image = write(scan(), tmp_path / "i" / "a.nii.gz")
    label_path = write(label(), tmp_path / "l" / "b.nii.gz")
    options = {"image": "i/{case}.nii.gz", "label": "l/{case}.nii.gz"}
    cases = folder.find_cases(tmp_path, options)
    assert list(cases) == ["a", "b"]
    with pytest.raises(UserError, match=f"{image}: has no label"):
        folder.load_case(cases["a"], options)
    with pytest.raises(UserError, match=f"{label_path}: has no image"):
        folder.load_case(cases["b"], options)


@pytest.mark.parametrize("values", [(0, 0.5), (0, -1), (0, 70000)])
def test_an_invalid_label_map_is_rejected(tmp_path, values):
    write(scan(), tmp_path / "a.nii.gz")
    path = write(label(values, np.float32), tmp_path / "a_l.nii.gz")
    options = {"image": "{case}.nii.gz", "label": "{case}_l.nii.gz"}
    sources = folder.find_cases(tmp_path, {**options})["a"]
    for more in ({}, {"label_values": {1: 1}}):
        with pytest.raises(UserError, match=f"{path}: not a label map"):
            folder.load_case(sources, more)


def test_la2018_ignores_a_segmentation_of_the_wall(tmp_path):
    home = tmp_path / "Training Set" / "ABC"
    write(scan(), home / "lgemri.nrrd")
    write(label((0, 255)), home / "laendo.nrrd")
    write(label((0, 255, 255)), home / "lawall.nrrd")
    cases = la2018.find_cases(tmp_path, {})
    assert list(cases) == ["ABC"]
    assert_same(la2018.load_case(cases["ABC"], {})[1], label((0, 1)))


def test_a_folder_of_the_user_is_linked_and_imported(tmp_path):
    """The steps of a new user: a YAML with two patterns, --source, import."""
    mine = tmp_path / "my scans"
    for case in ("p1", "p2"):
        write(scan(), mine / "ct" / f"{case}.nii.gz")
        write(label((0, 3)), mine / "seg" / f"{case}.nii.gz")
    options = {"image": "ct/{case}.nii.gz", "label": "seg/{case}.nii.gz"}
    dataset = write_dataset(
        tmp_path / "hospital.yaml",
        "msd_spleen",
        options=options,
        organs={"spleen": [3]},
        access={"place": {"folder": "my scans", "instructions": "ask the radiology department"}},
        expected={},
    )
    raw = tmp_path / "raw"
    assert main(["download", str(dataset), "--out", str(raw), "--source", str(mine)]) == 0
    assert json.loads((raw / "source.json").read_text(encoding="utf-8"))["cases"] == 2
    assert main(["import", str(dataset), "--raw", str(raw), "--out", str(tmp_path / "out"), "--case", "p2"]) == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["p2"]


def test_a_pattern_without_a_match_is_reported(tmp_path, capsys):
    write(scan(), tmp_path / "mine" / "CT" / "p1.nii.gz")
    options = {"image": "ct/{case}.nii.gz", "label": "seg/{case}.nii.gz"}
    access = {"place": {"instructions": "-"}}
    dataset = str(write_dataset(tmp_path / "a.yaml", "msd_spleen", options=options, access=access))
    for verb in (["download", dataset, "--out", "raw", "--source"], ["import", dataset, "--out", "out", "--raw"]):
        assert main([*verb, str(tmp_path / "mine")]) == 2
        message = capsys.readouterr().err
        assert re.search(f"{tmp_path / 'mine'}: (contains )?no cases", message)
        assert "image: ct/{case}.nii.gz, label: seg/{case}.nii.gz" in message


LAYOUTS = {
    "brats2019": (
        "b/HGG/BraTS19_X_1/BraTS19_X_1_flair.nii.gz",
        "b/HGG/BraTS19_X_1/BraTS19_X_1_seg.nii.gz",
        4,
        "BraTS19_X_1",
    ),
    "btcv": ("RawData/Training/img/img0004.nii.gz", "RawData/Training/label/label0004.nii.gz", 1, "0004"),
    "la2018": ("Training Set/ABC/lgemri.nrrd", "Training Set/ABC/laendo.nrrd", 255, "ABC"),
    "mscmrseg": ("c0t2lge/patient3_LGE.nii.gz", "lgegt/patient3_LGE_manual.nii.gz", 500, "3"),
    "vs": ("image/vs_gk_2_T2.nii.gz", "label/vs_gk_2_Label.nii.gz", 1, "vs_gk_2"),
}
"""The paths of a case's image and label, the raw value of id 1, and the case id."""


@pytest.mark.parametrize("suffix", ["zip", "tar", "gztar", "folder"])
@pytest.mark.parametrize("dataset", LAYOUTS)
def test_from_the_archive_of_the_owner_to_a_case(tmp_path, dataset, suffix):
    image_name, label_name, value, case = LAYOUTS[dataset]
    content = tmp_path / "content"
    write(scan(), content / image_name)
    write(label((0, value), np.int16), content / label_name)
    source = content if suffix == "folder" else shutil.make_archive(str(tmp_path / "archive"), suffix, content)
    description = load_dataset(dataset)
    changes = {"access": {"place": {"instructions": "-"}}}
    changes["options"] = {key: option for key, option in description["options"].items() if key != "crop"}
    yaml_file = str(write_dataset(tmp_path / "mine.yaml", dataset, **changes))
    assert main(["download", yaml_file, "--out", str(tmp_path / "raw"), "--source", str(source)]) == 0
    assert main(["import", yaml_file, "--raw", str(tmp_path / "raw"), "--out", str(tmp_path / "out")]) == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == [case]
    assert_same(sitk.ReadImage(str(tmp_path / "out" / case / "image.nii.gz")), sitk.Cast(scan(), sitk.sitkFloat32))
    assert_same(sitk.ReadImage(str(tmp_path / "out" / case / "label.nii.gz")), label((0, 1)))


def test_published_splits_match_the_publications():
    """Compare the first and the last line of the lists, with their published names."""
    vs, mscmrseg = (list(read_split(FOLDER.parent / "splits" / f"{name}.csv").items()) for name in ("vs", "mscmrseg"))
    assert (vs[0], vs[-1]) == (("vs_gk_1", "train"), ("vs_gk_250", "test"))
    assert (mscmrseg[0], mscmrseg[-1]) == (("6", "train"), ("5", "test"))
