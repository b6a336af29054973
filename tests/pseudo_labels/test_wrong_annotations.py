"""A wrong annotation is rejected in one sentence that names its file, with exit code 2 and no output."""

import numpy as np
import pytest
from label_verb import CLICK, FACES, GRIDS, SHAPE, image_on, points, run_verb

from weakseg3d.annotations.markups import RAS_TO_LPS, Annotation, Box
from weakseg3d.annotations.world import to_world
from weakseg3d.errors import UserError
from weakseg3d.images.labels import IGNORE
from weakseg3d.images.volumes import write_volume
from weakseg3d.pseudo_labels import PSEUDO_LABELS, accepted_annotations
from weakseg3d.pseudo_labels.box import box as box_label
from weakseg3d.pseudo_labels.box_core import box_core as box_core_label
from weakseg3d.pseudo_labels.box_gaussian import box_gaussian as box_gaussian_label

ACCEPTED_ANNOTATIONS = {name: accepted_annotations(label) for name, label in PSEUDO_LABELS.entries.items()}
FROM_POINTS = [kind for kind, annotations in ACCEPTED_ANNOTATIONS.items() if "seven-points" in annotations]
FROM_BOXES = [kind for kind, annotations in ACCEPTED_ANNOTATIONS.items() if "box" in annotations]
FROM_CLICKS = [kind for kind, annotations in ACCEPTED_ANNOTATIONS.items() if "points" in annotations]
FROM_LABEL_MAPS = [kind for kind in ACCEPTED_ANNOTATIONS if kind not in FROM_POINTS]
SEVEN_POINTS = ["geodesic", *FROM_BOXES]


def accepted(kind):
    return " or ".join(ACCEPTED_ANNOTATIONS[kind])


@pytest.fixture
def message_of(tmp_path, capsys):
    """Return a function that runs the verb, checks how it fails, and returns its message about the annotation."""

    def run_and_fail(image, annotation, *kind, names="annotation"):
        assert run_verb(tmp_path, image, annotation, *kind) == 2
        assert not (tmp_path / "label.nii.gz").exists()
        assert not list(tmp_path.glob(".part-*"))
        message = capsys.readouterr().err
        assert message.count("\n") == 1
        prefix = f"weakseg3d pseudolabel: {tmp_path / names}"
        assert message.startswith(prefix)
        return message.removeprefix(prefix).partition(": ")[2].strip()

    return run_and_fail


@pytest.mark.parametrize("kind", FROM_POINTS)
@pytest.mark.parametrize("far", [(9, 11, 28.6), (-0.6, 11, 13)])
def test_a_point_outside_the_image(message_of, kind, far):
    image = image_on("oblique")
    faces = np.array([*FACES[:5], far])
    message = message_of(image, points(image, ([CLICK], faces)), kind)
    assert message == "1 point lies outside the image; pass the image that was annotated"


@pytest.mark.parametrize("kind", FROM_POINTS)
def test_points_in_the_other_coordinate_system(message_of, kind):
    image = image_on("oblique")
    (target,) = points(image, ([CLICK], FACES)).targets
    message = message_of(image, Annotation([{name: p * RAS_TO_LPS for name, p in target.items()}]), kind)
    assert message == (
        "7 points lie outside the image, but inside it with the signs of x and y swapped: the file mixes up RAS and"
        " LPS; correct its coordinateSystem"
    )


DIRECTIONS = {
    "isotropic": ["inferior", "superior", "anterior", "posterior", "right", "left"],
    # The x axis is flipped; the other axes are only slightly tilted.
    "oblique": ["inferior", "superior", "anterior", "posterior", "left", "right"],
    # x points to the head, y to the front, z to the left.
    "turned": ["right", "left", "posterior", "anterior", "inferior", "superior"],
}


@pytest.mark.parametrize("kind", SEVEN_POINTS)
@pytest.mark.parametrize("face", range(6))
@pytest.mark.parametrize("grid", GRIDS)
def test_a_missing_face_is_named_by_its_direction_in_the_patient(message_of, grid, face, kind):
    image = image_on(grid)
    message = message_of(image, points(image, ([CLICK], np.delete(FACES, face, axis=0))), kind)
    direction = DIRECTIONS[grid][face]
    assert message == f"no background point on the {direction} face; click one just beyond each face of the organ"


@pytest.mark.parametrize("kind", SEVEN_POINTS)
def test_two_points_on_one_face_and_none_on_another(message_of, kind):
    image = image_on()
    faces = FACES.copy()
    faces[5] = [8, 12, 6]
    message = message_of(image, points(image, ([CLICK], faces)), kind)
    assert message == "no background point on the left face; click one just beyond each face of the organ"


@pytest.mark.parametrize("kind", SEVEN_POINTS)
def test_too_few_background_points(message_of, kind):
    image = image_on()
    corners = np.array([[3.0, 4, 5], [15, 18, 21]])
    message = message_of(image, points(image, ([CLICK], corners)), kind)
    assert message == "only 2 background points; click six, one just beyond each face of the organ"


