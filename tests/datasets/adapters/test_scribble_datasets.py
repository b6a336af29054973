"""AMOS, WORD, KiTS23, ACDC and MSCMR in the layouts in which their owners distribute them, from folder to case."""

import numpy as np
import pytest
import SimpleITK as sitk
from conftest import make_volume, oblique_direction

from weakseg3d.cli import main
from weakseg3d.datasets.adapters import acdc, images_labels
from weakseg3d.datasets.description import load_dataset, read_split
from weakseg3d.errors import UserError
from weakseg3d.experiment.raw_content import _files
from weakseg3d.files import PROJECT
from weakseg3d.images.volumes import check_same_grid

GRID = {"spacing": (0.8, 1.1, 3.2), "origin": (-31.0, 12.5, 70.0), "direction": oblique_direction()}
SHAPE = (5, 8, 9)  # z, y, x


def volume(values, seed=None, dtype=np.int16):
    """Return a volume with ``values`` in turn, or with ``seed`` in random order."""
    array = np.resize(np.array(values, dtype), SHAPE)
    if seed is not None:
        array = np.random.default_rng(seed).permutation(array.ravel()).reshape(SHAPE)
    return make_volume(array, **GRID)


def write(path, values, seed=None, dtype=np.int16):
    path.parent.mkdir(parents=True, exist_ok=True)
    sitk.WriteImage(volume(values, seed, dtype), str(path))


def write_info(folder, text):
    (folder / "Info.cfg").write_text(text, encoding="utf-8")


def imported(dataset, raw, out, case):
    assert main(["import", dataset, "--raw", str(raw), "--out", str(out), "--case", case]) == 0
    return {path.name.removesuffix(".nii.gz"): sitk.ReadImage(str(path)) for path in (out / case).glob("*.nii.gz")}


def array(image):
    return sitk.GetArrayFromImage(image)


HU = range(-900, 900)


def write_amos(home):
    """Write the folders of amos22.zip: CT and MR together, labels of the training and validation part."""
    for part, cases in {"Tr": ("0001", "0410", "0507"), "Va": ("0008", "0499", "0575")}.items():
        for case in cases:
            write(home / f"images{part}" / f"amos_{case}.nii.gz", HU, int(case))
            write(home / f"labels{part}" / f"amos_{case}.nii.gz", range(16), int(case), np.uint8)
    write(home / "imagesTs" / "amos_0002.nii.gz", HU, 2)


def test_amos_is_divided_into_ct_and_mr_and_unlabelled_images_are_no_cases(tmp_path, capsys):
    write_amos(tmp_path / "amos22")
    ct, mr = (images_labels.find_cases(tmp_path, load_dataset(f"amos_{kind}")["options"]) for kind in ("ct", "mr"))
    assert list(ct) == ["amos_0001", "amos_0008", "amos_0410", "amos_0499"]
    assert list(mr) == ["amos_0507", "amos_0575"]
    for dataset in ("amos_ct", "amos_mr"):
        assert main(["dataset", "check", dataset, "--raw", str(tmp_path)]) == 0
    assert "is not described" not in capsys.readouterr().out
    case = imported("amos_mr", tmp_path, tmp_path / "out", "amos_0575")
    assert set(case) == {"image", "label"}
    for kind, expected in {"image": volume(HU, 575), "label": volume(range(16), 575, np.uint8)}.items():
        check_same_grid(case[kind], expected, "imported", "written")
        np.testing.assert_array_equal(array(case[kind]), array(expected))


def test_a_list_of_test_cases_becomes_a_split_once_the_other_cases_are_known(tmp_path):
    write_amos(tmp_path / "amos22")
    (tmp_path / "test.csv").write_text("case,split\namos_0410,test\n", encoding="utf-8")
    split = ["dataset", "split", "amos_ct", "--raw", str(tmp_path), "--complete", str(tmp_path / "test.csv")]
    assert main([*split, "--rest", "train", "--out", str(tmp_path / "a.csv")]) == 0
    train = dict.fromkeys(["amos_0001", "amos_0008", "amos_0499"], "train")
    assert read_split(tmp_path / "a.csv") == {**train, "amos_0410": "test"}
    assert main([*split, "--out", str(tmp_path / "a.csv")]) == 0
    assert set(read_split(tmp_path / "a.csv").values()) == {"test"}


