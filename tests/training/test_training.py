"""Training: cases are checked, steps depend on the seed alone, a resumed run equals an uninterrupted one."""

import itertools
import json
import os

import numpy as np
import pytest
import torch
from conftest import make_volume, oblique_direction
from torch.utils.data import DataLoader

from weakseg3d.errors import UserError
from weakseg3d.experiment.recipes import checked_recipe
from weakseg3d.images.volumes import write_volume
from weakseg3d.networks.noise import divergence
from weakseg3d.training import fitting
from weakseg3d.training import run as training_run
from weakseg3d.training.checkpoints import WholeCheckpoints, checkpoint_to_resume, fingerprint
from weakseg3d.training.loading import load_cases, read_cases
from weakseg3d.training.module import SegmentationModule
from weakseg3d.training.optimizer import rate_factor
from weakseg3d.training.patches import PatchDataset, threshold_target

INTENSITY = {"window": [0, 100]}


@pytest.fixture
def cases_csv(tmp_path):
    """Two cases, one of them flipped and oblique, with a bright cube as the organ; a third lacks the organ."""
    lines = ["case,image,target"]
    for number, direction in enumerate([np.eye(3), oblique_direction(), np.eye(3)]):
        target = np.zeros((20, 22, 24), np.uint8)
        if number < 2:
            target[6:12, 8:14, 4:10] = 1
        noise = np.random.default_rng(number).normal(20, 5, target.shape)
        image = (noise + 50 * target).astype(np.float32)
        write_volume(make_volume(image, (2, 2, 2), direction=direction), tmp_path / f"image-{number}.nii.gz")
        write_volume(make_volume(target, (2, 2, 2), direction=direction), tmp_path / f"target-{number}.nii.gz")
        lines.append(f"{number},image-{number}.nii.gz,target-{number}.nii.gz")
    (tmp_path / "cases.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path / "cases.csv"


def recipe(**training):
    content = {
        "method": "test",
        "spacing": 2.0,
        "intensity": INTENSITY,
        "network": {"unet": {"channels": [2, 4, 8]}},
        "loss": {"dice_ce": {}},
        "training": {
            "patch_size": [16, 16, 16],
            "steps": 6,
            "patches_per_volume": 2,
            "optimizer": {"adamw": {"learning_rate": 0.01}},
            "checkpoint_every": 3,
            **training,
        },
    }
    return checked_recipe(content, "recipe.yaml")


def test_a_case_without_the_organ_is_reported_and_left_out(cases_csv, capsys):
    cases = load_cases(read_cases(cases_csv), INTENSITY)
    assert [case["case"] for case in cases] == ["0", "1"]
    assert "case 2 is left out" in capsys.readouterr().err


def test_all_cases_reach_the_network_in_one_orientation(cases_csv):
    first, turned = load_cases(read_cases(cases_csv), INTENSITY)
    for case in (first, turned):
        assert case["image"][case["target"] > 0].min() > case["image"][case["target"] == 0].mean() + 0.3
    # The second volume is flipped along x; in one orientation its cube lies on the other side.
    assert first["target"].nonzero()[2].mean() != turned["target"].nonzero()[2].mean()


def test_a_list_of_cases_must_be_complete(tmp_path):
    (tmp_path / "cases.csv").write_text("case,image\n", encoding="utf-8")
    with pytest.raises(UserError, match="header must be 'case,image,target'"):
        read_cases(tmp_path / "cases.csv")
    (tmp_path / "cases.csv").write_text("case,image,target\na,nowhere.nii.gz,nowhere.nii.gz\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"nowhere\.nii\.gz: no such file"):
        read_cases(tmp_path / "cases.csv")


def test_patches_depend_on_seed_and_step_alone(cases_csv):
    cases = load_cases(read_cases(cases_csv), INTENSITY)
    first, again, other = (PatchDataset(cases, recipe()["training"], seed) for seed in (0, 0, 1))
    _ = first.batch(0), first.batch(1)
    assert torch.equal(first.batch(4)["image"], again.batch(4)["image"])
    assert not torch.equal(first.batch(4)["image"], other.batch(4)["image"])
    assert first.batch(4)["image"].shape == (2, 1, 16, 16, 16)


def test_workers_share_the_steps_without_changing_them(cases_csv):
    patches = PatchDataset(load_cases(read_cases(cases_csv), INTENSITY), recipe()["training"], 0, first_step=3)
    shared = list(itertools.islice(DataLoader(patches, batch_size=None, num_workers=2), 4))
    assert all(torch.equal(batch["image"], patches.batch(3 + n)["image"]) for n, batch in enumerate(shared))


def test_a_hard_target_is_thresholded_and_unknown_voxels_are_kept():
    target = torch.tensor([0.0, 0.3, 0.31, 1.0, 2.0])
    assert threshold_target(target, 0.3).tolist() == [0, 0, 1, 1, 2]


def test_the_recipe_decides_how_a_soft_target_is_read():
    soft = np.zeros((16, 16, 16), np.float32)
    soft[4:8, 4:8, 4:8] = 0.4
    case = {"case": "a", "image": np.zeros_like(soft), "target": soft, "mean": 0.0, "std": 1.0}
    for form, values in (("soft", {0.0, np.float32(0.4)}), ("hard", {0.0, 1.0})):
        patches = PatchDataset([case], recipe()["training"], 0, target={"form": form, "threshold": 0.3})
        assert len(patches.volumes[0]["foreground"]) == 64
        assert set(patches.batch(0)["target"].unique().tolist()) == values


def test_patches_larger_than_a_volume_are_padded(cases_csv):
    cases = load_cases(read_cases(cases_csv), INTENSITY)
    patches = PatchDataset(cases, recipe(patch_size=[32, 32, 32])["training"], 0)
    assert next(iter(patches))["target"].shape == (2, 1, 32, 32, 32)


def test_learning_rate_rises_then_falls_to_zero():
    factors = [rate_factor(step, 100, "polynomial", 10) for step in range(101)]
    assert max(factors) == factors[10] == 1.0
    assert factors[0] == pytest.approx(1 / 11)
    assert factors[100] == 0.0
    assert rate_factor(50, 100, "constant", 0) == 1.0
    assert rate_factor(50, 100, "cosine", 0) == pytest.approx(0.5)


def test_a_run_describes_itself_and_the_same_seed_gives_the_same_weights(cases_csv, tmp_path):
    for out in ("a", "b"):
        training_run.train(recipe(), cases_csv, tmp_path / out)
    weights = [torch.load(tmp_path / out / "model.pt", weights_only=True)["weights"] for out in ("a", "b")]
    assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])
    run = json.loads((tmp_path / "a" / "run.json").read_text(encoding="utf-8"))
    assert run["cases"] == ["0", "1"]
    assert {"recipe", "seed", "versions", "git_commit", "wall_time_s", "steps_per_s", "peak_memory_mb"} <= run.keys()
    assert (tmp_path / "a" / "losses.csv").read_text(encoding="utf-8").count("\n") == 7
    assert not (tmp_path / "a" / "checkpoints").exists()