@pytest.mark.parametrize("kind", SEVEN_POINTS)
def test_a_foreground_point_outside_the_box(message_of, kind):
    image = image_on("oblique")
    message = message_of(image, points(image, ([CLICK, [9, 11, 23]], FACES)), kind)
    assert message == (
        "an organ point lies on or beyond the right face of the box of the background points; click inside the box"
    )


@pytest.mark.parametrize("kind", SEVEN_POINTS)
@pytest.mark.parametrize("inner", [(9, 11, 14), (12, 15, 17), (9, 11, 20)])
def test_a_background_point_inside_the_target(message_of, kind, inner):
    image = image_on("turned")
    message = message_of(image, points(image, ([CLICK], [*FACES, inner])), kind)
    assert message == (
        "background point 7 lies inside the box of the others, not on one of its faces; move it to a face or remove it"
    )


@pytest.mark.parametrize("kind", SEVEN_POINTS)
def test_one_of_six_background_points_inside_the_target(message_of, kind):
    image = image_on()
    # The upper point lies further left than the left point, which is nearer to the click than to that face.
    faces = FACES.copy()
    faces[1], faces[5] = [15, 11, 22], [10, 12, 16]
    message = message_of(image, points(image, ([CLICK], faces)), kind)
    assert message.startswith("background point 6 lies inside the box of the others")


@pytest.mark.parametrize("kind", SEVEN_POINTS)
@pytest.mark.parametrize("number", [2, 7])
def test_a_background_point_on_the_click(message_of, kind, number):
    image = image_on("oblique")
    faces = [*FACES[: number - 1], CLICK + 0.3, *FACES[number:]]
    message = message_of(image, points(image, ([CLICK], faces)), kind)
    assert message == f"background point {number} lies on a click inside the organ; move it beyond the organ's face"


@pytest.mark.parametrize("kind", SEVEN_POINTS)
def test_the_wrong_target_among_several_is_named(message_of, kind):
    image = image_on()
    message = message_of(image, points(image, ([CLICK], FACES), ([CLICK], FACES[:5])), kind)
    assert message.startswith("target 2: no background point on the left face")


@pytest.mark.parametrize("kind", SEVEN_POINTS)
def test_background_points_without_a_click_inside(message_of, kind):
    image = image_on()
    message = message_of(image, points(image, ([], FACES)), kind)
    assert message.startswith("no click inside the organ; ")


def test_an_organ_at_the_edge_of_the_image_needs_no_point_beyond(tmp_path):
    image = image_on("oblique")
    faces = FACES.copy()
    faces[0], faces[4] = [0, 11, 13], [0, 11, 0]
    assert run_verb(tmp_path, image, points(image, ([[0.0, 11, 13]], faces)), "geodesic") == 0


def test_an_unsteady_hand_is_tolerated(tmp_path):
    image = image_on()
    faces = FACES.copy()
    faces[1], faces[5] = [15, 11, 22.5], [10, 12, 19]
    assert run_verb(tmp_path, image, points(image, ([CLICK], faces)), "geodesic") == 0


def test_clicks_on_the_organ_only_need_a_margin(message_of):
    image = image_on()
    message = message_of(image, points(image, ([CLICK], [])), "geodesic")
    assert message == (
        "no background points around the organ, so the expansion has no box; give a --margin above 0 mm, or annotate"
        " with seven-points"
    )


@pytest.mark.parametrize("kind", FROM_BOXES)
def test_clicks_on_the_organ_only_do_not_span_a_box(message_of, kind):
    image = image_on()
    message = message_of(image, points(image, ([CLICK], [])), kind)
    assert message == (
        "no background points to span a box; click six, one just beyond each face of the organ, or draw a box"
    )


def test_a_constant_image_cannot_guide_the_expansion(message_of):
    image = image_on("oblique", np.full(SHAPE, -3, np.float32))
    message = message_of(image, points(image, ([CLICK], FACES)), "geodesic")
    assert message.endswith("is constant (-3) and cannot guide the expansion; pass the annotated image")


def box_at(image, center=(9, 11, 13), size=(6.0, 6, 6)):
    return Box(to_world([center], image)[0], np.array(size))


@pytest.mark.parametrize("kind", FROM_CLICKS)
def test_a_box_where_points_are_needed(message_of, kind):
    image = image_on()
    message = message_of(image, Annotation(boxes=[box_at(image)]), kind)
    assert message == f"only a box, but '{kind}' needs {accepted(kind)}; use the kind 'box', or click points"


@pytest.mark.parametrize("label", [box_label, box_core_label, box_gaussian_label])
@pytest.mark.parametrize("side", [0, -2, np.nan, np.inf])
def test_a_box_without_size(label, side):
    image = image_on()
    with pytest.raises(UserError, match=rf"box 2 measures 6 x {side:g} x 6.5 mm; give it a size above 0 along each"):
        label([box_at(image), box_at(image, size=(6.0, side, 6.5))], image)


