"""What `dataset check` reports and rejects; splits that are drawn from a seed."""

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
import yaml
from conftest import make_volume, oblique_direction

from weakseg3d.cli import main
from weakseg3d.datasets.check import check_cases, describe, raw_cases
from weakseg3d.datasets.description import load_dataset, read_split
from weakseg3d.datasets.splits import draw_folds, draw_split, write_split
from weakseg3d.errors import UserError
from weakseg3d.files import PROJECT

FOLDER = PROJECT / "config" / "datasets"

GRID = {"spacing": (0.8, 1.1, 3.2), "origin": (-31.0, 12.5, 70.0), "direction": oblique_direction()}
SHAPE = (4, 6, 5)  # z, y, x


@pytest.fixture
def mine(tmp_path):
    """A dataset of four good cases p1, p2, p3, p10: its YAML and its folder."""
    home = tmp_path / "scans"
    home.mkdir()
    for case in (1, 2, 3, 10):
        voxels = np.random.default_rng(case).integers(-1000, 1000, SHAPE).astype(np.int16)
        label = np.zeros(SHAPE, np.uint8)
        label[1:3, 2:4, 1:4] = 1
        sitk.WriteImage(make_volume(voxels, **GRID), str(home / f"p{case}.nii.gz"))
        sitk.WriteImage(make_volume(label, **GRID), str(home / f"p{case}_label.nii.gz"))
    content = yaml.safe_load((FOLDER / "msd_spleen.yaml").read_text(encoding="utf-8"))
    content |= {"options": {"image": "p{case}.nii.gz", "label": "p{case}_label.nii.gz"}}
    content |= {"access": {"place": {"instructions": "-"}}, "expected": {"cases": 4}}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return tmp_path / "mine.yaml", home


def check(mine, *more):
    return main(["dataset", "check", str(mine[0]), "--raw", str(mine[1]), *map(str, more)])


def change_description(mine, **changes):
    content = yaml.safe_load(mine[0].read_text(encoding="utf-8")) | changes
    mine[0].write_text(yaml.safe_dump(content), encoding="utf-8")


def change(mine, name, function):
    path = mine[1] / name
    image = sitk.ReadImage(str(path))
    changed = function(sitk.GetArrayFromImage(image))
    volume = sitk.GetImageFromArray(changed)
    volume.CopyInformation(image)
    sitk.WriteImage(volume, str(path))


def test_the_description_of_one_case():
    image = make_volume(np.arange(1000, dtype=np.int16).reshape(10, 10, 10), (1.0, 2.0, 3.0))
    label = np.zeros((10, 10, 10), np.uint8)
    label[0, 0, :3], label[5, 5, 5] = 7, 2
    case = describe("a", image, make_volume(label))
    assert case.size == (10, 10, 10)
    assert case.spacing == (1.0, 2.0, 3.0)
    assert case.labels == {2: 1, 7: 3}
    assert case.extremes == (0, 999)
    np.testing.assert_allclose(case.percentiles, (4.995, 994.005))


def test_good_cases_pass_and_are_listed(mine, capsys):
    assert check(mine) == 0
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines()[1:5]] == ["1", "2", "3", "10"]
    assert "5 x 6 x 4" in out
    assert "1:12" in out
    assert "problem" not in out
    assert [line for line in out.splitlines() if line.startswith("note")] == [
        "note: no split to compare with; draw one with 'dataset split'"
    ]


def test_a_split_that_does_not_exist_yet_is_no_problem(mine, tmp_path):
    change_description(mine, split=str(tmp_path / "later.csv"))
    assert check(mine) == 0
    assert check(mine, "--split", tmp_path / "later.csv") == 2


def test_imported_cases_are_checked_in_the_same_way(mine, tmp_path, capsys):
    assert main(["import", str(mine[0]), "--raw", str(mine[1]), "--out", str(tmp_path / "cases")]) == 0
    assert check(mine) == 0
    raw = capsys.readouterr().out
    assert main(["dataset", "check", str(mine[0]), "--cases", str(tmp_path / "cases")]) == 0
    assert capsys.readouterr().out == raw


def test_same_voxels_under_two_names(mine, tmp_path, capsys):
    (mine[1] / "p3.nii.gz").write_bytes((mine[1] / "p1.nii.gz").read_bytes())
    write_split({"1": "train", "2": "train", "3": "test", "10": "test"}, tmp_path / "split.csv")
    assert check(mine, "--split", tmp_path / "split.csv") == 2
    captured = capsys.readouterr()
    assert "cases 1 (train) and 3 (test): the same voxels under two names" in captured.err
    assert str(mine[1]) in captured.err


