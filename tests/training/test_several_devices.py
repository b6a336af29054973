"""Training on several devices: the same batches, losses and steps as on one device, and a single set of files.

The devices are processes on the CPU, which communicate in the same way as the processes of GPUs.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

from weakseg3d.errors import UserError
from weakseg3d.experiment.recipes import checked_recipe
from weakseg3d.training import run as training_run
from weakseg3d.training.run import distill, train

SRC = Path(__file__).parents[2] / "src"
TOLERANCE = 1e-5
"""Tolerance for losses (relative) and weights (absolute) against a single device after `STEPS` steps."""
STEPS = 8
SGD = {"sgd": {"learning_rate": 0.01}}
"""Not Adam, which turns rounding errors into whole steps where they are the only gradient (a bias before a norm)."""


def recipe(devices, steps=STEPS, **changes):
    training = {
        "patch_size": [8, 16, 16],
        "steps": steps,
        "patches_per_volume": 4,
        "optimizer": SGD,
        "checkpoint_every": 3,
        "devices": devices,
        **({"validations": 2} if "selection" in changes else {}),
    }
    content = {
        "method": "test",
        "spacing": 2.0,
        "intensity": {"window": [0, 1]},
        "normalisation": "z_score",
        # The mean over the annotated voxels of a batch is not a mean over its patches.
        "loss": {"partial_ce": {}},
        "regularisers": {"variance": {"weight": 0.1}},
        "network": {"unet": {"channels": [2, 4, 8], "deep_supervision": 1}},
        "training": training,
    }
    return checked_recipe({key: value for key, value in (content | changes).items() if value}, "recipe.yaml")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three cases with a few annotated slices, one of them with very few."""
    folder = tmp_path_factory.mktemp("trainings")
    lines = ["case,image,target"]
    for case in range(3):
        target = np.full((10, 20, 22), 2, np.uint8)
        target[:: 3 + case] = 0
        target[4:6, 9 : 12 + case, 8:13] = 1
        image = 0.3 * np.random.default_rng(case).random(target.shape) + 0.5 * (target == 1)
        np.save(folder / f"image-{case}.npy", image.astype(np.float32))
        np.save(folder / f"target-{case}.npy", target)
        lines.append(f"{case},image-{case}.npy,target-{case}.npy")
    (folder / "cases.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def read(folder):
    """Return the weights, the losses and the content of run.json of a training."""
    weights = torch.load(folder / "model.pt", weights_only=True)["weights"]
    losses = np.loadtxt(folder / "losses.csv", delimiter=",", skiprows=1)[:, 1]
    return weights, losses, json.loads((folder / "run.json").read_text(encoding="utf-8"))


def assert_alike(on_one_device, on_two_devices):
    """Assert that two trainings, on one and on two devices, have the same results up to rounding."""
    (weights, losses, run), (other_weights, other_losses, other_run) = read(on_one_device), read(on_two_devices)
    assert losses == pytest.approx(other_losses, rel=TOLERANCE)
    for name, tensor in weights.items():
        torch.testing.assert_close(other_weights[name], tensor, rtol=0, atol=TOLERANCE)
    assert (run["devices"], other_run["devices"]) == (1, 2)
    assert run["kept_steps"] == other_run["kept_steps"]
    for entry, other in zip(run["validations"], other_run["validations"], strict=True):
        assert entry["scores"] == pytest.approx(other["scores"], rel=TOLERANCE)


def test_two_devices_train_as_one_does(folder, capfd):
    for devices in (1, 2):
        settings = recipe(devices, selection="weak_labels")
        train(settings, folder / "cases.csv", folder / f"on-{devices}", validation_csv=folder / "cases.csv")
    assert_alike(folder / "on-1", folder / "on-2")
    lines = capfd.readouterr().err.splitlines()
    assert lines[: len(lines) // 2] == lines[len(lines) // 2 :], "only one process prints messages"
    assert not torch.distributed.is_initialized()


def test_two_devices_distill_as_one_does_and_continue_from_the_previous_checkpoint(folder, tmp_path, monkeypatch):
    """The last checkpoint of the distillation on two devices is cut short."""
    for name in ("unet2d5", "attention_unet"):
        first = recipe(1, steps=1, network={name: {"base_features": 2, "levels": 3}})
        train(first, folder / "cases.csv", tmp_path / name)
    models = [tmp_path / name / "model.pt" for name in ("unet2d5", "attention_unet")]
    cases_csv = folder / "cases.csv"

    def run(devices, resume=False):
        settings = recipe(devices, network=None, distillation={"refresh_every": 0.25}, selection="weak_labels")
        distill(settings, cases_csv, models, tmp_path / f"on-{devices}", resume, cases_csv)

    def full_disk(*_):
        raise OSError(28, "No space left on device", "losses.csv")

    run(1)
    with monkeypatch.context() as patch:
        patch.setattr(training_run, "write_losses", full_disk)
        with pytest.raises(OSError, match="No space"):
            run(2)
    last = tmp_path / "on-2" / "checkpoints" / "last.ckpt"
    last.write_bytes(last.read_bytes()[:-1000])
    run(2, resume=True)
    assert read(tmp_path / "on-2")[2]["resumed_from_step"] == 3
    assert_alike(tmp_path / "on-1", tmp_path / "on-2")


def test_devices_must_divide_the_patches_of_a_step():
    with pytest.raises(UserError, match=r"recipe\.yaml: training\.devices must divide the patches of a step, 4 "):
        recipe(3)


def test_more_devices_than_gpus_are_refused(folder, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(UserError, match="training.devices is 2, but only 1 GPU is visible; request more GPUs"):
        train(recipe(2), folder / "cases.csv", folder / "refused")
    assert not (folder / "refused").exists()


def start(folder, out, steps=4000):
    """Start a long training on two devices and return its process once there is a checkpoint."""
    (folder / "recipe.yaml").write_text(json.dumps(recipe(2, steps)), encoding="utf-8")
    arguments = ["--recipe", "recipe.yaml", "--cases", "cases.csv", "--out", out, "--resume"]
    environment = os.environ | {"PYTHONPATH": str(SRC)}
    command = [sys.executable, "-m", "weakseg3d.jobs.devices", "train", *arguments]
    process = psutil.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, encoding="utf-8")
    while not (folder / out / "checkpoints" / "last.ckpt").exists():
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.05)
    return process


def other_process(process):
    """Return the process of the second device, which is not the only child: Python starts another helper process."""
    (other,) = [child for child in process.children() if "spawn_main" in " ".join(child.cmdline())]
    return other


def test_sigterm_to_all_processes_ends_them_after_the_same_step(folder):
    process = start(folder, "terminated")
    for receiver in (other_process(process), process):
        receiver.send_signal(signal.SIGTERM)
    lines = process.communicate(timeout=120)[1].splitlines()
    step = torch.load(folder / "terminated" / "checkpoints" / "last.ckpt", weights_only=True)["global_step"]
    assert process.returncode == 143
    assert lines[-1] == f"weakseg3d train: stopped by SIGTERM after step {step}; --resume continues from there"


@pytest.mark.slow
@pytest.mark.parametrize("killed", ["first", "other"])
def test_no_process_outlives_another(folder, killed):
    process = start(folder, killed)
    other = other_process(process)
    (process if killed == "first" else other).kill()
    error = process.communicate(timeout=120)[1]
    other.wait(timeout=30)
    assert ("a process of this training ended with exit code -9" in error) == (killed == "other")
    assert process.returncode == (-9 if killed == "first" else 1)