@pytest.mark.parametrize("kind", FROM_BOXES)
def test_a_box_outside_the_image(message_of, kind):
    image = image_on("oblique")
    message = message_of(image, Annotation(boxes=[box_at(image, (9, 11, 60))]), kind)
    assert message == "the box contains no voxel of the image; pass the image that was annotated"
    box = box_at(image)
    message = message_of(image, Annotation(boxes=[Box(box.center * RAS_TO_LPS, box.size)]), kind)
    assert message == (
        "the box lies outside the image, but inside it with the signs of x and y swapped: the file mixes up RAS and"
        " LPS; correct its coordinateSystem"
    )


def whole_slice():
    labels = np.full(SHAPE, IGNORE, np.uint8)
    labels[9] = 0
    labels[9, 10:14, 10:14] = 1
    return labels


@pytest.mark.parametrize("kind", FROM_LABEL_MAPS)
def test_a_label_map_with_other_values(message_of, kind):
    labels = whole_slice()
    labels[0, 0, 0] = 5
    assert message_of(image_on(), labels, kind) == (
        "has the values [0, 1, 2, 5]; say which one is the organ, and which ones are background or unknown"
        " (--organ-value, --background-value, --unknown)"
    )


@pytest.mark.parametrize("kind", FROM_LABEL_MAPS)
def test_a_label_map_on_another_grid(message_of, kind):
    message = message_of(image_on("oblique"), image_on("turned", whole_slice()), kind)
    assert "different grids (spacing, origin, direction differ); resample" in message


@pytest.mark.parametrize("kind", FROM_LABEL_MAPS)
def test_a_label_map_without_organ_is_accepted(tmp_path, kind):
    labels = whole_slice()
    labels[labels == 1] = 0
    assert run_verb(tmp_path, image_on(), labels, kind) == 0


def test_scribbles_where_whole_slices_are_needed(message_of):
    labels = np.full(SHAPE, IGNORE, np.uint8)
    labels[9, 11, 10:16] = 1
    labels[9, 5, 3:20] = 0
    assert message_of(image_on(), labels, "slices-interpolated") == (
        "no slice is fully annotated, so there are no outlines to interpolate between; annotate whole slices, or use"
        " 'scribbles-gaussian' for scribbles"
    )


def test_scribbles_only_inside(message_of):
    labels = np.full(SHAPE, IGNORE, np.uint8)
    labels[9, 11, 10:16] = 1
    assert message_of(image_on(), labels, "scribbles-gaussian") == (
        "no curve outside the organ (value 0) to weigh the inner ones against; draw one around it"
    )


@pytest.mark.parametrize("kind", FROM_LABEL_MAPS)
def test_markups_where_a_label_map_is_needed(message_of, kind):
    image = image_on()
    message = message_of(image, points(image, ([CLICK], FACES)), kind)
    assert message == f"Slicer markups, but '{kind}' needs a label map of {accepted(kind)}; pass a .nii.gz"


@pytest.mark.parametrize("kind", FROM_POINTS)
def test_a_volume_where_markups_are_needed(message_of, kind):
    message = message_of(image_on(), whole_slice(), kind)
    assert message == f"a volume, but '{kind}' needs Slicer markups of {accepted(kind)}; pass a .mrk.json"


OPTIONS = [
    *[("gaussian", "sigma", value) for value in ("0", "-3")],
    *[("scribbles-gaussian", "sigma", value) for value in ("0",)],
    *[("slices-interpolated", "softness", value) for value in ("0",)],
    *[("box-gaussian", "width", value) for value in ("0",)],
    *[("box-core", "core", value) for value in ("0", "1.1")],
    *[("geodesic", "weight", value) for value in ("-0.1", "1.1")],
    *[("geodesic", "threshold", value) for value in ("0", "1.1")],
    *[("geodesic", "margin", value) for value in ("-1",)],
]


@pytest.mark.parametrize(("kind", "option", "value"), OPTIONS)
def test_a_number_out_of_range_is_reported(tmp_path, capsys, kind, option, value):
    image = image_on()
    annotation = whole_slice() if kind in FROM_LABEL_MAPS else points(image, ([CLICK], FACES))
    assert run_verb(tmp_path, image, annotation, kind, f"--{option}={value}") == 2
    message = capsys.readouterr().err
    assert message.startswith(f"weakseg3d pseudolabel: --{option} {float(value)}: must be a")
    assert message.count("\n") == 1
    assert not (tmp_path / "label.nii.gz").exists()


def test_a_missing_image(tmp_path, capsys):
    from weakseg3d.cli import main

    write_volume(image_on("isotropic", whole_slice()), tmp_path / "slices.nii.gz")
    files = ["--annotation", tmp_path / "slices.nii.gz", "--image", tmp_path / "nowhere.nii.gz", "--out"]
    assert main(["pseudolabel", *map(str, [*files, tmp_path / "out.nii.gz", "slices"])]) == 2
    assert "nowhere.nii.gz: no such file" in capsys.readouterr().err
