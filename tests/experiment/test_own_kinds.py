"""Annotations, pseudo labels and perturbations in a file of the user's: planned, made by the verbs, and checked."""

import numpy as np
import pytest
import SimpleITK as sitk
from conftest import make_volume

from weakseg3d.annotations import ANNOTATIONS, is_drawn, resembled
from weakseg3d.annotations.markups import read_markups
from weakseg3d.cli import main
from weakseg3d.errors import UserError
from weakseg3d.experiment.choices import choice_part, choice_words
from weakseg3d.experiment.recipes import checked_method
from weakseg3d.images.volumes import write_volume
from weakseg3d.pseudo_labels import PSEUDO_LABELS

KINDS = '''
"""Kinds of one's own."""

from typing import Annotated

import numpy as np

from weakseg3d.annotations.markups import Annotation
from weakseg3d.annotations.world import to_world
from weakseg3d.images.volumes import like
from weakseg3d.registry.parameters import MadeOf, Mask, Parameter, Perturbed, SavedAs, SoftLabel, SparseLabel


def first_voxels(
    mask, seed=0, number: Annotated[int, Parameter("Clicks.", at_least=1)] = 2, colour: str = "a/b"
) -> Annotated[Annotation, SavedAs(".mrk.json", like="points")]:
    """Return clicks on the first voxels of the organ."""
    import SimpleITK as sitk

    voxels = np.argwhere(sitk.GetArrayFromImage(mask) > 0)[:number]
    return Annotation([{"organ": to_world(voxels, mask), "background": np.zeros((0, 3))}])


def halves(mask) -> Annotated["sitk.Image", SavedAs(".nii.gz", like="slices")]:
    """Return the mask, in which every second slice is unknown."""
    import SimpleITK as sitk

    array = sitk.GetArrayFromImage(mask).astype(np.uint8)
    array[1::2] = 2
    return like(array, mask)


def cones(targets, grid, radius: Annotated[float, Parameter("Radius in voxels.", above=0)] = 3.0) -> Annotated[
    SoftLabel, MadeOf(("points",))
]:
    """Return cones around the clicks."""
    voxels = np.indices(grid.GetSize()[::-1])
    clicks = np.concatenate([target.organ for target in targets])
    distances = [np.sqrt(((voxels - click[:, None, None, None]) ** 2).sum(axis=0)) for click in clicks]
    return np.maximum(0, 1 - np.min(distances, axis=0) / radius)


def too_large(targets, grid) -> Annotated[SoftLabel, MadeOf(("points",))]:
    return np.full(grid.GetSize()[::-1], 2.0)


def cropped(targets, grid) -> Annotated[Mask, MadeOf(("points",))]:
    return np.zeros((2, 2, 2))


def failing(targets, grid) -> Annotated[SparseLabel, MadeOf(("points",))]:
    return np.zeros(grid.GetSize()[::-1]) / targets


def of_nothing(targets) -> Annotated[Mask, MadeOf(("clicks",))]:
    return 0


def of_no_kind(targets) -> Annotated[object, MadeOf(("points",))]:
    return 0


def unmarked(targets):
    return 0


def like_nothing(mask) -> Annotated[Annotation, SavedAs(".mrk.json")]:
    return Annotation()


def drawn_clicks(mask) -> Annotated[Annotation, SavedAs(".nii.gz", like="points")]:
    return Annotation()


def negative(image, by: Annotated[float, Parameter("Factor.")] = -1.0) -> Annotated["sitk.Image", Perturbed()]:
    """Return the image with its intensities turned round."""
    import SimpleITK as sitk

    return like(sitk.GetArrayFromImage(image) * np.float32(by), image)
'''


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kinds.py").write_text(KINDS, encoding="utf-8")
    mask = np.zeros((8, 9, 10), np.uint8)
    mask[2:6, 3:7, 4:8] = 1
    write_volume(make_volume(mask, (1.0, 1.5, 2.0)), tmp_path / "mask.nii.gz")
    image = np.random.default_rng(0).normal(0, 50, mask.shape).astype(np.float32)
    write_volume(make_volume(image, (1.0, 1.5, 2.0)), tmp_path / "image.nii.gz")
    return tmp_path


def method(**changes):
    content = {
        "description": "Kinds of my own.",
        "supervision": "weak",
        "annotation": {"file": "kinds.py", "name": "first_voxels", "number": 3},
        "pseudo_label": {"file": "kinds.py", "name": "cones"},
        "network": {"unet": {"channels": [2, 4, 8]}},
        "loss": {"soft_ce_dice": {}},
        "training": {"patch_size": [16, 16, 16], "steps": 2, "optimizer": {"adamw": {"learning_rate": 0.01}}},
    }
    return content | changes


def array_of(path):
    return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))


def test_a_method_names_them_with_their_parameters():
    checked = checked_method(method(images={"test": {"file": "kinds.py", "name": "negative"}}), "mine.yaml")
    assert checked["annotation"]["colour"] == "a/b"
    assert checked["pseudo_label"]["radius"] == 3.0
    assert checked["images"]["test"]["by"] == -1.0
    for choice in (checked["annotation"], checked["pseudo_label"], checked["images"]["test"]):
        assert len(choice["sha256"]) == 64
    annotation = ANNOTATIONS.choice(checked["annotation"]).entry
    assert not is_drawn(annotation)
    assert resembled(annotation) == "points"


