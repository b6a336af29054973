"""Which files make up a person's annotation, in the ways in which 3D Slicer's users name and save them."""

import json

import numpy as np
import pytest
import SimpleITK as sitk
from conftest import make_volume
from slicer_lists import markups

from weakseg3d.annotations.markups import read_markups
from weakseg3d.annotations.peoples_files import PeoplesFiles, role_of
from weakseg3d.cli import main
from weakseg3d.errors import UserError
from weakseg3d.images.volumes import write_volume

IN, OUT, OTHER = [(1, 1, 1), (2, 2, 2)], [(5, 5, 5)], [(3, 3, 3)]


def numbers(annotation):
    return len(annotation.points_of("organ")), len(annotation.points_of("background"))


@pytest.mark.parametrize(
    ("name", "of_file", "role"),
    [
        ("spleen", False, "organ"),
        ("Spleen", False, "organ"),
        ("spleen-background", False, "background"),
        ("spleen_background", False, "background"),
        ("background", False, "background"),
        ("liver", False, ""),
        ("liver-background", False, ""),
        ("accessory spleen", False, ""),
        ("patient001-spleen", True, "organ"),
        ("patient001_spleen-background", True, "background"),
        ("patient001-liver", True, ""),
        ("patient001-liver-background", True, ""),
        ("myspleen", True, ""),
    ],
)
def test_names_say_what_a_list_holds(name, of_file, role):
    assert role_of(name, "spleen", of_file) == role


def test_an_organ_of_several_words():
    assert role_of("right_kidney", "right_kidney") == "organ"
    assert role_of("a-right kidney-background", "right_kidney", of_file=True) == "background"
    assert role_of("left_kidney", "right_kidney") == ""


def test_files_called_after_case_and_organ(tmp_path):
    """What Slicer saves of a list renamed to `patient001-lv`: no name inside, and labels F-1, F-2."""
    inside = markups(tmp_path / "patient001-lv.mrk.json", (None, "F", IN))
    outside = markups(tmp_path / "patient001-lv-background.mrk.json", (None, "F", OUT))
    assert numbers(PeoplesFiles([str(inside), str(outside)], organ="lv").clicks()) == (2, 1)
    pattern = PeoplesFiles([str(tmp_path / "{case}-lv.mrk.json")], organ="lv")
    assert numbers(pattern.of_case("patient001").found().clicks()) == (2, 0)


def test_a_file_called_after_the_case_alone_is_the_organs(tmp_path):
    path = markups(tmp_path / "0001.mrk.json", (None, "F", IN))
    assert numbers(PeoplesFiles([str(path)], organ="spleen").clicks()) == (2, 0)
    with pytest.raises(UserError, match="names no class"):
        PeoplesFiles([str(path)]).clicks()


def test_a_folder_stands_for_the_organs_files_in_it(tmp_path):
    for name, points in (("spleen", IN), ("spleen-background", OUT), ("liver", OTHER), ("liver-background", OTHER)):
        markups(tmp_path / f"{name}.mrk.json", (None, "F", points))
    assert numbers(PeoplesFiles([str(tmp_path)], organ="spleen").found().clicks()) == (2, 1)
    assert numbers(PeoplesFiles([str(tmp_path)], organ="liver").found().clicks()) == (1, 1)


def test_a_folder_of_one_case_whose_files_begin_with_its_name(tmp_path):
    for name, points in (("p1-spleen", IN), ("p1-spleen-background", OUT), ("p1-liver", OTHER)):
        markups(tmp_path / f"{name}.mrk.json", (None, "F", points))
    markups(tmp_path / "p2-spleen-background.mrk.json", (None, "F", OUT))
    assert numbers(PeoplesFiles([str(tmp_path)], organ="spleen").found().clicks()) == (2, 1)


def test_a_folder_of_several_cases_or_of_none_is_an_error(tmp_path):
    with pytest.raises(UserError, match=r"holds no spleen\.mrk\.json"):
        PeoplesFiles([str(tmp_path)], organ="spleen").found()
    for case in ("p1", "p2"):
        markups(tmp_path / f"{case}-spleen.mrk.json", (None, "F", IN))
    with pytest.raises(UserError, match=r"'p1-spleen\.mrk\.json' and 'p2-spleen\.mrk\.json'"):
        PeoplesFiles([str(tmp_path)], organ="spleen").found()
    with pytest.raises(UserError, match="say with --organ"):
        PeoplesFiles([str(tmp_path)]).found()


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "image.nii.gz"
    write_volume(make_volume(np.random.default_rng(0).normal(size=(8, 8, 8)).astype(np.float32)), path)
    return str(path)


def label(tmp_path, image, *options):
    """Run `pseudolabel gaussian`; return its exit code and the label (None if nothing was written)."""
    out = tmp_path / "label.nii.gz"
    code = main(["pseudolabel", "--image", image, "--out", str(out), *map(str, options), "gaussian", "--sigma", "2"])
    return code, sitk.GetArrayFromImage(sitk.ReadImage(str(out))) if out.exists() else None


