"""What people save in 3D Slicer, ITK-SNAP and published sets is read for what it means; curves and areas stay."""

import numpy as np
import pytest
import SimpleITK as sitk
from conftest import make_volume, oblique_direction
from hypothesis import given, settings
from hypothesis import strategies as st
from slicer_lists import markups

from weakseg3d.annotations.clicked_lists import read_clicks
from weakseg3d.annotations.drawn_maps import Values, on_grid, read_drawn_map
from weakseg3d.annotations.markups import read_markups
from weakseg3d.annotations.world import to_voxels, to_world
from weakseg3d.cli import main
from weakseg3d.errors import UserError
from weakseg3d.images.resampling import resample_image
from weakseg3d.images.volumes import write_volume
from weakseg3d.segmentation.slicer import write_segmentation

GRID = {"spacing": (1.0, 1.0, 1.0), "origin": (5, -3, 10), "direction": oblique_direction()}


IN, OUT, OTHER = [(1, 1, 1), (2, 2, 2)], [(5, 5, 5)], [(9, 9, 9)]


def points_of(annotation):
    return annotation.points_of("organ").tolist(), annotation.points_of("background").tolist()


def as_lists(*groups):
    return tuple([list(map(float, point)) for point in points] for points in groups)


def test_one_list_per_file_as_slicer_saves_it(tmp_path):
    """No list has a name, the labels are F-1, F-2, and the files are named after the organ."""
    inside = markups(tmp_path / "spleen.mrk.json", (None, "F", IN))
    outside = markups(tmp_path / "spleen-background.mrk.json", (None, "F", OUT))
    assert points_of(read_clicks([inside], [outside])) == as_lists(IN, OUT)
    assert points_of(read_clicks([inside, outside], organ="spleen")) == as_lists(IN, OUT)


def test_several_files_add_up(tmp_path):
    first = markups(tmp_path / "a.mrk.json", ("organ", "organ", IN[:1]), ("background", "background", OUT))
    second = markups(tmp_path / "b.mrk.json", ("organ", "organ", IN[1:]))
    inside, outside = points_of(read_clicks([first, second]))
    assert sorted(inside) == sorted(as_lists(IN)[0])
    assert outside == as_lists(OUT)[0]


def test_one_scene_holds_all_organs(tmp_path):
    scene = markups(
        tmp_path / "scene.mrk.json",
        ("spleen", "F", IN),
        ("spleen-background", "F", OUT),
        ("liver", "F", OTHER),
        ("liver_background", "F", IN),
    )
    assert points_of(read_clicks([scene], organ="spleen")) == as_lists(IN, OUT)
    assert points_of(read_clicks([scene], organ="liver")) == as_lists(OTHER, IN)
    with pytest.raises(UserError, match="no list is called 'kidney', only 'spleen, spleen-background, liver"):
        read_clicks([scene], organ="kidney")


@pytest.mark.parametrize("lists", [[("background", "background", OUT)], [("organ", "organ", [])], []])
def test_background_alone_and_an_empty_list_are_no_annotation(tmp_path, lists):
    with pytest.raises(UserError, match="no click inside the organ"):
        read_clicks([markups(tmp_path / "a.mrk.json", *lists)])


def drawn(tmp_path, array, name="drawn.nii.gz", **grid):
    path = tmp_path / name
    write_volume(make_volume(np.asarray(array, np.uint8), **(GRID | grid)), path)
    return path


MAP = np.zeros((4, 6, 6), np.uint8)
MAP[1, 2, 1:4], MAP[1, 5, 1:5], MAP[2, 1, 1] = 3, 1, 2


@pytest.mark.parametrize(
    ("values", "organ", "background"),
    [
        (Values([3], [1, 2], [0]), 3, 5),
        (Values([3], [1]), 3, 4),
        (Values([3], (), [0]), 3, 5),
        (Values([2, 3], [1]), 4, 4),
    ],
)
def test_values_say_what_is_what(tmp_path, values, organ, background):
    coded = sitk.GetArrayFromImage(read_drawn_map(drawn(tmp_path, MAP), values))
    assert (np.count_nonzero(coded == 1), np.count_nonzero(coded == 0)) == (organ, background)


