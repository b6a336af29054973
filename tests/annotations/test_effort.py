"""What annotations cost: lengths calculated by hand, on square and oblong voxels."""

import csv
import json

import contourpy
import numpy as np
import pytest
from conftest import make_volume, oblique_direction
from hypothesis import given, settings
from hypothesis import strategies as st
from random_masks import masks

from weakseg3d.annotations.box import box as annotate_box
from weakseg3d.annotations.effort import Effort, curve_length, effort, outline_length
from weakseg3d.annotations.markups import Annotation, write_markups
from weakseg3d.annotations.points import points as annotate_points
from weakseg3d.annotations.scribbles import scribbles as annotate_scribbles
from weakseg3d.annotations.seven_points import seven_points as annotate_seven_points
from weakseg3d.annotations.slices import IGNORE
from weakseg3d.annotations.slices import slices as annotate_slices
from weakseg3d.cli import main
from weakseg3d.images.volumes import write_volume

HALF_DIAGONAL = np.sqrt(2) / 2


def outline(section, spacing=(1.0, 1.0)):
    return outline_length(np.asarray(section, bool)[None], spacing)


def disc(radius):
    y, x = np.indices((2 * radius + 9, 2 * radius + 9))
    return np.hypot(y - radius - 4, x - radius - 4) < radius


@pytest.mark.parametrize("size", [1, 2, 7])
def test_a_square_is_outlined_with_its_corners_cut(size):
    section = np.pad(np.ones((size, size)), 3)
    assert outline(section) == pytest.approx(4 * (size - 1) + 4 * HALF_DIAGONAL)


def test_oblong_voxels():
    section = np.pad(np.ones((3, 5)), 2)  # 3 rows of 2 mm, 5 columns of 0.5 mm
    sides = 2 * (2 * 2.0) + 2 * (4 * 0.5)
    assert outline(section, (2.0, 0.5)) == pytest.approx(sides + 4 * np.hypot(2.0, 0.5) / 2)


def test_an_outline_on_the_border_runs_along_the_border():
    assert outline(np.ones((4, 6))) == outline(np.pad(np.ones((4, 6)), 1))


@pytest.mark.parametrize("radius", [10, 40])
def test_the_outline_of_a_disc_is_longer_than_a_circle_as_it_has_only_eight_directions(radius):
    # On average over all angles, the steps that make up a unit vector are (8 / pi) (sqrt(2) - 1) = 1.055 long.
    circle = 2 * np.pi * radius
    assert outline(disc(radius)) == pytest.approx(8 / np.pi * (np.sqrt(2) - 1) * circle, rel=0.03)


def test_holes_and_diagonal_neighbours_are_outlined_separately():
    ring = np.pad(np.ones((7, 7)), 1)
    ring[4, 4] = 0
    assert outline(ring) == pytest.approx(4 * 6 + 8 * HALF_DIAGONAL)
    assert outline([[1, 0], [0, 1]]) == pytest.approx(8 * HALF_DIAGONAL)


@given(st.integers(0, 2**32), st.floats(0.2, 5), st.floats(0.2, 5))
def test_outlines_are_contours_at_one_half(seed, row, column):
    section = np.random.default_rng(seed).random((7, 9)) < 0.5
    lines = contourpy.contour_generator(z=np.pad(section, 1).astype(float)).lines(0.5)
    contour = sum(np.hypot(*(np.diff(line, axis=0) * [column, row]).T).sum() for line in lines)
    assert outline(section, (row, column)) == pytest.approx(contour)


def curve(*pixels, spacing=(1.0, 1.0), shape=(12, 15)):
    array = np.zeros(shape, bool)
    for pixel in pixels:
        array[pixel] = True
    return curve_length(array, spacing)


def test_a_straight_curve_is_exactly_its_length():
    assert curve(*[(3, x) for x in range(2, 12)], spacing=(2.0, 0.7)) == (0, pytest.approx(9 * 0.7))
    assert curve(*[(y, 3) for y in range(2, 12)], spacing=(2.0, 0.7)) == (0, pytest.approx(9 * 2.0))
    assert curve(*[(i, i) for i in range(8)], spacing=(2.0, 0.7)) == (0, pytest.approx(7 * np.hypot(2.0, 0.7)))


def test_a_closed_curve_is_one_step_too_short():
    square = [(y, x) for y in range(5) for x in range(5) if 0 in (y % 4, x % 4)]
    assert curve(*square) == (0, pytest.approx(16 - 1))


def test_a_single_voxel_is_a_click_and_pieces_add_up():
    assert curve((0, 0)) == (1, 0)
    assert curve((0, 0), (5, 5), (5, 6), (9, 9)) == (2, pytest.approx(1))
    assert curve() == (0, 0)


def written(path, image):
    write_volume(image, path)
    return path


@pytest.fixture
def block():
    """A block of 10 (long axis, x) x 6 x 4 voxels of 3 x 2 x 0.5 mm, off-centre in an oblique, sagittal volume."""
    array = np.zeros((9, 11, 16), np.uint8)
    array[2:6, 3:9, 4:14] = 1
    return make_volume(array, (3.0, 2.0, 0.5), (1.0, 2.0, 3.0), oblique_direction()[:, [2, 1, 0]])


# One slice of the block: 4 rows of 0.5 mm, 6 columns of 2 mm, four corners.
ONE_OUTLINE = 2 * 3 * 0.5 + 2 * 5 * 2.0 + 4 * np.hypot(0.5, 2.0) / 2


def test_slices_cost_their_outlines(block, tmp_path):
    for options, slices in (({"number": 3}, 3), ({"every": 4}, 3), ({"every": 1}, 10)):
        cost = effort(written(tmp_path / "a.nii.gz", annotate_slices(block, **options)))
        assert cost == Effort(0, pytest.approx(slices * ONE_OUTLINE))


