"""Epochs are counted in steps once the training volumes are known."""

import json

import numpy as np
import pytest
import torch

from weakseg3d.experiment.recipes import checked_model_recipe, checked_recipe
from weakseg3d.training.length import in_steps, steps_per_epoch
from weakseg3d.training.run import train


def recipe(**training):
    return checked_recipe(
        {
            "method": "test",
            "spacing": 1.0,
            "intensity": {"window": [0, 1]},
            "network": {"unet": {"channels": [2, 4, 8]}},
            "loss": {"dice_ce": {}},
            "training": {
                "patch_size": [8, 8, 8],
                "patches_per_volume": 2,
                "optimizer": {"adamw": {"learning_rate": 0.01}},
                **training,
            },
        },
        "recipe.yaml",
    )


@pytest.fixture
def cases_csv(tmp_path):
    """Three cases with a cube as the organ, and one without the organ."""
    lines = ["case,image,target"]
    for name in "abcd":
        mask = np.zeros((10, 10, 10), np.uint8)
        mask[3:7, 3:7, 3:7] = name != "d"
        np.save(tmp_path / f"image_{name}.npy", (0.5 * mask).astype(np.float32))
        np.save(tmp_path / f"target_{name}.npy", mask)
        lines.append(f"{name},image_{name}.npy,target_{name}.npy")
    (tmp_path / "cases.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path / "cases.csv"


def test_an_epoch_is_a_pass_over_the_volumes():
    assert steps_per_epoch({"volumes_per_step": 1, "extra_steps_per_epoch": 0}, 20) == 20
    assert steps_per_epoch({"volumes_per_step": 1, "extra_steps_per_epoch": 1}, 20) == 21
    # Seven volumes, three at a time: the third step also takes two volumes of the next pass.
    assert steps_per_epoch({"volumes_per_step": 3, "extra_steps_per_epoch": 0}, 7) == 3


def test_the_published_lengths():
    pw4medseg = recipe(epochs=3500, schedule={"warmup_epochs": 50})["training"]
    assert (in_steps(pw4medseg, 20)["steps"], in_steps(pw4medseg, 15)["steps"]) == (70000, 52500)
    assert in_steps(pw4medseg, 20)["schedule"]["warmup_steps"] == 1000
    paseg = recipe(epochs=300, extra_steps_per_epoch=1)["training"]
    assert in_steps(paseg, 20)["steps"] == 6300


def test_a_training_in_steps_stays_as_it_is():
    training = recipe(steps=7, schedule={"warmup_steps": 2})["training"]
    assert in_steps(training, 20) == training


def test_a_run_takes_its_epochs_over_the_cases_with_the_organ(cases_csv, tmp_path):
    counted = recipe(epochs=2, extra_steps_per_epoch=1, schedule={"warmup_epochs": 1})
    train(counted, cases_csv, tmp_path / "epochs")
    run = json.loads((tmp_path / "epochs/run.json").read_text(encoding="utf-8"))
    # Three cases and an extra step, twice.
    assert (run["epochs"], run["steps_per_epoch"], run["recipe"]["training"]["steps"]) == (2, 4, 8)
    assert run["recipe"]["training"]["schedule"] == {"decay": "cosine", "warmup_steps": 4}
    assert len((tmp_path / "epochs/losses.csv").read_text(encoding="utf-8").splitlines()) == 1 + 8
    model = torch.load(tmp_path / "epochs/model.pt", weights_only=True)["recipe"]
    assert checked_model_recipe(model, "model.pt") == model == run["recipe"]

    train(recipe(steps=8, schedule={"warmup_steps": 4}), cases_csv, tmp_path / "steps")
    assert (tmp_path / "steps/losses.csv").read_bytes() == (tmp_path / "epochs/losses.csv").read_bytes()
    steps = json.loads((tmp_path / "steps/run.json").read_text(encoding="utf-8"))
    assert (steps["epochs"], steps["steps_per_epoch"]) == (None, 3)


def test_epochs_that_were_interrupted_continue(cases_csv, tmp_path, monkeypatch):
    from weakseg3d.training.fitting import StepRecord

    counted = recipe(epochs=2, checkpoint_every=2)
    train(counted, cases_csv, tmp_path / "whole")
    original = StepRecord.on_train_batch_end

    def stop(self, trainer, module, *rest):
        original(self, trainer, module, *rest)
        if trainer.global_step == 5:
            raise RuntimeError("power cut")

    with monkeypatch.context() as patched:
        patched.setattr(StepRecord, "on_train_batch_end", stop)
        with pytest.raises(RuntimeError, match="power cut"):
            train(counted, cases_csv, tmp_path / "cut", resume=True)
    train(counted, cases_csv, tmp_path / "cut", resume=True)
    assert (tmp_path / "cut/losses.csv").read_bytes() == (tmp_path / "whole/losses.csv").read_bytes()
    assert json.loads((tmp_path / "cut/run.json").read_text(encoding="utf-8"))["resumed_from_step"] == 4