MISTAKES = [
    (Values([3]), "say which values are background or which are unknown"),
    (Values([3], [3], [0]), "cannot be two of organ, background and unknown"),
    (Values([3], [1], [0]), r"the values \[2\] are neither"),
    (Values(), r"has the values \[0, 1, 2, 3\]; say which one is the organ"),
    (Values([3], [0]), "97% of the voxels would be known, too much for scribbles"),
]


@pytest.mark.parametrize(("values", "message"), MISTAKES, ids=[message for _, message in MISTAKES])
def test_values_that_contradict_the_map(tmp_path, values, message):
    with pytest.raises(UserError, match=message):
        read_drawn_map(drawn(tmp_path, MAP), values)


def test_segments_of_slicer_are_read_by_name(tmp_path):
    labels = np.zeros((4, 6, 6), np.uint8)
    labels[1, 2, 1:4], labels[1, 5, 1:5], labels[2, 0, :3] = 1, 2, 3
    write_segmentation(make_volume(labels, **GRID), ["spleen", "liver", "background"], tmp_path / "a.seg.nrrd")
    coded = sitk.GetArrayFromImage(read_drawn_map(tmp_path / "a.seg.nrrd", Values(), "liver"))
    assert (np.count_nonzero(coded == 1), np.count_nonzero(coded == 0)) == (4, 6)
    with pytest.raises(UserError, match="has no segment called 'kidney', only 'spleen, liver, background'"):
        read_drawn_map(tmp_path / "a.seg.nrrd", Values(), "kidney")


@pytest.mark.parametrize("spacing", [1.0, 3.0, 5.0])
@given(seed=st.integers(0, 1000))
@settings(max_examples=10)
def test_thin_curves_stay(spacing, seed):
    """Every voxel of a curve lies in a voxel of its class, or, where both classes meet in one, of the organ."""
    generator = np.random.default_rng(seed)
    array = np.full((20, 40, 40), 2, np.uint8)
    for value in (0, 1):
        for z in generator.choice(20, 3, replace=False):
            y = generator.integers(2, 38)
            array[z, y, 5:35] = value
    volume = make_volume(array, (0.8, 0.8, 2.5), (3, 4, 5), oblique_direction())
    grid = resample_image(sitk.Cast(volume, sitk.sitkFloat32), spacing)
    labels = on_grid(volume, grid, "scribbles")
    kept = {0: 0, 1: 0}
    for value in (0, 1):
        places = to_voxels(to_world(np.argwhere(array == value), volume), grid)
        places = np.clip(np.rint(places), 0, np.array(labels.shape) - 1).astype(int)
        kept[value] = np.isin(labels[tuple(places.T)], (value, 1)).sum()
    assert kept[1] >= 0.95 * np.count_nonzero(array == 1)
    assert kept[0] >= 0.95 * np.count_nonzero(array == 0)


@pytest.mark.parametrize("spacing", [1.0, 3.0, 5.0])
def test_outlined_slices_keep_their_area(spacing):
    """A ball outlined on every slice: its volume on the isotropic grid is within 5 %."""
    z, y, x = np.meshgrid(np.arange(24) * 2.5 - 30, np.arange(90) * 0.8 - 36, np.arange(90) * 0.8 - 36, indexing="ij")
    ball = (z**2 + y**2 + x**2 <= 25**2).astype(np.uint8)
    volume = make_volume(ball, (0.8, 0.8, 2.5), (3, 4, 5), oblique_direction())
    labels = on_grid(volume, resample_image(sitk.Cast(volume, sitk.sitkFloat32), spacing), "slices")
    assert np.count_nonzero(labels == 1) * spacing**3 == pytest.approx(np.count_nonzero(ball) * 1.6, rel=0.05)
    assert not (labels == 2).any()


