"""A wrong annotation ends in one sentence that names its file, with exit code 2 and nothing written."""

import numpy as np
import pytest
from label_verb import CLICK, FACES, GRIDS, SHAPE, image_on, points, run_verb

from weakseg3d.annotations.markups import RAS_TO_LPS, Annotation, Box
from weakseg3d.annotations.world import to_world
from weakseg3d.errors import UserError
from weakseg3d.images.labels import IGNORE
from weakseg3d.images.volumes import write_volume
from weakseg3d.pseudo_labels.box import box_core_label, box_gaussian_label, box_label
from weakseg3d.pseudo_labels.kinds import TAKES

FROM_POINTS = [kind for kind, annotations in TAKES.items() if "seven-points" in annotations]
FROM_BOXES = [kind for kind, annotations in TAKES.items() if "box" in annotations]
FROM_CLICKS = [kind for kind, annotations in TAKES.items() if "points" in annotations]
FROM_LABEL_MAPS = [kind for kind in TAKES if kind not in FROM_POINTS]
SEVEN_POINTS = ["geodesic", *FROM_BOXES]


@pytest.fixture
def sentence(tmp_path, capsys):
    """Return a function that runs the verb, checks how it fails, and returns what it says of the annotation."""

    def refused(image, annotation, *kind, names="annotation"):
        assert run_verb(tmp_path, image, annotation, *kind) == 2
        assert not (tmp_path / "label.nii.gz").exists()
        assert not list(tmp_path.glob(".part-*"))
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        prefix = f"weakseg3d pseudolabel: {tmp_path / names}"
        assert said.startswith(prefix)
        return said.removeprefix(prefix).partition(": ")[2].strip()

    return refused


@pytest.mark.parametrize("kind", FROM_POINTS)
@pytest.mark.parametrize("far", [(9, 11, 28.6), (-0.6, 11, 13)])
def test_a_point_outside_the_image(sentence, kind, far):
    image = image_on("oblique")
    faces = np.array([*FACES[:5], far])
    said = sentence(image, points(image, ([CLICK], faces)), kind)
    assert said == "1 points lie outside the image; is it the image that was annotated?"


@pytest.mark.parametrize("kind", FROM_POINTS)
def test_points_in_the_other_coordinate_system(sentence, kind):
    image = image_on("oblique")
    (target,) = points(image, ([CLICK], FACES)).targets
    said = sentence(image, Annotation([{name: p * RAS_TO_LPS for name, p in target.items()}]), kind)
    assert said == (
        "7 points lie outside the image, but inside it with the signs of x and y turned: the file mixes up RAS and"
        " LPS, correct its coordinateSystem"
    )


DIRECTIONS = {
    "isotropic": ["inferior", "superior", "anterior", "posterior", "right", "left"],
    # Its x axis is flipped, its others are only turned a little.
    "oblique": ["inferior", "superior", "anterior", "posterior", "left", "right"],
    # x runs to the head, y to the front, z to the left.
    "turned": ["right", "left", "posterior", "anterior", "inferior", "superior"],
}


@pytest.mark.parametrize("kind", SEVEN_POINTS)
@pytest.mark.parametrize("face", range(6))
@pytest.mark.parametrize("grid", GRIDS)
def test_a_missing_face_is_named_as_in_the_patient(sentence, grid, face, kind):
    image = image_on(grid)
    said = sentence(image, points(image, ([CLICK], np.delete(FACES, face, axis=0))), kind)
    direction = DIRECTIONS[grid][face]
    assert said == f"no background point on the {direction} face; click one just beyond each face of the organ"


@pytest.mark.parametrize("kind", SEVEN_POINTS)
def test_two_points_on_one_face_and_none_on_another(sentence, kind):
    image = image_on()
    faces = FACES.copy()
    faces[5] = [8, 12, 6]
    said = sentence(image, points(image, ([CLICK], faces)), kind)
    assert said == "no background point on the left face; click one just beyond each face of the organ"


@pytest.mark.parametrize("kind", SEVEN_POINTS)
def test_too_few_background_points(sentence, kind):
    image = image_on()
    corners = np.array([[3.0, 4, 5], [15, 18, 21]])
    said = sentence(image, points(image, ([CLICK], corners)), kind)
    assert said == "2 background points; click six, one just beyond each face of the organ"


@pytest.mark.parametrize("kind", SEVEN_POINTS)
def test_a_foreground_point_outside_the_box(sentence, kind):
    image = image_on("oblique")
    said = sentence(image, points(image, ([CLICK, [9, 11, 23]], FACES)), kind)
    assert said == (
        "an organ point lies outside the box of the background points, on or beyond its right face; click inside"
    )


