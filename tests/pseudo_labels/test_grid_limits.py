"""Warnings about clicks that share a voxel, and about Gaussians narrower than one; counted by hand."""

import numpy as np
import pytest
from label_verb import image_on, points, run_verb

from weakseg3d.pseudo_labels.grid_limits import note_narrow_width, note_shared_voxels
from weakseg3d.pseudo_labels.targets import Target

SHAPE = (4, 5, 6)
NOBODY = np.zeros((0, 3))


def shared(organ, background=NOBODY):
    notes = []
    note_shared_voxels([Target(np.array(organ, float), np.array(background, float))], SHAPE, notes.append)
    return notes


def test_clicks_on_different_voxels_are_silent():
    assert shared([[1, 1, 1], [1, 1, 2], [1.4, 2, 1]], [[0, 0, 0], [3, 4, 5]]) == []
    assert shared(NOBODY, NOBODY) == []


def test_clicks_on_one_voxel_are_counted_beyond_the_first():
    # Three on voxel (1, 1, 1), whose edges are half a voxel away, and two of the background on (0, 0, 0).
    organ = [[1, 1, 1], [1.4, 1, 0.6], [0.6, 1.4, 1], [2, 2, 2]]
    assert shared(organ, [[0, 0, 0], [0.2, 0, 0], [3, 4, 5]]) == [
        "3 of 7 clicks lie on a voxel with another click and add no place; click further apart, or lower the spacing"
    ]
    assert shared([[1, 1, 1], [1.6, 1, 1]]) == []
    assert shared([[1, 1, 1], [1.4, 1, 1]])[0].startswith("1 of 2 clicks lies on a voxel with another click and adds")


def test_clicks_of_both_classes_on_one_voxel_contradict_each_other():
    assert shared([[1, 1, 1], [2, 2, 2]], [[1.1, 1, 1], [3, 3, 3]]) == [
        "1 voxel has clicks on the organ and on the background and counts as organ; correct the clicks, or lower the"
        " spacing"
    ]


def test_clicks_of_several_targets_are_one_set():
    notes = []
    one = Target(np.array([[1.0, 1, 1]]), NOBODY)
    note_shared_voxels([one, one], SHAPE, notes.append)
    assert len(notes) == 1


@pytest.mark.parametrize(("sigma", "number"), [(4.9, 1), (5.0, 0), (12.0, 0)])
def test_sigma_is_compared_with_the_largest_edge_of_a_voxel(sigma, number):
    notes = []
    note_narrow_width(sigma, (1.0, 5.0, 2.0), notes.append)
    assert len(notes) == number
    assert all("sigma, 4.9 mm, is below the size of a voxel, 5 mm" in note for note in notes)


def warnings(capsys):
    return [line for line in capsys.readouterr().err.splitlines() if ": warning: " in line]


def test_the_verb_warns_and_names_the_file_and_makes_the_label(tmp_path, capsys):
    image = image_on()
    edge = max(image.GetSpacing())
    twice = points(image, (np.array([[5, 6, 7], [5, 6, 7.3]]), ()))
    assert run_verb(tmp_path, image, twice, "gaussian", "--sigma", str(edge / 2)) == 0
    narrow, both = sorted(warnings(capsys), key=lambda line: "sigma" not in line)
    assert narrow.startswith(f"weakseg3d pseudolabel: warning: {tmp_path}")
    assert "sigma" in narrow
    assert "1 of 2 clicks lies on a voxel with another click" in both


def test_the_verb_is_silent_about_clicks_apart_and_a_wide_sigma(tmp_path, capsys):
    image = image_on()
    apart = points(image, (np.array([[5, 6, 7], [5, 6, 9]]), ()))
    assert run_verb(tmp_path, image, apart, "gaussian", "--sigma", "10") == 0
    assert run_verb(tmp_path, image, apart, "points") == 0
    assert warnings(capsys) == []
