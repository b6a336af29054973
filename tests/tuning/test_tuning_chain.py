"""From trainings with several settings to the one that test cases are segmented with, verb by verb."""

import csv
import hashlib
from fractions import Fraction

import numpy as np
import pytest
import SimpleITK as sitk
import yaml
from conftest import make_volume

from weakseg3d.annotations.markups import Annotation, write_markups
from weakseg3d.annotations.world import to_world
from weakseg3d.cli import main
from weakseg3d.images.volumes import read_mask, write_volume

RATES = {"frozen": 1e-6, "low": 0.01, "high": 0.1}


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """Three trainings that differ in their learning rate, and the choice among them by clicks on one scan."""
    folder = tmp_path_factory.mktemp("tuned")
    for case in ("train", "validation", "test"):
        write_case(folder, case)
    (folder / "cases.csv").write_text("case,image,target\ntrain,train.nii.gz,train_mask.nii.gz\n", encoding="utf-8")
    (folder / "scored.csv").write_text("case,image,label\nv,validation.nii.gz,clicks.nii.gz\n", encoding="utf-8")
    write_clicks(folder)
    for name, rate in RATES.items():
        train(folder, name, rate)
        files = ["--model", folder / name / "model.pt", "--cases", folder / "scored.csv"]
        assert run("validate", *files, "--out", folder / name / "scores.csv") == 0
    scores, models = ([folder / name / file for name in RATES] for file in ("scores.csv", "model.pt"))
    assert (
        run("select", "--settings", *RATES, "--scores", *scores, "--models", *models, "--out", folder / "chosen") == 0
    )
    return folder


def run(verb, *words):
    return main([verb, *map(str, words)])


def write_case(folder, case):
    """Write a bright ball in noise, in a place of its own in each case, and its mask."""
    generator = np.random.default_rng(len(case))
    centre = generator.uniform(6, 10, 3)[:, None, None, None]
    ball = ((np.indices((16, 16, 16)) - centre) ** 2).sum(axis=0) < 20
    image = generator.normal(30, 10, ball.shape).astype(np.float32) + 40 * ball
    write_volume(make_volume(image, (2, 2, 2)), folder / f"{case}.nii.gz")
    write_volume(make_volume(ball.astype(np.uint8), (2, 2, 2)), folder / f"{case}_mask.nii.gz")


def write_clicks(folder):
    """Click ten voxels inside the ball of the validation case and ten outside, and label them alone."""
    mask = read_mask(folder / "validation_mask.nii.gz")
    array, generator = sitk.GetArrayViewFromImage(mask), np.random.default_rng(0)
    clicks = {
        name: to_world(generator.permutation(np.argwhere(array == value))[:10], mask)
        for name, value in (("organ", 1), ("background", 0))
    }
    write_markups(Annotation([clicks]), folder / "clicks.mrk.json")
    files = ["--annotation", folder / "clicks.mrk.json", "--image", folder / "validation.nii.gz"]
    assert run("pseudolabel", *files, "--out", folder / "clicks.nii.gz", "points") == 0


def train(folder, name, rate):
    recipe = {
        "method": name,
        "seed": 0,
        "threads": 1,
        "spacing": 2.0,
        "intensity": {"window": [0, 100]},
        "network": {"unet": {"channels": [2, 4, 8]}},
        "loss": {"dice_ce": {}},
        "training": {"patch_size": [16, 16, 16], "steps": 20, "optimizer": {"adamw": {"learning_rate": rate}}},
    }
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    files = ["--recipe", folder / f"{name}.yaml", "--cases", folder / "cases.csv", "--out", folder / name]
    assert run("train", *files) == 0


def recorded(folder, name):
    """Return the score of a training from the numbers of voxels in its table, by the definition of Dice."""
    with open(folder / name / "scores.csv", encoding="utf-8") as stream:
        (row,) = csv.DictReader(stream)
    assert (row["organ"], row["background"]) == ("10", "10")
    found, wrong = int(row["found"]), int(row["wrong"])
    return Fraction(2 * found, 10 + found + wrong)


def test_the_chosen_setting_has_the_best_recorded_score(tuned):
    scores = {name: recorded(tuned, name) for name in RATES}
    assert len(set(scores.values())) > 1, "the settings can be told apart"
    best = max(scores, key=lambda name: scores[name])
    digests = {name: hashlib.sha256((tuned / name / "model.pt").read_bytes()).hexdigest() for name in RATES}
    chosen = hashlib.sha256((tuned / "chosen/model.pt").read_bytes()).hexdigest()
    assert [name for name, digest in digests.items() if digest == chosen] == [best]
    with open(tuned / "chosen/tried.csv", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["setting"], row["dice"]) for row in rows] == [(n, f"{float(s):.6f}") for n, s in scores.items()]
    assert [row["setting"] for row in rows if row["chosen"] == "yes"] == [best]


def test_the_chosen_model_segments_like_any_other(tuned):
    files = [
        "--model",
        tuned / "chosen/model.pt",
        "--image",
        tuned / "test.nii.gz",
        "--out",
        tuned / "predicted.nii.gz",
    ]
    assert run("predict", *files) == 0
    assert read_mask(tuned / "predicted.nii.gz").GetSize() == (16, 16, 16)
