"""nnInteractive's adapter: what it gives to the model and, where that is installed, all of it with random weights."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from adapters import adapter_of
from conftest import make_volume, oblique_direction

from weakseg3d.experiment.external_facts import gets_annotations
from weakseg3d.experiment.recipes import load_method
from weakseg3d.external.masks import foreign_mask

PROJECT = Path(__file__).parents[2]
PROGRAM = PROJECT / "external/nninteractive/adapter.py"
ENVIRONMENT = os.environ.get("WEAKSEG3D_NNINTERACTIVE")
"""Environment variable: the folder of a Python environment with nninteractive."""
LICENCE = "Random numbers 1.0"
INDEX = (30, 12, 20)
"""The clicked voxel (x, y, z)."""


@pytest.fixture(scope="module")
def adapter():
    return adapter_of("nninteractive")


def markups(folder, *points, kind="Fiducial"):
    path = folder / "case.mrk.json"
    controls = [{"label": label, "position": list(position)} for label, position in points]
    content = {"markups": [{"type": kind, "coordinateSystem": "LPS", "controlPoints": controls}]}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_clicks_on_the_organ_come_first_each_in_its_order(adapter, tmp_path):
    path = markups(tmp_path, ("background", (1, 2, 3)), ("organ", (4, 5, 6)), ("organ", (7, 8, 9)))
    assert adapter.clicks_of(path) == [([4, 5, 6], True), ([7, 8, 9], True), ([1, 2, 3], False)]


def test_nothing_is_organ_where_nobody_clicked_on_it(adapter):
    image = make_volume(np.ones((2, 3, 4), np.float32))
    mask = adapter.segment(None, image, [((0, 0, 0), False)], adapter.EVERY, 0)
    assert (mask.shape, mask.dtype, mask.max()) == ((2, 3, 4), np.uint8, 0)


def test_other_annotations_than_clicks_are_refused(adapter, tmp_path):
    with pytest.raises(SystemExit, match="has a ROI; nnInteractive's adapter gives it clicks alone"):
        adapter.clicks_of(markups(tmp_path, kind="ROI"))
    with pytest.raises(SystemExit, match=r"scribbles.mrk.json: not there; .* choose an annotation of points"):
        adapter.clicks_of(tmp_path / "scribbles.mrk.json")


def test_weights_are_used_by_those_alone_who_say_that_they_keep_to_their_licence(adapter, tmp_path, capsys):
    (tmp_path / "plans.json").touch()
    settings = {"weights": str(tmp_path), "licence": None}
    with pytest.raises(SystemExit, match="licensed under CC BY-NC-SA 4.0; .* 'licence: CC BY-NC-SA 4.0'"):
        adapter.weights_of(settings)
    (tmp_path / "LICENSE").write_text("\n  CC BY 4.0 \nthe text", encoding="utf-8")
    assert adapter.weights_of(settings | {"licence": "CC BY 4.0"}) == tmp_path
    assert f"The weights in {tmp_path} are licensed under CC BY 4.0." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"weight": "a"}, "unknown setting weight; nnInteractive's adapter knows weights"),
        ({"predict_after": "never"}, "predict_after is 'never'; use every_click or last_click"),
        ({}, "setting weights is missing"),
        ({"weights": "/nowhere"}, "/nowhere: no model of nnInteractive"),
    ],
)
def test_a_wrong_setting_is_named(adapter, settings, message):
    with pytest.raises(SystemExit, match=message):
        adapter.weights_of(adapter.settings_of({"settings": settings}))


def test_its_clicks_are_those_that_a_network_learns_from():
    method = load_method("nninteractive")
    assert gets_annotations(method)
    assert method["annotation"] == load_method("paseg_stage1")["annotation"]


def test_a_network_learns_from_what_it_makes_of_the_same_clicks_as_on_test_scans():
    prompted, learnt = load_method("nninteractive"), load_method("nninteractive_unet")
    assert learnt["annotation"] == prompted["annotation"]
    label = learnt["pseudo_label"]["external"]
    assert label == {"name": "nninteractive"} | {key: prompted["external"][key] for key in label if key != "name"}
    dense = load_method("dense_unet")
    parts = ("network", "loss", "training", "target", "selection", "prediction")
    assert all(learnt[part] == dense[part] for part in parts), "only the labels differ"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The folder of a model with random weights."""
    folder = tmp_path_factory.mktemp("nninteractive") / "model"
    run("tests/helpers/nninteractive_model.py", folder)
    return folder


def run(*words):
    python = Path(ENVIRONMENT) / "bin" / "python"
    ran = subprocess.run([python, *map(str, words)], cwd=PROJECT, capture_output=True, encoding="utf-8")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