def test_a_dense_mask_costs_the_outlines_of_all_its_slices(block, tmp_path):
    assert effort(written(tmp_path / "a.nii.gz", block)) == Effort(0, pytest.approx(10 * ONE_OUTLINE))


@given(masks)
@settings(max_examples=25)
def test_annotating_every_slice_costs_what_the_mask_costs(tmp_path_factory, mask):
    folder = tmp_path_factory.mktemp("effort")
    every = effort(written(folder / "slices.nii.gz", annotate_slices(mask, every=1)))
    assert every == effort(written(folder / "mask.nii.gz", mask))


def test_scribbles_cost_their_curves(tmp_path):
    labels = np.full((4, 12, 12), IGNORE, np.uint8)
    labels[1, 3, 2:9] = 1  # 6 steps
    labels[1, 5, 2:9] = 0  # 6 steps, two rows further on
    labels[1, 4, 2] = 0  # one more step; it touches both curves but belongs to one class only
    labels[2, 5, 5] = 1  # a click
    labels[3] = 0  # annotated densely, without the organ
    image = make_volume(labels, (1.0, 2.0, 5.0))
    assert effort(written(tmp_path / "a.nii.gz", image)) == Effort(1, pytest.approx(6 * 1.0 + 6 * 1.0 + 2.0))


def test_scribbles_on_slices_of_a_cylinder(tmp_path):
    array = np.zeros((11, 59, 59), np.uint8)
    array[2:9] = np.pad(disc(15), 10)[:59, :59]
    image = annotate_scribbles(make_volume(array), every=3, margin=8.0)
    cost = effort(written(tmp_path / "a.nii.gz", image))
    # Three slices, each with a closed curve of radius 23 and an open one no longer than the diameter.
    closed = 3 * 8 / np.pi * (np.sqrt(2) - 1) * 2 * np.pi * 23.5
    assert closed < cost.drawn_mm < closed * 1.04 + 3 * 30 * 1.09
    assert cost.clicks == 0


@pytest.mark.parametrize("value", [IGNORE, 0])
def test_an_absent_organ_costs_nothing(tmp_path, value):
    image = make_volume(np.full((4, 4, 4), value, np.uint8))
    assert effort(written(tmp_path / "a.nii.gz", image)) == Effort(0, 0)
    write_markups(Annotation(), tmp_path / "a.mrk.json")
    assert effort(tmp_path / "a.mrk.json") == Effort(0, 0)


def test_points_are_clicks_and_a_box_is_two(oblique_mask, tmp_path):
    path = tmp_path / "a.mrk.json"
    for annotation, clicks in (
        (annotate_points(oblique_mask, number=50, background=8), 58),
        (annotate_seven_points(oblique_mask), 7),
        (annotate_box(oblique_mask), 2),
    ):
        write_markups(annotation, path)
        assert effort(path) == Effort(clicks, 0.0)


@pytest.fixture
def files(tmp_path, block):
    """One annotation of each file type."""
    write_markups(annotate_seven_points(block), tmp_path / "1.2.mrk.json")
    write_volume(annotate_slices(block), tmp_path / "0007.nii.gz")
    return tmp_path


def run(files, *words):
    return main(["effort", *(str(files / word[1:]) if word.startswith("@") else word for word in words)])


def test_the_verb_prints_json(files, capsys):
    assert run(files, "--annotations", "@1.2.mrk.json", "@0007.nii.gz") == 0
    printed = json.loads(capsys.readouterr().out)
    drawn = pytest.approx(3 * ONE_OUTLINE / 10, abs=1e-4)
    assert printed == {
        "cases": 2,
        "clicks": 3.5,
        "drawn_cm": pytest.approx(3 * ONE_OUTLINE / 20, abs=1e-4),
        "files": [
            {"case": "1.2", "clicks": 7, "drawn_cm": 0.0},
            {"case": "0007", "clicks": 0, "drawn_cm": drawn},
        ],
    }


def test_the_verb_writes_a_table_with_labels_in_front(files):
    labels = ["--label", "dataset=btcv", "organ=spleen", "--label", "annotation=slices"]
    assert run(files, "--annotations", "@0007.nii.gz", "@1.2.mrk.json", "--csv", "@new/e.csv", *labels) == 0
    with open(files / "new/e.csv", encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    assert header == ["dataset", "organ", "annotation", "case", "clicks", "drawn_cm"]
    assert [row[:5] for row in rows] == [
        ["btcv", "spleen", "slices", "0007", "0"],
        ["btcv", "spleen", "slices", "1.2", "7"],
    ]
    assert float(rows[0][5]) == pytest.approx(3 * ONE_OUTLINE / 10, abs=1e-4)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["@nowhere.mrk.json"], "nowhere.mrk.json: no such file"),
        (["@1.2.mrk.json", "@nowhere.nii.gz"], "nowhere.nii.gz: no such file"),
        (["@three.nii.gz"], "three.nii.gz: the values must be 0, 1 and 2 (not annotated)"),
        (["@1.2.mrk.json", "--label", "organ"], "--label 'organ': must have the form KEY=VALUE"),
        (["@1.2.mrk.json", "--label", "clicks=3"], "--label 'clicks': the table already has a column of that name"),
        (["@1.2.mrk.json", "--label", "organ=a", "organ=b"], "the key 'organ' is given twice"),
    ],
)
def test_a_mistake_is_reported_in_one_sentence_and_leaves_no_file(files, capsys, words, message):
    write_volume(make_volume(np.full((2, 2, 2), 3, np.uint8)), files / "three.nii.gz")
    before = set(files.rglob("*"))
    assert run(files, "--annotations", *words, "--csv", "@e.csv") == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert set(files.rglob("*")) == before
