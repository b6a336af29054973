"""The verb 'annotate': every kind of annotation with its options, and one-sentence error messages."""

import numpy as np
import pytest
import SimpleITK as sitk
from conftest import make_volume

from weakseg3d.annotations.box import box as annotate_box
from weakseg3d.annotations.markups import read_markups
from weakseg3d.annotations.scribbles import scribbles as annotate_scribbles
from weakseg3d.annotations.seven_points import seven_points as annotate_seven_points
from weakseg3d.annotations.slices import IGNORE
from weakseg3d.annotations.slices import slices as annotate_slices
from weakseg3d.cli import main
from weakseg3d.images.volumes import write_volume

SUFFIX = {"points": "mrk.json", "seven-points": "mrk.json", "box": "mrk.json"}


def two_parts():
    """Return a mask of a block of 512 voxels, another of 27 and two lone voxels."""
    array = np.zeros((30, 30, 30), np.uint8)
    array[4:12, 4:12, 4:12] = 1
    array[20:23, 20:23, 20:23] = 1
    array[28, 2, 2] = array[28, 2, 8] = 1
    return make_volume(array, (1.0, 1.5, 2.0))


@pytest.fixture
def mask(tmp_path):
    write_volume(two_parts(), tmp_path / "mask.nii.gz")
    return tmp_path / "mask.nii.gz"


def annotate(mask, options, *before):
    kind = options.split()[0]
    out = mask.parent / f"annotation.{SUFFIX.get(kind, 'nii.gz')}"
    return main(["annotate", "--mask", str(mask), "--out", str(out), *before, *options.split()]), out


def array_of(path):
    return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))


def test_seven_points_with_every_option(mask, capsys):
    code, out = annotate(mask, "seven-points --margin 2 --jitter 1.5 --targets 2", "--seed", "4")
    assert code == 0
    assert "mask.nii.gz: 2 smaller parts (2 of 541 voxels) are not annotated" in capsys.readouterr().err
    expected = annotate_seven_points(two_parts(), 2.0, jitter=1.5, targets=2, seed=4)
    read = read_markups(out)
    assert len(read.targets) == 2
    for name in ("organ", "background"):
        assert np.allclose(read.points_of(name), expected.points_of(name), atol=1e-5)


def test_fewer_parts_than_targets_are_reported_on_stderr(mask, capsys):
    code, out = annotate(mask, "seven-points --targets 6")
    assert code == 0
    assert "only 4 of 6 targets, as the organ has no more parts" in capsys.readouterr().err
    assert len(read_markups(out).targets) == 4
    assert annotate(mask, "seven-points --targets 4")[0] == 0
    assert annotate(mask, "seven-points")[0] == 0
    assert capsys.readouterr().err == ""


def test_a_box_with_every_option(mask):
    code, out = annotate(mask, "box --margin 2 --jitter 1.5", "--seed", "4")
    assert code == 0
    (box,), (expected,) = read_markups(out).boxes, annotate_box(two_parts(), 2.0, jitter=1.5, seed=4).boxes
    assert np.allclose(box.size, expected.size, atol=1e-5)
    assert np.allclose(box.center, expected.center, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("slices", {"number": 3}),
        ("slices --number 6", {"number": 6}),
        ("slices --every 4", {"every": 4}),
    ],
)
def test_slices(mask, options, expected):
    code, out = annotate(mask, options)
    assert code == 0
    assert (array_of(out) == sitk.GetArrayFromImage(annotate_slices(two_parts(), **expected))).all()


def test_scribbles(mask):
    code, out = annotate(mask, "scribbles --every 3 --margin 4")
    assert code == 0
    assert (array_of(out) == sitk.GetArrayFromImage(annotate_scribbles(two_parts(), 3, 4.0))).all()


def test_scribbles_along_the_border(mask):
    for options, share in (("", 0.5), (" --share 1", 1.0)):
        code, out = annotate(mask, f"scribbles --every 3 --margin 4 --inside border{options}")
        assert code == 0
        assert (array_of(out) == sitk.GetArrayFromImage(annotate_scribbles(two_parts(), 3, 4.0, "border", share))).all()