@pytest.mark.parametrize("spacing", [3.0, 5.0])
@given(seed=st.integers(0, 1000))
@settings(max_examples=10)
def test_a_few_outlined_slices_keep_their_area(spacing, seed):
    """Of three slices, each in a slice of its own on the isotropic grid, also where sections are small."""
    generator = np.random.default_rng(seed)
    array = np.full((24, 90, 90), 2, np.uint8)
    y, x = np.indices((90, 90)) * 0.8
    middles, radii = generator.uniform(25, 45, (3, 2)), generator.uniform(10, 22, (3, 2))
    for z, (cy, cx), (ry, rx) in zip((4, 11, 18), middles, radii, strict=True):
        array[z] = ((y - cy) / ry) ** 2 + ((x - cx) / rx) ** 2 <= 1
    volume = make_volume(array, (0.8, 0.8, 2.5), (3, 4, 5), oblique_direction())
    labels = on_grid(volume, resample_image(sitk.Cast(volume, sitk.sitkFloat32), spacing), "slices")
    known = (labels != 2).any(axis=(1, 2))
    assert np.count_nonzero(known) == 3
    areas = (labels == 1).sum(axis=(1, 2))[known] * spacing**2
    assert areas == pytest.approx((array[[4, 11, 18]] == 1).sum(axis=(1, 2)) * 0.64, rel=0.05)


def test_the_verb_writes_what_pseudolabel_reads(tmp_path):
    image = make_volume(np.zeros((10, 12, 14), np.float32), (2.0, 2.0, 2.0), (0, 0, 0))
    write_volume(image, tmp_path / "image.nii.gz")
    inside = markups(tmp_path / "spleen.mrk.json", (None, "F", [(4, 4, 4), (6, 6, 6)]))
    outside = markups(tmp_path / "other.mrk.json", (None, "F", [(20, 20, 10)]))
    command = ["collect", "--image", str(tmp_path / "image.nii.gz")]
    clicks = [*command, "--annotation", str(inside), "--background", str(outside), "--kind", "points"]
    assert main([*clicks, "--out", str(tmp_path / "clicks.mrk.json")]) == 0
    assert len(read_markups(tmp_path / "clicks.mrk.json").points_of("organ")) == 2
    label = ["pseudolabel", "--image", str(tmp_path / "image.nii.gz"), "--out", str(tmp_path / "label.nii.gz")]
    assert main([*label, "--annotation", str(tmp_path / "clicks.mrk.json"), "points"]) == 0
    voxels = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "label.nii.gz")))
    assert (np.count_nonzero(voxels == 1), np.count_nonzero(voxels == 0)) == (2, 1)


def test_a_map_of_another_image_and_clicks_outside_are_refused(tmp_path, capsys):
    write_volume(make_volume(np.zeros((10, 12, 14), np.float32), (2.0, 2.0, 2.0), (0, 0, 0)), tmp_path / "image.nii.gz")
    path = drawn(tmp_path, MAP, origin=(500, 0, 0))
    command = ["collect", "--image", str(tmp_path / "image.nii.gz"), "--annotation"]
    values = ["--organ-value", "3", "--unknown", "0", "--kind", "scribbles"]
    assert main([*command, str(path), *values, "--out", str(tmp_path / "a.nii.gz")]) == 2
    assert "covers another region than the image" in capsys.readouterr().err
    far = markups(tmp_path / "far.mrk.json", ("organ", "organ", [(500, 0, 0)]))
    assert main([*command, str(far), "--kind", "points", "--out", str(tmp_path / "a.mrk.json")]) == 2
    assert "1 point lies outside the image" in capsys.readouterr().err
    assert not (tmp_path / "a.nii.gz").exists()
    assert not (tmp_path / "a.mrk.json").exists()