WHERE = """\
import sys; from pathlib import Path
sys.path.insert(0, "external/nninteractive")
import adapter, numpy as np, SimpleITK as sitk
session = adapter.start(Path(sys.argv[1]), adapter.SETTINGS, 1)
image = sitk.ReadImage(sys.argv[2])
session.set_image(sitk.GetArrayFromImage(image)[None])
session.set_target_buffer(np.zeros(image.GetSize()[::-1], np.uint8))
adapter.add_click(session, image, [float(word) for word in sys.argv[4:]], sys.argv[3] == "organ", False)
for channel in session.channel_mapping["points"]:
    values = session.interactions[channel].float().numpy()
    print(*np.unravel_index(values.argmax(), values.shape) if values.max() else [])
print(session.license)
"""


@pytest.mark.slow
@pytest.mark.skipif(not ENVIRONMENT, reason="WEAKSEG3D_NNINTERACTIVE names no environment with nninteractive")
@pytest.mark.parametrize("label", ["organ", "background"])
def test_a_click_lands_in_its_voxel_and_its_channel(model, tmp_path, label):
    array = np.random.default_rng(0).normal(size=(40, 50, 60)).astype(np.float32)
    image = make_volume(array, (2.0, 2.0, 2.0), (-10.0, 20.0, 5.0), oblique_direction())
    sitk.WriteImage(image, str(tmp_path / "image.nii.gz"))
    position = image.TransformIndexToPhysicalPoint(INDEX)
    *places, licence = run("-c", WHERE, model, tmp_path / "image.nii.gz", label, *position).splitlines()[-3:]
    voxel = " ".join(str(i) for i in INDEX[::-1])
    assert places == ([voxel, ""] if label == "organ" else ["", voxel])
    assert licence == LICENCE, "the adapter reads the licence that nnInteractive itself reads"


@pytest.mark.slow
@pytest.mark.skipif(not ENVIRONMENT, reason="WEAKSEG3D_NNINTERACTIVE names no environment with nninteractive")
def test_nninteractive_itself_segments_after_every_click_the_same_each_time(model, tmp_path):
    image = make_volume(np.random.default_rng(0).normal(size=(24, 26, 28)).astype(np.float32), (4.0, 4.0, 4.0))
    for name in ("images", "annotations", "first", "second"):
        (tmp_path / name).mkdir()
    sitk.WriteImage(image, str(tmp_path / "images/case.nii.gz"))
    markups(tmp_path / "annotations", ("organ", (40, 40, 40)), ("background", (80, 20, 60)))
    settings = {"weights": str(model), "licence": LICENCE, "autozoom": False}
    (tmp_path / "recipe.json").write_text(json.dumps({"settings": settings, "threads": 1, "seed": 3}), encoding="utf-8")
    masks = []
    for out in ("first", "second"):
        said = run(PROGRAM, *(tmp_path / name for name in ("annotations", "recipe.json", "images", out)))
        assert said.count("Added new point interaction") == 2
        mask = foreign_mask(tmp_path / out / "case.nii.gz", [str(tmp_path / "images/case.nii.gz")])
        masks.append(sitk.GetArrayFromImage(mask))
    assert (masks[0] == masks[1]).all()


@pytest.mark.slow
@pytest.mark.skipif(not ENVIRONMENT, reason="WEAKSEG3D_NNINTERACTIVE names no environment with nninteractive")
def test_nninteractive_itself_keeps_the_contract(model):
    from weakseg3d.external.checking import check

    settings = {"weights": str(model), "licence": LICENCE, "autozoom": False, "predict_after": "last_click"}
    method = load_method("nninteractive", {"external": {"environment": ENVIRONMENT, "settings": settings, "gpus": 0}})
    said = check("nninteractive", method)
    assert "keeps the contract" in said
    assert said.endswith(", and 0 where nobody clicked as there is none")


@pytest.mark.slow
@pytest.mark.skipif(not ENVIRONMENT, reason="WEAKSEG3D_NNINTERACTIVE names no environment with nninteractive")
def test_its_masks_of_training_scans_are_labels(model):
    from weakseg3d.external.checking import check

    settings = {"weights": str(model), "licence": LICENCE, "autozoom": False, "predict_after": "last_click"}
    label = {"external": {"environment": ENVIRONMENT, "settings": settings, "gpus": 0}}
    said = check("nninteractive_unet", load_method("nninteractive_unet", {"pseudo_label": label}))
    assert "made pseudo labels of phantom cases" in said
    assert said.endswith(", and 0 where nobody clicked as there is none")