def test_same_voxels_stored_differently(mine, capsys):
    """The voxels are stored with another type and another compression."""
    image = sitk.Cast(sitk.ReadImage(str(mine[1] / "p1.nii.gz")), sitk.sitkFloat64)
    sitk.WriteImage(image, str(mine[1] / "p3.nii.gz"), useCompression=True, compressionLevel=9)
    assert check(mine) == 2
    assert "cases 1 and 3: the same voxels" in capsys.readouterr().err


def grid(mine):
    image = sitk.ReadImage(str(mine[1] / "p2_label.nii.gz"))
    image.SetOrigin((0, 0, 0))
    sitk.WriteImage(image, str(mine[1] / "p2_label.nii.gz"))


def nan(mine):
    stored = nibabel.load(mine[1] / "p2.nii.gz")
    voxels = stored.get_fdata().astype(np.float32)
    voxels[1, 1, 1] = np.nan
    nibabel.save(nibabel.Nifti1Image(voxels, stored.affine), mine[1] / "p2.nii.gz")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (grid, "different grids"),
        (nan, "NaN"),
        (lambda mine: change(mine, "p2_label.nii.gz", lambda label: label * 0.5), "whole numbers"),
        (lambda mine: (mine[1] / "p2_label.nii.gz").unlink(), "has no label"),
        (lambda mine: (mine[1] / "p2.nii.gz").unlink(), "has no image"),
        (lambda mine: (mine[1] / "p2.nii.gz").write_bytes(b"not an image"), "p2.nii.gz"),
        (lambda mine: change(mine, "p2.nii.gz", lambda image: image * 0 + 7), "every voxel of the image is 7"),
    ],
)
def test_unusable_data_is_rejected_and_the_other_cases_are_listed(mine, capsys, damage, words):
    damage(mine)
    assert check(mine) == 2
    captured = capsys.readouterr()
    assert captured.err.splitlines()[-1].startswith(f"weakseg3d dataset: {mine[1]}: not usable, case 2: ")
    assert words in captured.err
    assert {"1", "3", "10"} <= {line.split()[0] for line in captured.out.splitlines() if line}


def test_every_problem_is_listed(mine, capsys):
    grid(mine)
    change(mine, "p3_label.nii.gz", lambda label: label * 0.5)
    assert check(mine) == 2
    captured = capsys.readouterr()
    assert captured.out.count("problem: ") == 2
    assert "(and 1 more problem, listed above)" in captured.err


def test_an_organ_that_no_case_contains_is_rejected(mine, capsys):
    change_description(mine, organs={"spleen": [1], "liver": [6]})
    assert check(mine) == 2
    assert "organ liver: no case has the label [6]" in capsys.readouterr().err


def test_differences_are_noted(mine, tmp_path, capsys):
    expected = {"cases": 5, "size": [[5, 6, 3], [5, 6, 3]], "spacing": [[0.5, 0.5, 1.0], [1.0, 1.0, 5.0]]}
    change_description(mine, expected=expected)
    change(mine, "p1_label.nii.gz", lambda label: label * 3)
    change(mine, "p2.nii.gz", lambda image: np.abs(image))
    write_split({"1": "train", "2": "test", "3": "train", "11": "test"}, tmp_path / "split.csv")
    assert check(mine, "--split", tmp_path / "split.csv") == 0
    notes = [line for line in capsys.readouterr().out.splitlines() if line.startswith("note: ")]
    for words in (
        "4 cases instead of 5",
        "case 1: size 5 x 6 x 4 instead of 5 x 6 x 3",
        "case 1: spacing 0.8 x 1.1 x 3.2 instead of 0.5 x 0.5 x 1 to 1 x 1 x 5",
        "label 3 is not described: 1",
        "case 2: no voxel below -200, so probably not a CT in HU",
        "organ spleen: absent from 1",
        "in the split but not in the folder: 11",
        "in the folder but not in the split: 10",
    ):
        assert any(words in note for note in notes), words


def test_empty_folders_are_rejected(mine, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    for option in ("--raw", "--cases"):
        assert main(["dataset", "check", str(mine[0]), option, str(tmp_path / "empty")]) == 2
        assert str(tmp_path / "empty") in capsys.readouterr().err


@pytest.fixture
def annotated(mine):
    """The dataset with clicks on p1 and p2, whose labels are gone as p3's is, and a split."""
    for case in (1, 2, 3):
        (mine[1] / f"p{case}_label.nii.gz").unlink()
    for case in (1, 2):
        (mine[1] / f"p{case}.mrk.json").write_text("{}", encoding="utf-8")
    split = mine[0].parent / "split.csv"
    split.write_text("case,split\n1,train\n2,train\n3,new\n10,test\n", encoding="utf-8")
    change_description(mine, annotations={"spleen": "p{case}.mrk.json"}, split=str(split))
    return mine


def test_it_lists_who_has_what(annotated, capsys):
    assert check(annotated) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["case", "part", "label", "annotation", "of", "the", "spleen"] in lines
    for line in ("1 train no yes", "3 new no no", "10 test yes no"):
        assert line.split() in lines


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda folder: (folder / "p2.mrk.json").unlink(), "case 2: is a training case without a label, and"),
        (lambda folder: (folder / "p10_label.nii.gz").unlink(), "case 10: is a test case and has no label"),
    ],
)
def test_what_a_case_lacks_is_a_problem(annotated, capsys, damage, words):
    damage(annotated[1])
    assert check(annotated) == 2
    assert words in capsys.readouterr().err