@pytest.mark.parametrize("kind", SEVEN_POINTS)
@pytest.mark.parametrize("inner", [(9, 11, 14), (12, 15, 17), (9, 11, 20)])
def test_a_background_point_inside_the_target(sentence, kind, inner):
    image = image_on("turned")
    said = sentence(image, points(image, ([CLICK], [*FACES, inner])), kind)
    assert said == (
        "background point 7 lies inside the box of the others, not on one of its faces; move it to one or remove it"
    )


@pytest.mark.parametrize("kind", SEVEN_POINTS)
def test_one_of_six_background_points_inside_the_target(sentence, kind):
    image = image_on()
    # The upper point strays beyond the left one, which lies nearer to the click than to that face.
    faces = FACES.copy()
    faces[1], faces[5] = [15, 11, 22], [10, 12, 16]
    said = sentence(image, points(image, ([CLICK], faces)), kind)
    assert said.startswith("background point 6 lies inside the box of the others")


@pytest.mark.parametrize("kind", SEVEN_POINTS)
@pytest.mark.parametrize("number", [2, 7])
def test_a_background_point_on_the_click(sentence, kind, number):
    image = image_on("oblique")
    faces = [*FACES[: number - 1], CLICK + 0.3, *FACES[number:]]
    said = sentence(image, points(image, ([CLICK], faces)), kind)
    assert said == f"background point {number} lies on a click inside the organ; move it beyond the organ's face"


@pytest.mark.parametrize("kind", SEVEN_POINTS)
def test_of_several_targets_the_wrong_one_is_named(sentence, kind):
    image = image_on()
    said = sentence(image, points(image, ([CLICK], FACES), ([CLICK], FACES[:5])), kind)
    assert said.startswith("target 2: no background point on the left face")


@pytest.mark.parametrize("kind", SEVEN_POINTS)
def test_background_points_without_a_click_inside(sentence, kind):
    image = image_on()
    said = sentence(image, points(image, ([], FACES)), kind)
    assert said == "background points but no organ point; click once inside the organ"


def test_an_organ_at_the_edge_of_the_image_needs_no_point_beyond(tmp_path):
    image = image_on("oblique")
    faces = FACES.copy()
    faces[0], faces[4] = [0, 11, 13], [0, 11, 0]
    assert run_verb(tmp_path, image, points(image, ([[0.0, 11, 13]], faces)), "geodesic") == 0


def test_an_unsteady_hand_is_forgiven(tmp_path):
    image = image_on()
    faces = FACES.copy()
    faces[1], faces[5] = [15, 11, 22.5], [10, 12, 19]
    assert run_verb(tmp_path, image, points(image, ([CLICK], faces)), "geodesic") == 0


def test_clicks_on_the_organ_alone_need_a_margin(sentence):
    image = image_on()
    said = sentence(image, points(image, ([CLICK], [])), "geodesic")
    assert said == (
        "no background points round the organ, so the expansion has no box; give it a --margin above 0 mm, or annotate"
        " with seven-points"
    )


@pytest.mark.parametrize("kind", FROM_BOXES)
def test_clicks_on_the_organ_alone_are_no_box(sentence, kind):
    image = image_on()
    said = sentence(image, points(image, ([CLICK], [])), kind)
    assert said == "no background points to span a box; click six, one just beyond each face, or draw a box"


def test_a_constant_image_guides_no_expansion(sentence):
    image = image_on("oblique", np.full(SHAPE, -3, np.float32))
    said = sentence(image, points(image, ([CLICK], FACES)), "geodesic")
    assert said.endswith("is constant (-3), nothing guides the expansion; pass the annotated image")


def box_at(image, center=(9, 11, 13), size=(6.0, 6, 6)):
    return Box(to_world([center], image)[0], np.array(size))


@pytest.mark.parametrize("kind", FROM_CLICKS)
def test_a_box_where_points_are_needed(sentence, kind):
    image = image_on()
    said = sentence(image, Annotation(boxes=[box_at(image)]), kind)
    assert said == f"a box, but '{kind}' takes {' or '.join(TAKES[kind])}; use 'box', or click points"


@pytest.mark.parametrize("label", [box_label, box_core_label, box_gaussian_label])
@pytest.mark.parametrize("side", [0, -2, np.nan, np.inf])
def test_a_box_without_size(label, side):
    image = image_on()
    with pytest.raises(UserError, match=rf"box 2 is 6 x {side:g} x 6.5 mm large; give it a size above 0 along each"):
        label([box_at(image), box_at(image, size=(6.0, side, 6.5))], image)


@pytest.mark.parametrize("kind", FROM_BOXES)
def test_a_box_outside_the_image(sentence, kind):
    image = image_on("oblique")
    said = sentence(image, Annotation(boxes=[box_at(image, (9, 11, 60))]), kind)
    assert said == "the box holds no voxel of the image; is it the image that was annotated?"
    box = box_at(image)
    said = sentence(image, Annotation(boxes=[Box(box.center * RAS_TO_LPS, box.size)]), kind)
    assert said == (
        "the box lies outside the image, but inside it with the signs of x and y turned: the file mixes up RAS and"
        " LPS, correct its coordinateSystem"
    )


