"""Imperfect annotators: clicks at random, on a few slices, slightly off target, or by a slip of the hand."""

import numpy as np
import pytest
import SimpleITK as sitk
from conftest import make_volume, oblique_direction

from weakseg3d.annotations.markups import read_markups
from weakseg3d.annotations.points import SLIP_MM
from weakseg3d.annotations.points import points as annotate_points
from weakseg3d.annotations.slices import IGNORE
from weakseg3d.annotations.slices import slices as annotate_slices
from weakseg3d.annotations.world import to_voxels
from weakseg3d.cli import main
from weakseg3d.images.volumes import write_volume


def voxels_of(points, image):
    return np.round(to_voxels(points, image)).astype(int)


def organ_clicks(mask, **options):
    return annotate_points(mask, **options).points_of("organ")


def box_mask(shape, low, high, spacing, **geometry):
    array = np.zeros(shape, np.uint8)
    array[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = 1
    return make_volume(array, spacing, **geometry)


def millimetres_outside_the_box(voxels, mask):
    """Return each voxel's largest distance, along an image axis, from the box of the organ's voxel centres."""
    organ = np.argwhere(sitk.GetArrayFromImage(mask))
    beyond = np.maximum(organ.min(axis=0) - voxels, voxels - organ.max(axis=0)) * np.array(mask.GetSpacing())[::-1]
    return beyond.max(axis=1)


@pytest.mark.parametrize("options", [{}, {"sampling": "farthest", "slices": None, "jitter": 0.0, "misplaced": 0.0}])
def test_a_perfect_annotator_clicks_the_known_voxels(options):
    mask = box_mask((6, 8, 10), (1, 2, 3), (5, 7, 9), (1.0, 1.5, 3.0))
    annotation = annotate_points(mask, number=6, background=3, seed=7, **options)
    organ = [[1, 6, 3], [4, 3, 7], [1, 2, 7], [3, 6, 4], [3, 2, 3], [2, 6, 8]]
    assert voxels_of(annotation.points_of("organ"), mask).tolist() == organ
    assert voxels_of(annotation.points_of("background"), mask).tolist() == [[2, 1, 3], [2, 7, 2], [4, 1, 3]]


@pytest.mark.parametrize("sampling", ["farthest", "random"])
@pytest.mark.parametrize("number", [1, 3, 5])
def test_clicks_lie_on_the_slices_that_would_be_annotated(oblique_mask, sampling, number):
    labels = sitk.GetArrayFromImage(annotate_slices(oblique_mask, number))
    annotated = np.flatnonzero((labels != IGNORE).all(axis=(1, 2)))
    clicks = voxels_of(organ_clicks(oblique_mask, number=60, slices=number, sampling=sampling), oblique_mask)
    assert set(clicks[:, 0]) == set(annotated)
    assert len(annotated) == number
    assert (labels[tuple(clicks.T)] == 1).all()
    assert len(clicks) == 60


def test_slices_are_axial_for_any_order_of_axes():
    sagittal = box_mask((12, 10, 8), (2, 3, 2), (10, 7, 6), (1, 1, 1), direction=[[0, 0, 1], [0, 1, 0], [-1, 0, 0]])
    clicks = voxels_of(organ_clicks(sagittal, number=20, slices=1), sagittal)
    assert len(set(clicks[:, 2])) == 1  # x runs along the patient
    assert len(set(clicks[:, 0])) > 1


def test_clicks_on_the_surface_of_a_cube_leave_out_its_inside():
    # A cube of 27 voxels has 26 on its surface and one inside.
    mask = box_mask((5, 5, 5), (1, 1, 1), (4, 4, 4), (1, 1, 1))
    options = {"number": 27, "candidate_share": 1.0}
    everywhere = set(map(tuple, voxels_of(organ_clicks(mask, **options), mask)))
    surface = set(map(tuple, voxels_of(organ_clicks(mask, sampling="surface", **options), mask)))
    assert everywhere - surface == {(2, 2, 2)}
    assert len(surface) == 26


def test_the_surface_follows_faces_and_the_border_of_the_volume():
    # A plus of seven voxels: its centre touches the outside only over edges. A slab as large as the volume has its
    # surface at the border, which leaves only the voxels in the middle.
    plus = np.zeros((5, 5, 5), np.uint8)
    plus[1:4, 2, 2] = plus[2, 1:4, 2] = plus[2, 2, 1:4] = 1
    mask = make_volume(plus, (1, 1, 1))
    clicks = voxels_of(organ_clicks(mask, number=7, candidate_share=1.0, sampling="surface"), mask)
    assert set(map(tuple, clicks)) == set(map(tuple, np.argwhere(plus))) - {(2, 2, 2)}
    full = make_volume(np.ones((3, 3, 4), np.uint8), (1, 1, 1))
    clicks = voxels_of(organ_clicks(full, number=36, candidate_share=1.0, sampling="surface"), full)
    assert len(clicks) == 36 - 2
    assert not {(1, 1, 1), (1, 1, 2)} & set(map(tuple, clicks))


def test_surface_clicks_are_the_farthest_points_of_the_surface():
    # On a line of voxels everything is surface: the clicks are the same as without, the ends first.
    line = box_mask((3, 3, 12), (1, 1, 1), (2, 2, 11), (1, 1, 1))
    options = {"number": 3, "candidate_share": 1.0}
    assert (organ_clicks(line, sampling="surface", **options) == organ_clicks(line, **options)).all()
    # In a cube of 5 voxels, the first click is a corner and the second the one opposite.
    cube = box_mask((7, 7, 7), (1, 1, 1), (6, 6, 6), (1, 1, 1))
    clicks = voxels_of(organ_clicks(cube, number=2, candidate_share=1.0, sampling="surface"), cube)
    assert clicks.tolist() == [[1, 1, 1], [5, 5, 5]]


def test_surface_clicks_on_some_slices_lie_on_the_outlines_of_the_organ():
    # The caps of the organ are not on the slice in the middle, of which only the outline is surface.
    mask = box_mask((9, 9, 9), (1, 1, 1), (8, 8, 8), (1, 1, 1))
    clicks = voxels_of(organ_clicks(mask, number=99, candidate_share=1.0, slices=1, sampling="surface"), mask)
    assert len(clicks) == 7 * 7 - 5 * 5
    assert set(clicks[:, 0]) == {4}


def test_the_verb_clicks_on_the_surface(tmp_path):
    mask = box_mask((5, 5, 5), (1, 1, 1), (4, 4, 4), (1, 1, 1))
    write_volume(mask, tmp_path / "mask.nii.gz")
    files = ["--mask", str(tmp_path / "mask.nii.gz"), "--out", str(tmp_path / "clicks.mrk.json")]
    options = ["--number", "26", "--candidate-share", "1", "--sampling", "surface"]
    assert main(["annotate", *files, "points", *options]) == 0
    clicks = voxels_of(read_markups(tmp_path / "clicks.mrk.json").points_of("organ"), mask)
    assert len(clicks) == 26
    assert [2, 2, 2] not in clicks.tolist()


def test_candidates_are_a_share_of_the_slices():
    mask = box_mask((9, 12, 12), (1, 1, 1), (8, 11, 11), (1, 1, 1))
    options = {"slices": 2, "candidate_share": 0.3, "sampling": "random"}
    candidates, few = (set(map(tuple, organ_clicks(mask, number=n, **options))) for n in (60, 20))
    assert len(candidates) == 60
    assert few < candidates


def test_random_clicks_are_seeded_and_differ_from_farthest_ones(oblique_mask):
    first, again, other = (organ_clicks(oblique_mask, number=40, sampling="random", seed=s) for s in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()
    assert (first != organ_clicks(oblique_mask, number=40, seed=1)).any()
    assert len(np.unique(first, axis=0)) == 40
    assert (sitk.GetArrayFromImage(oblique_mask)[tuple(voxels_of(first, oblique_mask).T)] == 1).all()


def test_random_clicks_are_uniform():
    mask = make_volume(np.ones((10, 20, 20), np.uint8))
    clicks = voxels_of(organ_clicks(mask, number=2000, sampling="random", candidate_share=1.0), mask)
    counts = np.bincount(clicks[:, 0], minlength=10)
    assert (np.abs(counts - 200) < 60).all()  # more than 4 standard deviations


def test_jitter_is_isotropic_in_millimetres():
    direction = oblique_direction()
    mask = box_mask((30, 60, 80), (10, 20, 25), (20, 40, 55), (0.8, 1.2, 4.0), direction=direction)
    options = {"number": 3000, "sampling": "random", "seed": 4}
    moved = organ_clicks(mask, jitter=3.0, **options) - organ_clicks(mask, **options)
    assert len(moved) == 3000
    covariance = np.cov(moved.T)
    assert np.sqrt(np.diag(covariance)) == pytest.approx([3.0] * 3, rel=0.06)  # 4.5 standard errors
    assert np.abs(covariance - np.diag(np.diag(covariance))).max() < 0.75
    assert np.abs(moved.mean(axis=0)).max() < 0.25


def test_jittered_clicks_stay_in_the_image(oblique_mask):
    clicks = to_voxels(organ_clicks(oblique_mask, number=200, jitter=60.0), oblique_mask)
    last = np.array(oblique_mask.GetSize())[::-1] - 1
    assert (clicks >= -1e-9).all()
    assert (clicks <= last + 1e-9).all()
    assert (np.abs(clicks - last) < 1e-9).any()  # some would have left the image


@pytest.mark.parametrize(("share", "expected"), [(0.1, 5), (0.33, 16), (1.0, 50)])
def test_the_exact_share_is_misplaced(oblique_mask, share, expected):
    clicks = organ_clicks(oblique_mask, number=50, misplaced=share)
    voxels = voxels_of(clicks, oblique_mask)
    assert np.allclose(to_voxels(clicks, oblique_mask), voxels, atol=1e-6)
    slipped = sitk.GetArrayFromImage(oblique_mask)[tuple(voxels.T)] == 0
    assert slipped.sum() == expected
    assert (clicks[~slipped] == organ_clicks(oblique_mask, number=50)[~slipped]).all()


def test_slips_reach_up_to_twenty_millimetres_from_the_box():
    mask = box_mask((30, 60, 80), (12, 25, 35), (16, 31, 43), (0.8, 1.2, 4.0), direction=oblique_direction())
    voxels = voxels_of(organ_clicks(mask, number=90, candidate_share=1.0, misplaced=1.0), mask)
    assert (sitk.GetArrayFromImage(mask)[tuple(voxels.T)] == 0).all()
    outside = millimetres_outside_the_box(voxels, mask)
    assert outside.max() <= SLIP_MM + 1e-9
    assert outside.max() > 0.9 * SLIP_MM


def test_clicks_stay_if_there_is_no_voxel_to_slip_to():
    mask = make_volume(np.ones((4, 5, 6), np.uint8))
    assert (organ_clicks(mask, number=10, misplaced=1.0) == organ_clicks(mask, number=10)).all()


def test_imperfections_leave_the_background_clicks_alone(oblique_mask):
    plain = annotate_points(oblique_mask, number=20, background=15, seed=3)
    options = {"sampling": "random", "slices": 3, "jitter": 2.0, "misplaced": 0.2}
    first, again = (annotate_points(oblique_mask, number=20, background=15, seed=3, **options) for _ in range(2))
    assert (first.points_of("background") == plain.points_of("background")).all()
    assert (first.points_of("organ") == again.points_of("organ")).all()


@pytest.mark.parametrize("sampling", ["farthest", "random"])
def test_a_single_voxel_is_clicked_once(sampling):
    mask = box_mask((5, 5, 5), (2, 3, 1), (3, 4, 2), (1, 2, 3))
    assert voxels_of(organ_clicks(mask, slices=3, sampling=sampling), mask).tolist() == [[2, 3, 1]]
    assert len(organ_clicks(mask, sampling=sampling, jitter=1.0)) == 1
    assert voxels_of(organ_clicks(mask, sampling=sampling, misplaced=1.0), mask).tolist() != [[2, 3, 1]]


def test_an_empty_mask_gives_no_clicks():
    empty = make_volume(np.zeros((4, 4, 4), np.uint8))
    annotation = annotate_points(empty, background=3, sampling="random", slices=2, jitter=1.0, misplaced=0.5)
    assert annotation.targets == []


@pytest.fixture
def mask_file(tmp_path):
    write_volume(box_mask((12, 12, 12), (2, 2, 2), (9, 9, 9), (1, 1, 1)), tmp_path / "mask.nii.gz")
    return tmp_path / "mask.nii.gz"


def annotate(mask_file, options, *before):
    out = mask_file.parent / "clicks.mrk.json"
    return main(["annotate", "--mask", str(mask_file), "--out", str(out), *before, "points", *options.split()]), out


def test_the_verb_passes_on_every_option(mask_file):
    code, out = annotate(mask_file, "--number 30 --sampling random --slices 2 --jitter 1.5 --misplaced 0.1")
    assert code == 0
    mask = sitk.ReadImage(str(mask_file))
    expected = organ_clicks(mask, number=30, sampling="random", slices=2, jitter=1.5, misplaced=0.1)
    assert np.allclose(read_markups(out).points_of("organ"), expected, atol=1e-5)


def test_fewer_candidates_than_clicks_are_reported_on_stderr(mask_file, capsys):
    assert annotate(mask_file, "--number 400 --candidate-share 0.1")[0] == 0
    assert "only 343 of 400 clicks, as the organ is small\n" in capsys.readouterr().err
    assert annotate(mask_file, "--number 200 --slices 2 --candidate-share 1")[0] == 0
    assert "only 98 of 200 clicks, as the organ is small on 2 slices" in capsys.readouterr().err
    assert annotate(mask_file, "--number 98 --slices 2 --candidate-share 1")[0] == 0
    assert capsys.readouterr().err == ""


def test_slices_that_miss_an_organ_in_two_pieces_are_an_error(tmp_path, capsys):
    array = np.zeros((11, 4, 4), np.uint8)
    array[[0, 10]] = 1
    write_volume(make_volume(array), tmp_path / "mask.nii.gz")
    code, out = annotate(tmp_path / "mask.nii.gz", "--slices 1")
    assert code == 2
    assert "the slices miss the organ; choose others" in capsys.readouterr().err
    assert not out.exists()
    assert annotate(tmp_path / "mask.nii.gz", "--slices 1", "--allow-absent")[0] == 0
    assert len(read_markups(out).points_of("organ")) == 0
    assert "the slices miss the organ" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--slices 0", "--slices 0: must be at least 1"),
        ("--slices -2", "--slices -2: must be at least 1"),
        ("--jitter -1", "--jitter -1.0: must be at least 0"),
        ("--misplaced -0.1", "--misplaced -0.1: must be at least 0 and at most 1"),
        ("--misplaced 1.1", "--misplaced 1.1: must be at least 0 and at most 1"),
    ],
)
def test_bad_values_are_reported_in_one_sentence(mask_file, capsys, options, message):
    code, out = annotate(mask_file, options)
    error = capsys.readouterr().err
    assert code == 2
    assert message in error
    assert error.count("\n") == 1
    assert not out.exists()


def test_a_negative_seed_is_an_error(mask_file, capsys):
    assert annotate(mask_file, "", "--seed", "-1")[0] == 2
    assert "--seed -1: must not be negative" in capsys.readouterr().err


def test_an_unknown_sampling_is_a_wrong_call(mask_file):
    with pytest.raises(SystemExit) as exit_info:
        annotate(mask_file, "--sampling nearest")
    assert exit_info.value.code == 2