class PowerCut(BaseException):
    """Not an Exception, so that no handler catches it."""


def test_a_resumed_run_equals_an_uninterrupted_one(cases_csv, tmp_path, monkeypatch):
    training_run.train(recipe(), cases_csv, tmp_path / "whole")

    def cut(self, trainer, *_):
        if trainer.global_step == 5:
            raise PowerCut

    with monkeypatch.context() as patch:
        patch.setattr(fitting.StepRecord, "on_train_batch_end", cut)
        with pytest.raises(PowerCut):
            training_run.train(recipe(), cases_csv, tmp_path / "cut")
    assert (tmp_path / "cut" / "checkpoints" / "last.ckpt").exists()
    assert not (tmp_path / "cut" / "model.pt").exists()

    training_run.train(recipe(), cases_csv, tmp_path / "cut", resume=True)
    whole, resumed = (torch.load(tmp_path / d / "model.pt", weights_only=True)["weights"] for d in ("whole", "cut"))
    assert all(torch.equal(whole[key], resumed[key]) for key in whole)


def test_a_checkpoint_of_another_recipe_is_not_used(cases_csv, tmp_path):
    cases = load_cases(read_cases(cases_csv), INTENSITY)
    folder = tmp_path / "checkpoints"
    run_hash, other_hash = (fingerprint(recipe(steps=steps), cases) for steps in (6, 7))
    assert checkpoint_to_resume(folder, run_hash, resume=True) == (None, 0)
    torch.save({"global_step": 3}, folder / "last.ckpt")
    assert checkpoint_to_resume(folder, run_hash, resume=True) == (folder / "last.ckpt", 3)
    assert checkpoint_to_resume(folder, other_hash, resume=True) == (None, 0)
    assert not (folder / "last.ckpt").exists()


