"""Which state of a network is selected, and by which scores."""

import json

import numpy as np
import pytest
import torch

from weakseg3d.errors import UserError
from weakseg3d.experiment.recipes import checked_recipe
from weakseg3d.training import selection
from weakseg3d.training.loading import load_cases, read_cases
from weakseg3d.training.module import SegmentationModule
from weakseg3d.training.run import train
from weakseg3d.training.selection import selection_score, validation_steps

INTENSITY = {"window": [0, 1]}


def recipe(rule, **training):
    return checked_recipe(
        {
            "method": "test",
            "spacing": 1.0,
            "intensity": INTENSITY,
            "network": {"unet": {"channels": [2, 4, 8]}},
            "loss": {"partial_dice_ce": {}},
            "selection": rule,
            "training": {
                "patch_size": [8, 8, 8],
                "steps": 8,
                "patches_per_volume": 2,
                "optimizer": {"adamw": {"learning_rate": 0.01}},
                **({} if rule == "last" else {"validations": 4}),
                **training,
            },
        },
        "recipe.yaml",
    )


@pytest.fixture
def cases_csv(tmp_path):
    generator = np.random.default_rng(0)
    mask = np.zeros((10, 12, 14), np.uint8)
    mask[3:7, 4:9, 5:10] = 1
    np.save(tmp_path / "image.npy", (0.5 * mask + generator.random(mask.shape) / 4).astype(np.float32))
    np.save(tmp_path / "target.npy", mask)
    (tmp_path / "cases.csv").write_text("case,image,target\na,image.npy,target.npy\n", encoding="utf-8")
    return tmp_path / "cases.csv"


class Constant(torch.nn.Module):
    """A network that predicts foreground where the image is above a level."""

    def __init__(self, level):
        super().__init__()
        self.level = torch.nn.Parameter(torch.tensor(level))

    def forward(self, x):
        return 20 * (x - self.level)


def test_scores_are_taken_at_equal_intervals_and_at_the_end():
    assert validation_steps({"steps": 100, "validations": 5}) == [20, 40, 60, 80, 100]
    assert validation_steps({"steps": 3, "validations": 5}) == [1, 2, 3]


def test_scores_are_taken_every_so_many_steps_and_at_the_end():
    assert validation_steps({"steps": 100, "validations": {"every_steps": 40}}) == [40, 80, 100]
    assert validation_steps({"steps": 80, "validations": {"every_steps": 40}}) == [40, 80]
    assert validation_steps({"steps": 3, "validations": {"every_steps": 40}}) == [3]


@pytest.mark.parametrize(("validations", "steps"), [("every_epoch", [2, 4, 6]), ({"every_steps": 5}, [5, 6])])
def test_a_run_is_scored_as_often_as_its_recipe_says(cases_csv, tmp_path, validations, steps):
    # One volume and one extra step make an epoch of two steps.
    counted = recipe("weak_labels", steps=6, extra_steps_per_epoch=1, validations="every_epoch")
    counted["training"]["validations"] = validations
    train(counted, cases_csv, tmp_path / "model", validation_csv=cases_csv)
    run = json.loads((tmp_path / "model" / "run.json").read_text())
    assert [entry["step"] for entry in run["validations"]] == steps


def test_windows_of_a_score_are_blended_as_in_prediction(cases_csv):
    settings = recipe("dense_validation")
    settings["prediction"]["blending"] = "constant"
    cases = load_cases(read_cases(cases_csv), INTENSITY)
    seen = []

    def record(logits, image, target):
        seen.append(logits)
        return logits.sum()

    class Ramp(torch.nn.Module):
        """A network whose output depends on the place within its window."""

        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.tensor(1.0))

        def forward(self, x):
            return self.weight * torch.arange(8.0) + 0 * x

    settings["selection"] = "weak_labels"
    selection_score(settings, cases, record)(Ramp())
    # Along x, windows of eight voxels start at 0, 4 and 6, so voxel 6 is the mean of the places 6, 2 and 0.
    assert seen[0][0, 0, 0, 0, 6].item() == pytest.approx((6 + 2 + 0) / 3)


def test_dense_validation_is_the_mean_dice(cases_csv):
    settings = recipe("dense_validation")
    cases = load_cases(read_cases(cases_csv), INTENSITY)
    score = selection_score(settings, cases, None)
    assert score(Constant(0.4)) == pytest.approx(1.0)
    everything = score(Constant(-1.0))
    assert everything == pytest.approx(2 * 100 / (100 + 10 * 12 * 14))


def test_weak_labels_prefer_the_lower_loss_on_known_voxels(cases_csv):
    settings = recipe("weak_labels")
    cases = load_cases(read_cases(cases_csv), INTENSITY)
    score = selection_score(settings, cases, SegmentationModule(settings).objective)
    assert score(Constant(0.4)) > score(Constant(0.1)) > score(Constant(-1.0))


def test_the_best_state_is_selected_although_later_ones_are_worse(cases_csv, tmp_path, monkeypatch):
    states = []

    def score_of(recipe, cases, objective):
        scores = iter([0.1, 0.7, 0.7, 0.3])

        def score(network, share):
            states.append({name: tensor.clone() for name, tensor in network.state_dict().items()})
            return next(scores)

        return score

    monkeypatch.setattr("weakseg3d.training.fitting.selection_score", score_of)
    train(recipe("dense_validation"), cases_csv, tmp_path / "model", validation_csv=cases_csv)
    written = torch.load(tmp_path / "model" / "model.pt", weights_only=True)["weights"]
    assert all(torch.equal(written[name], states[1][name]) for name in written), "the first of equal states"
    run = json.loads((tmp_path / "model" / "run.json").read_text())
    assert run["model_selection"] == "dense_validation"
    assert run["kept_steps"] == [4]
    assert run["validation_cases"] == ["a"]
    assert [entry["step"] for entry in run["validations"]] == [2, 4, 6, 8]


def test_scoring_does_not_change_the_training(cases_csv, tmp_path):
    train(recipe("last"), cases_csv, tmp_path / "last")
    train(recipe("weak_labels"), cases_csv, tmp_path / "weak", validation_csv=cases_csv)
    assert (tmp_path / "last/losses.csv").read_bytes() == (tmp_path / "weak/losses.csv").read_bytes()


def test_a_rule_without_cases_is_refused(cases_csv, tmp_path):
    with pytest.raises(UserError, match="--validation"):
        train(recipe("weak_labels"), cases_csv, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_the_dice_of_two_empty_masks_is_one():
    empty = torch.zeros(1, 1, 2, 2, 2)
    assert selection._dice(empty - 1, None, empty) == 1


def test_states_are_scored_at_the_precision_of_prediction(cases_csv, monkeypatch):
    chosen = recipe("dense_validation")
    chosen["prediction"]["mixed_precision"] = True
    cases = load_cases(read_cases(cases_csv), INTENSITY)
    score = selection_score(chosen, cases, None)
    types = []
    network = SegmentationModule(chosen).network.eval()
    network.register_forward_hook(lambda module, inputs, output: types.append(output.dtype))
    score(network)
    monkeypatch.setattr(selection, "precision", lambda mixed: "bf16-mixed" if mixed else "32-true")
    monkeypatch.setattr(selection, "autocast_context", lambda name: torch.autocast("cpu", enabled=name == "bf16-mixed"))
    selection_score(chosen, cases, None)(network)
    assert set(types[: len(types) // 2]) == {torch.float32}
    assert set(types[len(types) // 2 :]) == {torch.bfloat16}