def test_word_with_the_labels_of_its_test_cases_unpacked_beside_it(tmp_path, capsys):
    home = tmp_path / "WORD-V0.1.0"
    for part, case in {"Tr": "word_0002", "Val": "word_0001", "Ts": "word_0014"}.items():
        write(home / f"images{part}" / f"{case}.nii.gz", HU, 1)
        if part != "Ts":
            write(home / f"labels{part}" / f"{case}.nii.gz", range(17), 1)
    assert list(images_labels.find_cases(tmp_path, {})) == ["word_0001", "word_0002"]
    write(home / "labelsTs" / "word_0014.nii.gz", range(17), 1)
    assert list(images_labels.find_cases(tmp_path, {})) == ["word_0001", "word_0002", "word_0014"]
    assert main(["dataset", "check", "word", "--raw", str(home)]) == 2  # The three images are the same.
    assert "the same voxels under two names" in capsys.readouterr().err
    case = imported("word", home, tmp_path / "out", "word_0014")
    np.testing.assert_array_equal(array(case["label"]), array(volume(range(17), 1)))


def test_scribblebench_arranges_dense_labels_beside_its_scribbles(tmp_path):
    home = tmp_path / "AMOS2022_task2"
    for part, case in {"Tr": "amos_0003", "Ts": "amos_0004"}.items():
        write(home / f"images{part}" / f"{case}_0000.nii.gz", HU, 3)
        write(home / ("labelsTr_dense" if part == "Tr" else "labelsTs") / f"{case}.nii.gz", range(16))
    write(home / "labelsTr" / "amos_0003.nii.gz", [16, 3])  # scribbles
    cases = images_labels.find_cases(tmp_path, {})
    assert list(cases) == ["amos_0003", "amos_0004"]
    assert cases["amos_0003"]["label"] == home / "labelsTr_dense" / "amos_0003.nii.gz"


def test_a_case_in_two_parts_is_rejected(tmp_path):
    for part in ("Tr", "Va"):
        write(tmp_path / f"images{part}" / "amos_0001.nii.gz", HU)
    with pytest.raises(UserError, match="case 'amos_0001' is also in"):
        images_labels.find_cases(tmp_path, {})


def test_a_label_without_an_image_is_reported(tmp_path):
    write(tmp_path / "labelsTr" / "a_1.nii.gz", [0, 1])
    with pytest.raises(UserError, match=r"labelsTr/a_1.nii.gz: has no image"):
        images_labels.load_case(images_labels.find_cases(tmp_path, {})["a_1"], {})


@pytest.mark.parametrize("home", ["", "dataset", "kits23/dataset"])
def test_kits23_from_the_clone_or_its_dataset_folder(tmp_path, home):
    for number in (0, 588):
        case = tmp_path / "raw" / home / f"case_{number:05d}"
        write(case / "imaging.nii.gz", HU, number)
        write(case / "segmentation.nii.gz", range(4), number, np.uint8)
        write(case / "instances" / "kidney_instance-1_annotation-1.nii.gz", [0, 1])
    assert main(["dataset", "check", "kits23", "--raw", str(tmp_path / "raw" / home.split("/")[0])]) == 0
    case = imported("kits23", tmp_path / "raw" / home.split("/")[0], tmp_path / "out", "case_00588")
    np.testing.assert_array_equal(array(case["label"]), array(volume(range(4), 588, np.uint8)))