def whole_slice():
    labels = np.full(SHAPE, IGNORE, np.uint8)
    labels[9] = 0
    labels[9, 10:14, 10:14] = 1
    return labels


@pytest.mark.parametrize("kind", FROM_LABEL_MAPS)
def test_a_label_map_with_other_values(sentence, kind):
    labels = whole_slice()
    labels[0, 0, 0] = 5
    assert sentence(image_on(), labels, kind) == (
        "holds the values [0, 1, 2, 5], but annotated slices and scribbles are 0 (background), 1 (organ) and"
        " 2 (unknown) alone; relabel it"
    )


@pytest.mark.parametrize("kind", FROM_LABEL_MAPS)
def test_a_label_map_on_another_grid(sentence, kind):
    said = sentence(image_on("oblique"), image_on("turned", whole_slice()), kind)
    assert "different grids (spacing, origin, direction differ); resample" in said


@pytest.mark.parametrize("kind", FROM_LABEL_MAPS)
def test_a_label_map_without_organ_is_no_mistake(tmp_path, kind):
    labels = whole_slice()
    labels[labels == 1] = 0
    assert run_verb(tmp_path, image_on(), labels, kind) == 0


def test_scribbles_where_whole_slices_are_needed(sentence):
    labels = np.full(SHAPE, IGNORE, np.uint8)
    labels[9, 11, 10:16] = 1
    labels[9, 5, 3:20] = 0
    assert sentence(image_on(), labels, "slices-interpolated") == (
        "no slice is annotated throughout, so there are no outlines to interpolate between; fill whole slices, or make"
        " 'scribbles-gaussian' of scribbles"
    )


def test_scribbles_inside_alone(sentence):
    labels = np.full(SHAPE, IGNORE, np.uint8)
    labels[9, 11, 10:16] = 1
    assert sentence(image_on(), labels, "scribbles-gaussian") == (
        "no curve outside the organ (value 0) to weigh the inner ones against; draw one round it"
    )


@pytest.mark.parametrize("kind", FROM_LABEL_MAPS)
def test_markups_where_a_label_map_is_needed(sentence, kind):
    image = image_on()
    said = sentence(image, points(image, ([CLICK], FACES)), kind)
    assert said == f"Slicer markups, but '{kind}' takes a label map of {TAKES[kind][0]}; pass a .nii.gz"


@pytest.mark.parametrize("kind", FROM_POINTS)
def test_a_volume_where_markups_are_needed(sentence, kind):
    said = sentence(image_on(), whole_slice(), kind)
    assert said == f"a volume, but '{kind}' takes Slicer markups of {' or '.join(TAKES[kind])}; pass a .mrk.json"


OPTIONS = [
    *[("gaussian", "sigma", value) for value in ("0", "-3", "nan", "inf")],
    *[("scribbles-gaussian", "sigma", value) for value in ("0", "inf")],
    *[("slices-interpolated", "softness", value) for value in ("0", "nan")],
    *[("box-gaussian", "width", value) for value in ("0", "inf")],
    *[("box-core", "core", value) for value in ("0", "1.1")],
    *[("geodesic", "weight", value) for value in ("-0.1", "1.1", "nan")],
    *[("geodesic", "threshold", value) for value in ("0", "1.1")],
    *[("geodesic", "margin", value) for value in ("-1", "inf")],
]


@pytest.mark.parametrize(("kind", "option", "value"), OPTIONS)
def test_a_number_out_of_range_is_named(tmp_path, capsys, kind, option, value):
    image = image_on()
    annotation = whole_slice() if kind in FROM_LABEL_MAPS else points(image, ([CLICK], FACES))
    assert run_verb(tmp_path, image, annotation, kind, f"--{option}={value}") == 2
    said = capsys.readouterr().err
    assert said.startswith(f"weakseg3d pseudolabel: --{option} {float(value)} must be a ")
    assert said.count("\n") == 1
    assert not (tmp_path / "label.nii.gz").exists()


def test_an_image_that_is_not_there(tmp_path, capsys):
    from weakseg3d.cli import main

    write_volume(image_on("isotropic", whole_slice()), tmp_path / "slices.nii.gz")
    files = ["--annotation", tmp_path / "slices.nii.gz", "--image", tmp_path / "nowhere.nii.gz", "--out"]
    assert main(["pseudolabel", *map(str, [*files, tmp_path / "out.nii.gz", "slices"])]) == 2
    assert "nowhere.nii.gz: no such file" in capsys.readouterr().err