@pytest.mark.parametrize("options", ["slices --number 1", "slices --every 26", "scribbles --every 26"])
def test_slices_that_miss_an_organ_in_two_parts_are_an_error(mask, capsys, options):
    code, out = annotate(mask, options)
    assert code == 2
    assert "the slices miss the organ; choose others" in capsys.readouterr().err
    assert not out.exists()
    assert annotate(mask, options, "--allow-absent")[0] == 0
    assert "mask.nii.gz: the slices miss the organ" in capsys.readouterr().err
    assert not (array_of(out) == 1).any()


@pytest.mark.parametrize("options", ["seven-points --targets 2 --jitter 1", "box --jitter 1", "slices", "scribbles"])
def test_an_absent_organ_has_an_empty_annotation(tmp_path, capsys, options):
    write_volume(make_volume(np.zeros((4, 5, 6), np.uint8)), tmp_path / "mask.nii.gz")
    code, out = annotate(tmp_path / "mask.nii.gz", options)
    assert code == 2
    assert "the mask is empty" in capsys.readouterr().err
    assert not out.exists()
    assert annotate(tmp_path / "mask.nii.gz", options, "--allow-absent")[0] == 0
    assert capsys.readouterr().err.count("\n") == 1
    if out.suffix == ".json":
        assert read_markups(out).targets == read_markups(out).boxes == []
    else:
        assert (array_of(out) == IGNORE).all()


AT_LEAST_ONE = "must be at least 1"
A_DISTANCE = "must be at least 0"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("points --number 0", f"--number 0: {AT_LEAST_ONE}"),
        ("points --background -1", "--background -1: must be at least 0"),
        ("seven-points --margin -1", f"--margin -1.0: {A_DISTANCE}"),
        ("seven-points --targets 0", f"--targets 0: {AT_LEAST_ONE}"),
        ("box --jitter -0.5", f"--jitter -0.5: {A_DISTANCE}"),
        ("slices --number 0", f"--number 0: {AT_LEAST_ONE}"),
        ("slices --every 0", f"--every 0: {AT_LEAST_ONE}"),
        ("scribbles --every -3", f"--every -3: {AT_LEAST_ONE}"),
        ("scribbles --margin 0", "--margin 0.0: must be above 0"),
        ("scribbles --inside border --share 0", "--share 0.0: must be above 0"),
        ("scribbles --share 1", "--share has no effect unless inside is border"),
    ],
)
def test_a_bad_value_is_reported_in_one_sentence(mask, capsys, options, message):
    code, out = annotate(mask, options)
    error = capsys.readouterr().err
    assert code == 2
    assert message in error
    assert error.count("\n") == 1
    assert not out.exists()


@pytest.mark.parametrize("kind", ["points", "seven-points", "box", "slices", "scribbles"])
def test_no_kind_accepts_a_negative_seed(mask, capsys, kind):
    assert annotate(mask, kind, "--seed", "-1")[0] == 2
    assert "--seed -1: must not be negative" in capsys.readouterr().err


@pytest.mark.parametrize("options", ["slices --number two", "scribbles --number 3", "seven-points --jitter x"])
def test_a_wrong_call_is_reported_in_one_sentence(mask, capsys, options):
    with pytest.raises(SystemExit) as exit_info:
        annotate(mask, options)
    assert exit_info.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_two_ways_to_choose_slices_exclude_each_other(mask, capsys):
    assert annotate(mask, "slices --number 2 --every 2")[0] == 2
    assert "--number must not be given together with every" in capsys.readouterr().err


@pytest.mark.parametrize(("kind", "name"), [("scribbles", "a.mrk.json"), ("slices", "a.mrk.json"), ("box", "a.nii.gz")])
def test_the_suffix_must_match_the_kind(mask, capsys, kind, name):
    out = mask.parent / name
    assert main(["annotate", "--mask", str(mask), "--out", str(out), kind]) == 2
    assert f"{name}: " in capsys.readouterr().err
    assert not out.exists()
