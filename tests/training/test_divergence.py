"""A training that diverges stops with one sentence, and nothing that is not finite is kept or continued."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from weakseg3d.cli import main
from weakseg3d.errors import UserError
from weakseg3d.experiment.recipes import checked_recipe
from weakseg3d.training import fitting
from weakseg3d.training.arrays import write_array
from weakseg3d.training.checkpoints import WholeCheckpoints, checkpoint_to_resume
from weakseg3d.training.module import SegmentationModule
from weakseg3d.training.run import train

SRC = Path(__file__).parents[2] / "src"
NAN = float("nan")


@pytest.fixture
def folder(tmp_path):
    target = np.zeros((10, 12, 14), np.uint8)
    target[3:7, 4:9, 5:10] = 1
    image = (0.5 * target + np.random.default_rng(0).random(target.shape) / 4).astype(np.float32)
    for name, array in (("image", image), ("target", target)):
        write_array(array, (1, 1, 1), tmp_path / f"{name}.npy")
    (tmp_path / "cases.csv").write_text("case,image,target\na,image.npy,target.npy\n", encoding="utf-8")
    return tmp_path


def recipe(selection="last", **training):
    content = {
        "method": "test",
        "spacing": 1.0,
        "intensity": {"window": [0, 1]},
        "network": {"unet": {"channels": [2, 4, 8]}},
        "loss": {"dice_ce": {}},
        "selection": selection,
        "training": {
            "patch_size": [8, 8, 8],
            "steps": 6,
            "patches_per_volume": 2,
            "optimizer": {"adamw": {"learning_rate": 0.01}},
            "checkpoint_every": 1,
            **({} if selection == "last" else {"validations": 3}),
            **training,
        },
    }
    return checked_recipe(content, "recipe.yaml")


def spoil_loss(monkeypatch, step, value=NAN):
    """Make the loss of one ``step``, counted from 1, not finite."""
    training_step = SegmentationModule.training_step

    def spoilt(module, batch, index):
        loss = training_step(module, batch, index)
        return loss * value if module.global_step + 1 == step else loss

    monkeypatch.setattr(SegmentationModule, "training_step", spoilt)


def spoil_weights(monkeypatch, step):
    """Make the weights NaN in the update of one ``step``, counted from 1, whose loss is still finite."""
    update = torch.optim.AdamW.step
    calls = []

    def spoilt(optimizer, *arguments, **options):
        result = update(optimizer, *arguments, **options)
        calls.append(1)
        if len(calls) == step:
            with torch.no_grad():
                for parameter in optimizer.param_groups[0]["params"]:
                    parameter.fill_(NAN)
        return result

    monkeypatch.setattr(torch.optim.AdamW, "step", spoilt)


def checkpoint(folder, name="last"):
    return torch.load(folder / "out" / "checkpoints" / f"{name}.ckpt", weights_only=True)


def is_finite(saved):
    return all(torch.isfinite(tensor).all() for tensor in saved["state_dict"].values())


@pytest.mark.parametrize("value", [NAN, float("inf")])
def test_a_training_stops_at_the_first_loss_that_is_not_finite(folder, monkeypatch, value):
    spoil_loss(monkeypatch, 4, value)
    with pytest.raises(UserError, match=f"out: training diverged, as the loss of step 4 is {value}; lower"):
        train(recipe(), folder / "cases.csv", folder / "out")
    assert checkpoint(folder)["global_step"] == 3
    assert is_finite(checkpoint(folder))
    assert not (folder / "out" / "model.pt").exists()
    assert not (folder / "out" / "run.json").exists()


def read_losses_as_on_a_gpu(monkeypatch):
    """Leave losses unread for as long as a GPU does, so that no step of these trainings reads its own."""
    record = fitting.StepRecord
    rare = fitting.LOSSES_READ_EVERY
    monkeypatch.setattr(fitting, "StepRecord", lambda out, read_at, every: record(out, read_at, every=rare))


def test_losses_that_are_read_later_stop_a_training_all_the_same(folder, monkeypatch):
    read_losses_as_on_a_gpu(monkeypatch)
    spoil_loss(monkeypatch, 3)
    with pytest.raises(UserError, match="the loss of step 3 is nan"):
        train(recipe(checkpoint_every=2), folder / "cases.csv", folder / "out")
    assert checkpoint(folder)["global_step"] == 2
    assert is_finite(checkpoint(folder))


def test_losses_are_read_before_a_state_is_scored(folder, monkeypatch):
    read_losses_as_on_a_gpu(monkeypatch)
    scores = []
    monkeypatch.setattr(fitting, "selection_score", lambda *_: lambda *_: scores.append(1) or 0.0)
    spoil_loss(monkeypatch, 3)
    with pytest.raises(UserError, match="the loss of step 3 is nan"):
        train(
            recipe("weak_labels", checkpoint_every=100),
            folder / "cases.csv",
            folder / "out",
            validation_csv=folder / "cases.csv",
        )
    # Of the steps 2, 4 and 6, at which states are scored, only the first came before the divergence.
    assert len(scores) == 1


def test_losses_that_are_read_later_are_the_same(folder, monkeypatch):
    train(recipe(), folder / "cases.csv", folder / "out")
    read_losses_as_on_a_gpu(monkeypatch)
    train(recipe(), folder / "cases.csv", folder / "later")
    assert (folder / "later" / "losses.csv").read_bytes() == (folder / "out" / "losses.csv").read_bytes()


def test_the_verb_says_so_in_one_sentence(folder, monkeypatch, capsys):
    spoil_loss(monkeypatch, 2)
    (folder / "recipe.yaml").write_text(json.dumps(recipe()), encoding="utf-8")
    files = [
        "--recipe",
        str(folder / "recipe.yaml"),
        "--cases",
        str(folder / "cases.csv"),
        "--out",
        str(folder / "out"),
    ]
    assert main(["train", *files]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"weakseg3d train: {folder}/out: training diverged, as the loss of step 2 is nan; lower the method's learning"
        " rate"
    )


def test_no_checkpoint_has_weights_that_are_not_finite(folder, monkeypatch, capsys):
    spoil_weights(monkeypatch, 3)
    with pytest.raises(UserError, match="the loss of step 4 is nan"):
        train(recipe(), folder / "cases.csv", folder / "out")
    assert checkpoint(folder)["global_step"] == 2
    assert "last.ckpt: not written, as the weights after step 3 are not finite" in capsys.readouterr().err


def test_weights_that_are_not_finite_after_the_last_step_are_not_a_model(folder, monkeypatch):
    spoil_weights(monkeypatch, 6)
    with pytest.raises(UserError, match="diverged, as the weights after step 6 are not finite"):
        train(recipe(), folder / "cases.csv", folder / "out")
    assert not (folder / "out" / "model.pt").exists()


@pytest.mark.parametrize("selection", ["weak_labels", "dense_validation"])
def test_a_run_that_keeps_a_state_from_before_its_divergence_says_so(folder, monkeypatch, selection):
    spoil_weights(monkeypatch, 6)
    settings = recipe(selection)
    cases = folder / "cases.csv"
    if selection == "weak_labels":
        monkeypatch.setattr(
            fitting,
            "selection_score",
            lambda *_: (
                lambda network, share: float(-sum(parameter.detach().abs().sum() for parameter in network.parameters()))
            ),
        )
    train(settings, cases, folder / "out", validation_csv=cases)

    def reject(token):
        raise AssertionError(f"{token} is not JSON")

    run = json.loads((folder / "out" / "run.json").read_text(encoding="utf-8"), parse_constant=reject)
    assert run["diverged_after_step"] == 6
    assert run["kept_steps"][0] in (2, 4)
    weights = torch.load(folder / "out" / "model.pt", weights_only=True)["weights"]
    assert all(torch.isfinite(tensor).all() for tensor in weights.values())


def test_a_run_that_does_not_diverge_says_so(folder):
    train(recipe(), folder / "cases.csv", folder / "out")
    assert json.loads((folder / "out" / "run.json").read_text(encoding="utf-8"))["diverged_after_step"] is None


def test_selection_scores_that_are_all_nan_end_in_one_sentence(folder, monkeypatch):
    monkeypatch.setattr(fitting, "selection_score", lambda *_: lambda network, share: NAN)
    with pytest.raises(UserError, match="diverged, as no selection score so far is finite"):
        train(recipe("weak_labels"), folder / "cases.csv", folder / "out", validation_csv=folder / "cases.csv")
    assert not (folder / "out" / "model.pt").exists()


def save(folder, name, step, value):
    torch.save({"global_step": step, "state_dict": {"weight": torch.tensor([1.0, value])}}, folder / f"{name}.ckpt")


def test_weights_that_are_not_finite_are_never_continued(tmp_path, capsys):
    checkpoint_to_resume(tmp_path, "run", resume=True)
    save(tmp_path, "previous", 1, 0.0)
    save(tmp_path, "last", 2, NAN)
    assert checkpoint_to_resume(tmp_path, "run", resume=True) == (tmp_path / "last.ckpt", 1)
    assert capsys.readouterr().err == (
        f"{tmp_path}/last.ckpt: its weights are not finite; training continues from the previous one, after step 1\n"
    )
    save(tmp_path, "previous", 1, float("inf"))
    save(tmp_path, "last", 2, NAN)
    assert checkpoint_to_resume(tmp_path, "run", resume=True) == (None, 0)
    assert capsys.readouterr().err == (
        f"{tmp_path}/last.ckpt: its weights are not finite; training starts from the beginning\n"
    )
    assert not (tmp_path / "last.ckpt").exists()


def test_a_checkpoint_that_is_not_written_replaces_none(tmp_path, capsys):
    finite, spoilt = ({"weight": torch.tensor([value])} for value in (1.0, NAN))
    for step, weights in ((1, finite), (2, finite), (3, spoilt)):
        WholeCheckpoints().save_checkpoint({"global_step": step, "state_dict": weights}, tmp_path / "last.ckpt")
    steps = [torch.load(tmp_path / f"{name}.ckpt")["global_step"] for name in ("previous", "last")]
    assert steps == [1, 2]


def test_two_processes_stop_with_one_sentence(folder):
    settings = recipe(devices=2, steps=50, optimizer={"sgd": {"learning_rate": 1e30, "momentum": 0.9}})
    (folder / "recipe.yaml").write_text(json.dumps(settings), encoding="utf-8")
    command = [sys.executable, "-m", "weakseg3d", "train", "--recipe", "recipe.yaml", "--cases", "cases.csv"]
    environment = os.environ | {"PYTHONPATH": str(SRC)}
    ran = subprocess.run(
        [*command, "--out", "out"], cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=120
    )
    assert ran.returncode == 2, ran.stderr
    assert "weakseg3d train: out: training diverged, as the loss of step" in ran.stderr.splitlines()[-1]
    assert "ended with exit code" not in ran.stderr
    assert "Traceback" not in ran.stderr