@pytest.mark.parametrize("moment", [0, 1])
def test_a_kill_while_a_checkpoint_is_written_leaves_a_complete_one(tmp_path, monkeypatch, moment):
    """The kill comes before each of the two renames that put the third checkpoint in place."""
    assert checkpoint_to_resume(tmp_path, "run", resume=True) == (None, 0)
    for step in (1, 2):
        WholeCheckpoints().save_checkpoint({"global_step": step}, tmp_path / "last.ckpt")
    calls, replace = itertools.count(), os.replace

    def cut(source, target):
        if next(calls) == moment:
            raise PowerCut
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", cut)
        with pytest.raises(PowerCut):
            WholeCheckpoints().save_checkpoint({"global_step": 3}, tmp_path / "last.ckpt")
    assert checkpoint_to_resume(tmp_path, "run", resume=True) == (tmp_path / "last.ckpt", 2)


def test_an_unreadable_checkpoint_never_becomes_the_previous_one(tmp_path):
    checkpoint_to_resume(tmp_path, "run", resume=True)
    for step in (1, 2):
        WholeCheckpoints().save_checkpoint({"global_step": step}, tmp_path / "last.ckpt")
    (tmp_path / "last.ckpt").write_bytes(b"")
    assert checkpoint_to_resume(tmp_path, "run", resume=True) == (tmp_path / "last.ckpt", 1)
    WholeCheckpoints().save_checkpoint({"global_step": 2}, tmp_path / "last.ckpt")
    steps = [torch.load(tmp_path / f"{name}.ckpt")["global_step"] for name in ("previous", "last")]
    assert steps == [1, 2]


def test_a_run_that_diverges_is_refused(cases_csv, tmp_path):
    settings = {"learning_rate": 1e30, "momentum": 0.9, "weight_decay": 0.0}
    with pytest.raises(UserError, match="diverged"):
        training_run.train(recipe(optimizer={"sgd": settings}), cases_csv, tmp_path / "out")
    assert not (tmp_path / "out" / "model.pt").exists()


SMALL = {"feature_size": 2, "hidden_size": 24, "mlp_size": 24, "heads": 2}
LOSSES = ["weighted_ce_dice", "soft_ce_dice", "focal", "ce", "dice", "soft_dice", "ce_dice_boundary", "dice_ce"]


@pytest.mark.parametrize(
    ("loss", "attention", "form"),
    [(loss, "pmsa", "soft") for loss in LOSSES]
    + [("weighted_ce_dice", attention, "hard") for attention in ("pmsa_dot_product", "deterministic")],
)
def test_every_component_of_the_ablation_trains(cases_csv, tmp_path, loss, attention, form):
    content = recipe(steps=2, patch_size=[32, 16, 16]) | {
        "network": {"ptn": SMALL | {"attention": attention}},
        "loss": {loss: {}},
        "regularisers": {"kl_divergence": {"weight": 0.0 if attention == "deterministic" else 0.3}},
        "target": {"form": form},
    }
    training_run.train(checked_recipe(content, "recipe.yaml"), cases_csv, tmp_path / "out")
    lines = (tmp_path / "out" / "losses.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 3
    assert np.isfinite([float(line.split(",")[1]) for line in lines[1:]]).all()


def test_the_divergence_is_weighted(cases_csv):
    content = recipe(patch_size=[32, 16, 16]) | {"network": {"ptn": SMALL}}
    losses = []
    for weight in (0.0, 0.5):
        torch.manual_seed(0)
        weighted = content | {"loss": {"ce": {}}, "regularisers": {"kl_divergence": {"weight": weight}}}
        module = SegmentationModule(checked_recipe(weighted, "recipe.yaml"))
        torch.manual_seed(1)
        batch = {"image": torch.randn(2, 1, 32, 16, 16), "target": torch.rand(2, 1, 32, 16, 16)}
        losses.append(module.training_step(batch, 0).item())
        mean_divergence = divergence(module.network).mean().item()
    assert losses[1] - losses[0] == pytest.approx(0.5 * mean_divergence, rel=1e-4)
