"""A recipe by hand: a method with what a recipe adds, given as options, is the recipe that the workflow writes."""

import argparse
from pathlib import Path

import pytest
import yaml

from weakseg3d.errors import UserError
from weakseg3d.experiment.from_config import load_experiment
from weakseg3d.experiment.recipe_options import add_recipe_options, recipe_from
from weakseg3d.experiment.recipes import checked_recipe
from weakseg3d.schemas import PROJECT

WINDOW = ["--spacing", "5", "--window", "-175", "250"]


def recipe(*words):
    parser = argparse.ArgumentParser()
    add_recipe_options(parser)
    return recipe_from(parser.parse_args(words))


@pytest.mark.parametrize("method", ["pw4medseg", "paseg_stage1", "paseg", "dense_unet"])
def test_it_is_the_recipe_of_the_workflow(method):
    config = yaml.safe_load((Path(PROJECT) / "config/config.yaml").read_text(encoding="utf-8"))
    config |= {"methods": [method], "datasets": {"btcv": ["spleen"]}, "seeds": [3], "spacing": 5.0, "threads": 2}
    config.pop("study", None)
    experiment = load_experiment(config | {"preset": "cpu", "overrides": {}})
    ((way, limits),) = experiment.datasets["btcv"].intensity.items()
    options = ["--spacing", "5", f"--{way}", *map(str, limits), "--seed", "3", "--threads", "2", "--preset", "cpu"]
    assert recipe("--method", method, *options) == checked_recipe(experiment.recipe("btcv", method, 3), "workflow")


def test_single_keys_are_changed_and_steps_take_the_place_of_epochs():
    changed = recipe("--method", "dense_unet", *WINDOW, "--set", "training.steps=7", "prediction={overlap: 0}")
    assert changed["training"]["steps"] == 7
    assert "epochs" not in changed["training"]
    assert changed["prediction"]["overlap"] == 0


def test_a_file_of_ones_own_and_a_recipe(tmp_path):
    (tmp_path / "mine.yaml").write_text((Path(PROJECT) / "config/methods/dense_unet.yaml").read_text(encoding="utf-8"))
    made = recipe("--method", str(tmp_path / "mine.yaml"), *WINDOW)
    assert made["method"] == "mine"
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(made), encoding="utf-8")
    assert recipe("--recipe", str(tmp_path / "recipe.yaml")) == made


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--method", "pw4medsec", *WINDOW], "unknown method 'pw4medsec'"),
        (["--method", "dense_unet", "--spacing", "5"], "needs --window or --percentiles"),
        (["--method", "dense_unet", "--window", "0", "1"], "needs --spacing"),
        (["--method", "dense_unet", "--spacing", "5", "--window", "9", "1"], "the lower one first"),
        (["--method", "dense_unet", "--spacing", "0", "--window", "0", "1"], "key 'spacing' does not fit"),
        (["--method", "dense_unet", *WINDOW, "--preset", "gpu"], "unknown preset 'gpu'"),
        (["--method", "dense_unet", *WINDOW, "--set", "training.stepz=7"], "stepz"),
        (["--method", "dense_unet", *WINDOW, "--set", "training.steps"], "KEY=VALUE"),
        (["--method", "dense_unet", *WINDOW, "--set", "training.steps=[1"], "--set training.steps: not valid YAML"),
        (["--method", "truth", *WINDOW], "not trained here"),
        (["--method", "nnunet", *WINDOW], "not trained here"),
        (["--recipe", "recipe.yaml", "--seed", "0"], "--seed belongs to --method"),
    ],
)
def test_a_mistake_is_one_sentence(words, message):
    with pytest.raises(UserError) as caught:
        recipe(*words)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
