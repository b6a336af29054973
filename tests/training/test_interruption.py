"""A training that is killed or terminated continues from its last checkpoint as if it had not been interrupted."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from weakseg3d.training import run as training_run
from weakseg3d.training.arrays import write_array

SRC = Path(__file__).parents[2] / "src"
STEPS = 250
SPACING = (2.0, 2.0, 2.0)
BOTH = ("previous.ckpt", "last.ckpt")
RECIPE = {
    "method": "test",
    "spacing": 2.0,
    "intensity": {"window": [0, 1]},
    "network": {"unet": {"channels": [2, 4, 8]}},
    "loss": {"dice_ce": {}},
    "training": {
        "patch_size": [16, 16, 16],
        "steps": STEPS,
        "optimizer": {"adamw": {"learning_rate": 0.01}},
        "checkpoint_every": 10,
    },
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A recipe, two cases, and an uninterrupted training, in ``whole``."""
    folder = tmp_path_factory.mktemp("trainings")
    lines = ["case,image,target"]
    for number in range(2):
        target = np.zeros((20, 22, 24), np.uint8)
        target[6:12, 8:14, 4:10] = 1
        noise = np.random.default_rng(number).random(target.shape)
        write_array((0.5 * noise + 0.5 * target).astype(np.float32), SPACING, folder / f"image-{number}.npy")
        write_array(target, SPACING, folder / f"target-{number}.npy")
        lines.append(f"{number},image-{number}.npy,target-{number}.npy")
    (folder / "cases.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "recipe.yaml").write_text(json.dumps(RECIPE), encoding="utf-8")
    endless = RECIPE | {"training": RECIPE["training"] | {"steps": 100 * STEPS}}
    (folder / "endless.yaml").write_text(json.dumps(endless), encoding="utf-8")
    finish(folder, "whole")
    return folder


def start(folder, out, recipe="recipe.yaml"):
    arguments = ["--recipe", recipe, "--cases", "cases.csv", "--out", out, "--resume"]
    environment = os.environ | {"PYTHONPATH": str(SRC)}
    command = [sys.executable, "-m", "weakseg3d", "train", *arguments]
    streams = {"stderr": subprocess.PIPE, "encoding": "utf-8"}
    return subprocess.Popen(command, cwd=folder, env=environment, preexec_fn=hear_ctrl_c, **streams)


def hear_ctrl_c():
    """Undo what a shell does to the processes that it starts in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def finish(folder, out):
    """Train to the end and return the standard error."""
    process = start(folder, out)
    _, error = process.communicate()
    assert process.returncode == 0, error
    return error


def interrupt(folder, out, number, checkpoints=("last.ckpt",), recipe="recipe.yaml"):
    """Start a training, send a signal once the checkpoints exist, and return the exit code and standard error."""
    process = start(folder, out, recipe)
    while not all((folder / out / "checkpoints" / checkpoint).exists() for checkpoint in checkpoints):
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.01)
    process.send_signal(number)
    _, error = process.communicate()
    assert not (folder / out / "model.pt").exists()
    return process.returncode, error


def saved_step(folder, out, checkpoint="last.ckpt"):
    return torch.load(folder / out / "checkpoints" / checkpoint, weights_only=True)["global_step"]


def truncate(folder, out, checkpoint="last.ckpt"):
    path = folder / out / "checkpoints" / checkpoint
    path.write_bytes(path.read_bytes()[:-1000])


def run_of(folder, out):
    return json.loads((folder / out / "run.json").read_text(encoding="utf-8"))


def assert_equals_the_uninterrupted(folder, out):
    whole, other = (torch.load(folder / name / "model.pt", weights_only=True)["weights"] for name in ("whole", out))
    assert all(whole[key].numpy().tobytes() == other[key].numpy().tobytes() for key in whole)
    losses = (folder / "whole" / "losses.csv").read_bytes()
    assert losses == (folder / out / "losses.csv").read_bytes()
    assert losses.count(b"\n") == STEPS + 1
    assert not (folder / out / "checkpoints").exists()


def test_a_killed_training_continues_from_its_checkpoint(folder):
    code, _ = interrupt(folder, "killed", signal.SIGKILL)
    assert code == -signal.SIGKILL
    step = saved_step(folder, "killed")
    assert 0 < step < STEPS
    finish(folder, "killed")
    assert_equals_the_uninterrupted(folder, "killed")
    assert run_of(folder, "killed")["resumed_from_step"] == step
    assert run_of(folder, "whole")["resumed_from_step"] is None


def test_a_terminated_training_saves_its_last_step_and_says_so(folder):
    code, error = interrupt(folder, "terminated", signal.SIGTERM)
    assert code == 143
    step = saved_step(folder, "terminated")
    expected_starts = ("loading:", "training:", "weakseg3d: no GPU found")
    messages = [line for line in error.splitlines() if not line.startswith(expected_starts)]
    assert messages == [f"weakseg3d train: stopped by SIGTERM after step {step}; --resume continues from there"]
    finish(folder, "terminated")
    assert_equals_the_uninterrupted(folder, "terminated")
    assert run_of(folder, "terminated")["resumed_from_step"] == step


def test_ctrl_c_ends_a_training_with_a_message(folder):
    code, error = interrupt(folder, "interrupted", signal.SIGINT, recipe="endless.yaml")
    assert code == 130
    assert error.splitlines()[-1] == "weakseg3d train: interrupted"
    assert "Traceback" not in error


def test_a_truncated_checkpoint_is_replaced_by_the_previous_one(folder):
    interrupt(folder, "truncated", signal.SIGKILL, BOTH)
    step = saved_step(folder, "truncated", "previous.ckpt")
    assert 0 < step < saved_step(folder, "truncated") < STEPS
    truncate(folder, "truncated")
    lines = finish(folder, "truncated").splitlines()
    reports = [line.partition("last.ckpt: ")[2] for line in lines if "last.ckpt" in line]
    assert reports == [f"not a readable checkpoint; training continues from the previous one, after step {step}"]
    assert_equals_the_uninterrupted(folder, "truncated")
    assert run_of(folder, "truncated")["resumed_from_step"] == step


def test_training_starts_from_the_beginning_when_no_checkpoint_can_be_read(folder):
    interrupt(folder, "lost", signal.SIGKILL, BOTH)
    for checkpoint in BOTH:
        truncate(folder, "lost", checkpoint)
    assert "last.ckpt: not a readable checkpoint; training starts from the beginning\n" in finish(folder, "lost")
    assert_equals_the_uninterrupted(folder, "lost")
    assert run_of(folder, "lost")["resumed_from_step"] is None


def test_a_training_killed_after_its_last_step_only_writes_its_files(folder, monkeypatch, capsys):
    from weakseg3d.cli import main

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.chdir(folder)
    command = ["train", "--recipe", "recipe.yaml", "--cases", "cases.csv", "--out", "late", "--resume"]
    with monkeypatch.context() as patch:
        patch.setattr(training_run, "write_losses", killed)
        assert main(command) == 130
    assert saved_step(folder, "late") == STEPS
    assert main(command) == 0
    assert_equals_the_uninterrupted(folder, "late")


def test_an_old_checkpoint_is_not_used_with_changed_voxels(folder, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("*.pt"))
    interrupt(copy, "changed", signal.SIGKILL)
    image = np.load(copy / "image-1.npy")
    image[-1, -1, -1] += 0.1
    write_array(image, SPACING, copy / "image-1.npy")
    finish(copy, "changed")
    assert run_of(copy, "changed")["resumed_from_step"] is None