def write_acdc(home, patients=(1, 90), scribbles=(1,)):
    """Write patients as the owners do; end diastole is frame 1 of the first one and frame 11 of the others."""
    for patient in patients:
        folder, (ed, es) = home / f"patient{patient:03d}", (1, 12) if patient == 1 else (11, 4)
        for frame in (ed, es):
            name = f"patient{patient:03d}_frame{frame:02d}"
            write(folder / f"{name}.nii.gz", range(500), 100 * patient + frame)
            write(folder / f"{name}_gt.nii.gz", range(4), frame, np.uint8)
            if patient in scribbles:
                write(folder / f"{name}_scribble.nii.gz", range(5), frame, np.uint8)
        write(folder / f"patient{patient:03d}_4d.nii.gz", range(500))
        write_info(folder, f"ED: {ed}\nES: {es}\nGroup: DCM\nHeight: 184.0\nNbFrame: 30\nWeight: 95.0\n")


def test_acdc_has_two_cases_per_patient_named_by_phase(tmp_path, capsys):
    write_acdc(tmp_path / "ACDC" / "database" / "training")
    cases = acdc.find_cases(tmp_path, {})
    assert list(cases) == ["patient001_ED", "patient001_ES", "patient090_ED", "patient090_ES"]
    assert [cases[case]["image"].name[-9:-7] for case in cases] == ["01", "12", "11", "04"]
    assert cases["patient090_ED"]["scribbles"] is None
    assert main(["dataset", "check", "acdc", "--raw", str(tmp_path)]) == 0
    assert "problem" not in capsys.readouterr().out


def test_published_scribbles_lie_beside_the_image_on_its_grid(tmp_path, capsys):
    write_acdc(tmp_path / "training")
    case = imported("acdc", tmp_path, tmp_path / "out", "patient001_ES")
    assert set(case) == {"image", "label", "scribbles"}
    check_same_grid(case["scribbles"], case["image"], "scribbles", "image")
    np.testing.assert_array_equal(array(case["scribbles"]), array(volume(range(5), 12, np.uint8)))
    assert set(imported("acdc", tmp_path, tmp_path / "out", "patient090_ED")) == {"image", "label"}
    write(tmp_path / "training" / "patient001" / "patient001_frame12_scribble.nii.gz", range(6), 1, np.uint8)
    command = ["import", "acdc", "--raw", str(tmp_path), "--out", str(tmp_path / "new"), "--case", "patient001_ES"]
    assert main(command) == 2
    assert "patient001_frame12_scribble.nii.gz: has the unknown values [5]" in capsys.readouterr().err
    assert not (tmp_path / "new" / "patient001_ES").exists()


def test_acdc_without_a_statement_of_the_phases_is_rejected(tmp_path):
    write_acdc(tmp_path)
    write_info(tmp_path / "patient090", "ED: 11\nES: 5\n")
    with pytest.raises(UserError, match=r"patient090/Info.cfg: does not state whether frame 4 is ED or ES"):
        acdc.find_cases(tmp_path, {})
    (tmp_path / "patient090" / "Info.cfg").unlink()
    with pytest.raises(UserError, match=r"patient090/Info.cfg: no such file"):
        acdc.find_cases(tmp_path, {})


def test_both_phases_of_a_patient_are_in_the_same_part(tmp_path, capsys):
    write_acdc(tmp_path, patients=(1, 2, 3, 4, 5))
    split = ["dataset", "split", "acdc", "--raw", str(tmp_path), "--out", str(tmp_path / "s.csv")]
    assert main([*split, "--test", "2", "--validation", "1"]) == 0
    parts = read_split(tmp_path / "s.csv")
    assert sorted(parts.values()) == ["test"] * 4 + ["train"] * 4 + ["validation"] * 2
    assert all(parts[case] == parts[f"{case[:-2]}ED"] for case in parts)
    assert main([*split, "--folds", "5"]) == 0
    folds = [read_split(tmp_path / f"s_fold-{fold}.csv") for fold in range(5)]
    tested = [{case[:10] for case, part in fold.items() if part == "test"} for fold in folds]
    assert sorted(patient for patients in tested for patient in patients) == [f"patient00{n}" for n in range(1, 6)]
    assert main([*split, "--test", "5"]) == 2
    assert "leave none of the 5 patients for training" in capsys.readouterr().err