def test_the_path_shows_what_it_can_and_changes_with_the_file_and_every_parameter(here):
    def part(**changes):
        return choice_part(ANNOTATIONS, checked_method(method(), "mine.yaml")["annotation"] | changes, seed=0)

    first = part()
    assert first.startswith("first-voxels_number-3_sha-")
    assert first.endswith("_seed-0")
    assert "/" not in first
    assert len({first, part(colour="a/c"), part(number=4)}) == 3
    (here / "kinds.py").write_text(KINDS + "\n", encoding="utf-8")
    assert part() != first


def test_the_verbs_make_them(here):
    checked = checked_method(method(), "mine.yaml")
    assert main(["annotate", "--mask", "mask.nii.gz", "--out", "c.mrk.json", *choice_words(checked["annotation"])]) == 0
    assert len(read_markups("c.mrk.json").points_of("organ")) == 3
    label = ["pseudolabel", "--annotation", "c.mrk.json", "--image", "image.nii.gz", "--out", "soft.nii.gz"]
    assert main([*label, *choice_words(checked["pseudo_label"])]) == 0
    soft = array_of("soft.nii.gz")
    assert soft.dtype == np.float32
    assert soft[2, 3, 4] == 1
    assert soft[2, 3, 2] == pytest.approx(1 / 3, abs=1e-4)
    assert main([*label, "own", "--file", "kinds.py", "--name", "cones", "--set", "radius=1"]) == 0
    assert array_of("soft.nii.gz")[2, 3, 3] == 0
    drawn = ["annotate", "--mask", "mask.nii.gz", "--out", "d.nii.gz", "own", "--file", "kinds.py", "--name", "halves"]
    assert main(drawn) == 0
    assert set(np.unique(array_of("d.nii.gz")[1])) == {2}
    perturbed = ["perturb", "--image", "image.nii.gz", "--out", "p.nii.gz", "own", "--file", "kinds.py"]
    assert main([*perturbed, "--name", "negative"]) == 0
    assert np.array_equal(array_of("p.nii.gz"), -array_of("image.nii.gz"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"annotation": {"file": "kinds.py", "name": "first_voxels", "number": 0}}, "'annotation.number' does not fit"),
        ({"annotation": {"file": "kinds.py", "name": "first_voxels", "size": 1}}, "unknown key 'size' in 'annotation'"),
        ({"annotation": {"file": "kinds.py", "name": "like_nothing"}}, "must say which annotation it is like"),
        ({"annotation": {"file": "kinds.py", "name": "drawn_clicks"}}, "like='scribbles', or another of"),
        ({"annotation": {"file": "kinds.py", "name": "halves"}}, "'cones' cannot be made of annotation 'slices'"),
        ({"pseudo_label": {"file": "kinds.py", "name": "of_nothing"}}, "MadeOf of 'of_nothing' must name annotations"),
        ({"pseudo_label": {"file": "kinds.py", "name": "of_no_kind"}}, "with KIND one of SoftLabel, SparseLabel, Mask"),
        ({"pseudo_label": {"file": "kinds.py", "name": "unmarked"}}, "must be Annotated[..., MadeOf(...)]"),
        ({"pseudo_label": {"file": "kinds.py", "name": "failing"}}, "cannot leave out the unknown voxels"),
        ({"images": {"train": {"file": "kinds.py", "name": "cones"}}}, "must be Annotated[..., Perturbed(...)]"),
        ({"images": {"train": {"file": "kinds.py", "name": "negative", "by": "x"}}}, "'images.train.by' does not fit"),
        ({"images": {"train": {"file": "no.py"}}}, "no.py: no such file"),
    ],
)
def test_a_mistake_in_a_method_is_one_sentence(change, message):
    with pytest.raises(UserError) as raised:
        checked_method(method(**change), "mine.yaml")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--name", "too_large"], "'too_large' returned values outside [0, 1]"),
        (["--name", "cropped"], "'cropped' returned an array (2, 2, 2); return an array (8, 9, 10) (z, y, x)"),
        (["--name", "failing"], "TypeError"),
        (["--name", "cones", "--set", "radius=0"], "'radius' does not fit"),
        (["--name", "cones", "--set", "radius"], "must have the form KEY=VALUE"),
        (["--name", "cones", "--sha256", "0" * 64], "not the file that this was planned or trained with"),
        (["--name", "nothing"], "defines no function or class 'nothing'"),
    ],
)
def test_a_mistake_of_a_verb_is_one_sentence_and_nothing_is_written(here, capsys, words, message):
    assert main(["annotate", "--mask", "mask.nii.gz", "--out", "c.mrk.json", "points", "--number", "2"]) == 0
    label = ["pseudolabel", "--annotation", "c.mrk.json", "--image", "image.nii.gz", "--out", "soft.nii.gz"]
    assert main([*label, "own", "--file", "kinds.py", *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (here / "soft.nii.gz").exists()


def test_a_choice_of_the_package_is_its_name_with_options():
    choice = {"points": {"number": 7, "candidate_share": 0.5}}
    assert choice_words(choice) == ["points", "--number", "7", "--candidate-share", "0.5"]
    assert choice_part(ANNOTATIONS, choice, seed=1) == "points_number-7_candidate_share-0.5_seed-1"


def test_a_pseudo_label_of_the_package_takes_clicks_like_its_own(here):
    checked = checked_method(method(pseudo_label={"gaussian": {"sigma": 5}}), "mine.yaml")
    assert choice_part(PSEUDO_LABELS, checked["pseudo_label"]) == "gaussian_sigma-5"