def test_several_files_of_clicks_make_one_pseudo_label(tmp_path, image):
    """Neither several files nor a repeated option replace one another."""
    first = markups(tmp_path / "organ.mrk.json", (None, "F", IN[:1]))
    second = markups(tmp_path / "organ-2.mrk.json", (None, "F", IN[1:]))
    outside = markups(tmp_path / "background.mrk.json", (None, "F", OUT))
    both = markups(tmp_path / "both.mrk.json", ("organ", "F", IN), ("background", "F", OUT))
    _, expected = label(tmp_path, image, "--annotation", both)
    for options in (
        ["--annotation", first, second, outside],
        ["--annotation", first, "--annotation", second, "--annotation", outside],
        ["--annotation", first, second, "--background", outside],
    ):
        code, values = label(tmp_path, image, *options)
        assert code == 0
        np.testing.assert_array_equal(values, expected)


def test_the_lists_of_one_organ_are_taken_from_a_scene(tmp_path, image):
    scene = markups(tmp_path / "scene.mrk.json", ("spleen", "F", IN), ("liver", "F", OTHER))
    alone = markups(tmp_path / "organ.mrk.json", (None, "F", OTHER))
    _, expected = label(tmp_path, image, "--annotation", alone)
    code, values = label(tmp_path, image, "--annotation", scene, "--organ", "liver")
    assert code == 0
    np.testing.assert_array_equal(values, expected)


@pytest.mark.parametrize("lists", [[], [("organ", "organ", [])], [("background", "background", OUT)]])
@pytest.mark.parametrize("verb", ["pseudolabel", "effort"])
def test_no_click_inside_the_organ_is_an_error_and_writes_nothing(tmp_path, capsys, image, lists, verb):
    path = markups(tmp_path / "clicks.mrk.json", *lists)
    if verb == "pseudolabel":
        code, values = label(tmp_path, image, "--annotation", path)
        assert values is None
    else:
        code = main(["effort", "--annotations", str(path), "--organ", "organ", "--csv", str(tmp_path / "e.csv")])
        assert not (tmp_path / "e.csv").exists()
    assert code == 2
    assert "no click inside the organ" in capsys.readouterr().err


def test_a_simulated_annotation_may_be_empty(tmp_path, image):
    path = markups(tmp_path / "clicks.mrk.json", ("organ", "organ", []))
    code, values = label(tmp_path, image, "--annotation", path, "--simulated")
    assert code == 0
    assert not values.any()


def drawn(tmp_path, array):
    path = tmp_path / "drawn.nii.gz"
    write_volume(make_volume(array), path)
    return str(path)


def sparse(tmp_path, image, *options):
    out = tmp_path / "label.nii.gz"
    code = main(["pseudolabel", "--image", image, "--out", str(out), *options, "scribbles"])
    return code, sitk.GetArrayFromImage(sitk.ReadImage(str(out))) if out.exists() else None


def test_the_values_of_a_drawn_map_say_what_is_what(tmp_path, image):
    array = np.zeros((8, 8, 8), np.uint8)
    array[2, 2, 2:5], array[2, 6, 1:7] = 3, 1
    path = drawn(tmp_path, array)
    code, values = sparse(tmp_path, image, "--annotation", path, "--organ-value", "3", "--unknown", "0")
    assert code == 0
    assert [np.count_nonzero(values == value) for value in (0, 1, 2)] == [6, 3, 512 - 9]


def test_a_map_of_which_nearly_everything_is_known_is_inverted(tmp_path, image, capsys):
    """Ours has 2 for unknown; a drawing tool leaves 0, which would all be background."""
    array = np.zeros((8, 8, 8), np.uint8)
    array[2, 2, 2:5] = 1
    code, values = sparse(tmp_path, image, "--annotation", drawn(tmp_path, array))
    assert (code, values) == (2, None)
    assert "name its value with --unknown" in capsys.readouterr().err


def test_an_empty_drawing_is_an_error_unless_it_was_simulated(tmp_path, image, capsys):
    path = drawn(tmp_path, np.full((8, 8, 8), 2, np.uint8))
    assert sparse(tmp_path, image, "--annotation", path) == (2, None)
    assert "nothing is drawn" in capsys.readouterr().err
    code, values = sparse(tmp_path, image, "--annotation", path, "--simulated")
    assert code == 0
    assert not values.any()


def test_clicks_are_kept_as_they_were_saved(tmp_path, image):
    path = markups(tmp_path / "clicks.mrk.json", ("organ", "organ", IN))
    before = path.read_bytes()
    label(tmp_path, image, "--annotation", path)
    assert path.read_bytes() == before
    assert len(json.loads(before)["markups"]) == 1
    assert len(read_markups(path).points_of("organ")) == 2