def test_an_organ_that_nobody_annotated_is_a_problem(annotated, capsys):
    organs = {"spleen": [1], "liver": [2]}
    change_description(annotated, annotations={"liver": "p{case}.mrk.json"}, organs=organs)
    assert check(annotated) == 2
    assert (
        "case 1: is a training case and has neither a label nor an annotation of the spleen" in capsys.readouterr().out
    )


def test_findings_include_the_errors_of_loaders(mine):
    dataset = load_dataset(mine[0])
    loaders = raw_cases(dataset, mine[1])

    def broken():
        raise UserError("broken")

    findings = check_cases(dataset, {**loaders, "x": broken})
    assert [case.name for case in findings.cases] == ["1", "2", "3", "10"]
    assert findings.problems == ["case x: broken"]


def test_the_draw_depends_only_on_the_set_and_the_seed():
    cases = [f"case{number}" for number in range(1, 21)]
    split = draw_split(cases, 3, 5, seed=0)
    assert [list(split.values()).count(part) for part in ("train", "validation", "test")] == [12, 3, 5]
    assert draw_split(cases[::-1], 3, 5, seed=0) == split
    assert draw_split(cases, 3, 5, seed=1) != split
    assert {case for case, part in split.items() if part == "test"} not in ({*cases[:5]}, {*cases[-5:]})
    with pytest.raises(UserError, match="leave none of the 20 cases for training"):
        draw_split(cases, 10, 10, seed=0)


@pytest.mark.parametrize(("number", "folds"), [(20, 5), (41, 5), (7, 7), (3, 2)])
def test_each_case_is_tested_in_one_fold(number, folds):
    cases = [str(case) for case in range(number)]
    splits = draw_folds(cases, folds, seed=3)
    tested = [{case for case, part in split.items() if part == "test"} for split in splits]
    assert len(splits) == folds
    assert sorted(case for fold in tested for case in fold) == sorted(cases)
    assert max(map(len, tested)) - min(map(len, tested)) <= 1
    assert all(set(split) == set(cases) for split in splits)
    if number > folds:
        assert sorted(tested[0], key=int) != cases[: len(tested[0])]


@pytest.mark.parametrize("folds", [1, 8, -2])
def test_impossible_folds_are_rejected(folds):
    with pytest.raises(UserError, match="2 to 7"):
        draw_folds(range(7), folds, seed=0)


def test_the_verb_writes_splits_that_can_be_read(mine, tmp_path):
    arguments = ["dataset", "split", str(mine[0]), "--raw", str(mine[1]), "--out", str(tmp_path / "s.csv")]
    assert main([*arguments, "--test", "1", "--validation", "1", "--seed", "5"]) == 0
    split = read_split(tmp_path / "s.csv")
    assert sorted(split.values()) == ["test", "train", "train", "validation"]
    assert list(split) == ["1", "2", "3", "10"]
    assert main([*arguments, "--folds", "2"]) == 0
    folds = [read_split(tmp_path / f"s_fold-{fold}.csv") for fold in (0, 1)]
    assert all({folds[0][case], folds[1][case]} == {"train", "test"} for case in split)


def test_a_published_split_is_completed(mine, tmp_path, capsys):
    write_split({"10": "train", "2": "validation"}, tmp_path / "published.csv")
    arguments = ["dataset", "split", str(mine[0]), "--raw", str(mine[1]), "--out", str(tmp_path / "s.csv")]
    assert main([*arguments, "--complete", str(tmp_path / "published.csv")]) == 0
    assert read_split(tmp_path / "s.csv") == {"1": "test", "2": "validation", "3": "test", "10": "train"}
    write_split({"11": "train"}, tmp_path / "published.csv")
    assert main([*arguments, "--complete", str(tmp_path / "published.csv")]) == 2
    assert "'11'" in capsys.readouterr().err


@pytest.mark.parametrize("more", ["--test 0", "--test 4", "--folds 2 --validation 1", "--folds 9"])
def test_impossible_splits_are_rejected(mine, tmp_path, more, capsys):
    arguments = ["dataset", "split", str(mine[0]), "--raw", str(mine[1]), "--out", str(tmp_path / "s.csv")]
    assert main([*arguments, *more.split()]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not list(tmp_path.glob("*.csv"))