def test_a_split_that_divides_a_patient_is_a_problem(tmp_path, capsys):
    write_acdc(tmp_path, patients=(1,))
    (tmp_path / "s.csv").write_text("case,split\npatient001_ED,train\npatient001_ES,test\n", encoding="utf-8")
    assert main(["dataset", "check", "acdc", "--raw", str(tmp_path), "--split", str(tmp_path / "s.csv")]) == 2
    assert "patient patient001 is in different parts of the split" in capsys.readouterr().err


def write_mscmr(home):
    """Write CycleMix's folders: scribbles of training cases twice, manual labels of the others."""
    for part, case in {"train": 13, "val": 1, "TestSet": 43}.items():
        write(home / "MSCMR_dataset" / part / "images" / f"subject{case}_DE.nii.gz", range(900), case)
        kind, values = ("scribble", range(5)) if part == "train" else ("manual", range(4))
        write(home / "MSCMR_dataset" / part / "labels" / f"subject{case}_DE_{kind}.nii.gz", values, case)
    write(home / "MSCMR_scribbles" / "subject13_DE_scribble.nii.gz", range(5), 13)
    moved = volume(range(4), 43)
    moved.SetOrigin((0, 0, 0))
    moved.SetDirection(np.eye(3).ravel())
    sitk.WriteImage(moved, str(home / "MSCMR_dataset" / "TestSet" / "labels" / "subject43_DE_manual.nii.gz"))


def test_mscmr_has_scribbles_of_its_training_cases(tmp_path):
    write_mscmr(tmp_path)
    options = load_dataset("mscmr")["options"]
    assert list(images_labels.find_cases(tmp_path, options)) == ["subject1_DE", "subject43_DE"]
    write(tmp_path / "MSCMR_dataset" / "labelsTr" / "subject13_DE.nii.gz", range(4), 5)
    case = imported("mscmr", tmp_path, tmp_path / "out", "subject13_DE")
    np.testing.assert_array_equal(array(case["label"]), array(volume(range(4), 5)))
    np.testing.assert_array_equal(array(case["scribbles"]), array(volume(range(5), 13)))
    assert main(["dataset", "check", "mscmr", "--raw", str(tmp_path)]) == 0


def test_a_label_map_that_lost_its_position_gets_that_of_the_image_only_if_named(tmp_path):
    write_mscmr(tmp_path)
    case = imported("mscmr", tmp_path, tmp_path / "out", "subject43_DE")
    check_same_grid(case["label"], case["image"], "label", "image")
    np.testing.assert_array_equal(array(case["label"]), array(volume(range(4), 43)))
    cases = images_labels.find_cases(tmp_path, {})
    with pytest.raises(UserError, match="subject43_DE_manual.nii.gz: different grids"):
        images_labels.load_case(cases["subject43_DE"], {})
    small = sitk.GetImageFromArray(np.zeros((2, 2, 2), np.uint8))
    sitk.WriteImage(small, str(cases["subject43_DE"]["label"]))
    with pytest.raises(UserError, match=r"\(2, 2, 2\) voxels, but the image has"):
        images_labels.load_case(images_labels.find_cases(tmp_path, {"misplaced": ["subject43_DE"]})["subject43_DE"], {})


def test_changed_files_are_noticed_by_their_names_in_the_sources(tmp_path):
    write_mscmr(tmp_path)
    for sources in images_labels.find_cases(tmp_path, load_dataset("mscmr")["options"]).values():
        assert {sources["image"], sources["label"]} <= set(_files(sources))


@pytest.mark.parametrize(
    ("name", "number", "first"),
    [("amos_ct_test", 58, "amos_0005"), ("amos_mr_test", 14, "amos_0508"), ("word_test", 30, "word_0014")],
)
def test_published_lists_of_test_cases(name, number, first):
    split = read_split(PROJECT / "config" / "splits" / f"{name}.csv")
    assert (len(split), next(iter(split)), set(split.values())) == (number, first, {"test"})
