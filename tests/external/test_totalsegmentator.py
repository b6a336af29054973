"""TotalSegmentator's adapter: what it asks for and, where that is installed, all of it with random weights."""

import json
import os
import subprocess
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from adapters import adapter_of
from conftest import make_volume, oblique_direction

from weakseg3d.experiment.external_facts import gets_annotations
from weakseg3d.experiment.recipes import load_method
from weakseg3d.images.volumes import check_same_grid

PROJECT = Path(__file__).parents[2]
PROGRAM = PROJECT / "external/totalsegmentator/adapter.py"
ENVIRONMENT = os.environ.get("WEAKSEG3D_TOTALSEGMENTATOR")
"""Environment variable: the folder of a Python environment with TotalSegmentator."""
FACTS = {"modality": "CT", "organ": "spleen", "threads": 1, "seed": 0}


@pytest.fixture(scope="module")
def adapter():
    return adapter_of("totalsegmentator")


def settings_of_method(adapter, **more):
    return adapter.settings_of({"settings": load_method("totalsegmentator")["external"]["settings"] | more})


def test_an_organ_goes_by_the_names_of_its_classes(adapter):
    settings = settings_of_method(adapter)
    assert adapter.classes_of(FACTS | {"organ": "kidney"}, settings) == ["kidney_right", "kidney_left"]
    assert adapter.classes_of(FACTS | {"organ": "oesophagus", "modality": "MR"}, settings) == ["esophagus"]
    assert not gets_annotations(load_method("totalsegmentator"))


@pytest.mark.parametrize(
    ("facts", "settings", "message"),
    [
        ({"organ": "schwannoma"}, {}, "no class of TotalSegmentator is named for the schwannoma"),
        ({"modality": "PET"}, {}, "knows CT and MR, not PET"),
        ({}, {"task": "total"}, "unknown setting task; TotalSegmentator's adapter knows weights"),
    ],
)
def test_what_it_does_not_know_is_named(adapter, facts, settings, message):
    with pytest.raises(SystemExit, match=message):
        adapter.classes_of(FACTS | facts, settings_of_method(adapter, **settings))


def test_its_weights_are_a_folder_of_the_users_and_it_sends_nothing(adapter, tmp_path, monkeypatch, capsys):
    for name in (adapter.WEIGHTS, adapter.HOME):
        monkeypatch.setenv(name, "")
    with pytest.raises(SystemExit, match="setting weights is missing"):
        adapter.prepare(settings_of_method(adapter), tmp_path)
    monkeypatch.setenv(adapter.WEIGHTS, "/nowhere")
    with pytest.raises(SystemExit, match="/nowhere: no such folder"):
        adapter.prepare(settings_of_method(adapter), tmp_path)
    adapter.prepare(settings_of_method(adapter, weights=str(tmp_path)), tmp_path)
    assert (os.environ[adapter.WEIGHTS], os.environ[adapter.HOME]) == (str(tmp_path), str(tmp_path))
    assert json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))["send_usage_stats"] is False
    assert "licensed under Apache-2.0" in capsys.readouterr().out


def test_the_mask_of_some_labels_is_on_the_images_grid(adapter, tmp_path):
    array = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    image = make_volume(array, (2.0, 1.5, 4.0), (-10.0, 20.0, 5.0), oblique_direction())
    sitk.WriteImage(image, str(tmp_path / "labels.nii.gz"))
    mask = adapter.mask_of(nibabel.load(tmp_path / "labels.nii.gz"), [1, 23], image)
    assert (sitk.GetArrayFromImage(mask) == np.isin(array, [1, 23])).all()
    check_same_grid(mask, image, "mask", "image")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """The folder of models with random weights."""
    folder = tmp_path_factory.mktemp("totalsegmentator") / "models"
    ran = run("tests/helpers/totalsegmentator_models.py", folder)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return folder


def run(*words):
    python = Path(ENVIRONMENT) / "bin" / "python"
    return subprocess.run([python, *map(str, words)], cwd=PROJECT, capture_output=True, encoding="utf-8")


@pytest.mark.slow
@pytest.mark.skipif(not ENVIRONMENT, reason="WEAKSEG3D_TOTALSEGMENTATOR names no environment with TotalSegmentator")
def test_weights_that_are_missing_are_not_fetched_and_no_folder_is_removed(tmp_path):
    old = tmp_path / "weights" / "Dataset302_vertebrae_body_1559subj"  # It would remove this one.
    for folder in (old, tmp_path / "images", tmp_path / "out"):
        folder.mkdir(parents=True)
    image = make_volume(np.zeros((8, 8, 8), np.float32), (5.0, 5.0, 5.0))
    sitk.WriteImage(image, str(tmp_path / "images/case.nii.gz"))
    facts = FACTS | {"settings": {"weights": str(tmp_path / "weights"), "fast": True, "organs": {"spleen": ["spleen"]}}}
    (tmp_path / "recipe.json").write_text(json.dumps(facts), encoding="utf-8")
    ran = run(PROGRAM, *(tmp_path / name for name in ("recipe.json", "images", "out")))
    assert ran.returncode == 1
    assert "Dataset297_TotalSegmentator_total_3mm_1559subj: not there" in ran.stderr.splitlines()[-1]
    assert [path.name for path in (tmp_path / "weights").iterdir()] == [old.name]


@pytest.mark.slow
@pytest.mark.skipif(not ENVIRONMENT, reason="WEAKSEG3D_TOTALSEGMENTATOR names no environment with TotalSegmentator")
def test_totalsegmentator_itself_keeps_the_contract(models):
    from weakseg3d.external.checking import check

    settings = {"weights": str(models), "fast": True}
    method = load_method(
        "totalsegmentator", {"external": {"environment": ENVIRONMENT, "settings": settings, "gpus": 0}}
    )
    assert "keeps the contract" in check("totalsegmentator", method)


@pytest.mark.slow
@pytest.mark.skipif(not ENVIRONMENT, reason="WEAKSEG3D_TOTALSEGMENTATOR names no environment with TotalSegmentator")
def test_it_knows_every_class_that_the_method_names():
    code = "from totalsegmentator.map_to_binary import class_map; import json; print(json.dumps(class_map))"
    tasks = json.loads(run("-c", code).stdout)
    named = {
        name for names in load_method("totalsegmentator")["external"]["settings"]["organs"].values() for name in names
    }
    for task in ("total", "total_mr"):
        assert named <= set(tasks[task].values())
