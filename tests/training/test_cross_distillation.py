"""PA-Seg's second stage: who teaches whom, when teachers change, and which states are selected."""

import copy
import json

import numpy as np
import pytest
import torch
from torch.nn import functional

from weakseg3d.cli import main
from weakseg3d.errors import UserError
from weakseg3d.experiment.recipes import checked_recipe
from weakseg3d.inference.model import load_model
from weakseg3d.training import cross_distillation as distillation
from weakseg3d.training.cross_distillation import CrossDistillationModule, cross_distillation, refresh_steps
from weakseg3d.training.run import distill, train

REGULARISERS = {"gated_crf": {"weight": 1.0, "radius": 2}, "variance": {"weight": 0.1}}


def recipe(network=None, selection="last", **changes):
    content = {
        "method": "test",
        "spacing": 2.0,
        "intensity": {"window": [0, 100]},
        "normalisation": "z_score",
        "loss": {"partial_dice_ce": {}},
        "regularisers": REGULARISERS,
        "selection": selection,
        "training": {
            "patch_size": [8, 16, 16],
            "steps": 10,
            "patches_per_volume": 2,
            "optimizer": {"sgd": {"learning_rate": 0.01}},
            "checkpoint_every": 3,
            **({} if selection == "last" else {"validations": 2}),
        },
        **({"network": network} if network else {"distillation": {"refresh_every": 0.2}}),
        **changes,
    }
    return checked_recipe(content, "recipe.yaml")


@pytest.fixture(scope="module")
def cases_csv(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cases")
    lines = ["case,image,target"]
    for case in range(2):
        generator = np.random.default_rng(case)
        target = np.full((10, 20, 18), 2, np.uint8)
        target[:, :4], target[4:6, 9:12, 8:11] = 0, 1
        image = generator.normal(0.3, 0.1, target.shape) + 0.4 * (target == 1)
        np.save(folder / f"image-{case}.npy", image.astype(np.float32))
        np.save(folder / f"target-{case}.npy", target)
        lines.append(f"{case},image-{case}.npy,target-{case}.npy")
    (folder / "cases.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "cases.csv"


@pytest.fixture(scope="module")
def models(cases_csv, tmp_path_factory):
    """Two first stages, with different networks."""
    folder = tmp_path_factory.mktemp("models")
    for name in ("unet2d5", "attention_unet"):
        train(recipe({name: {"base_features": 2, "levels": 3}}), cases_csv, folder / name)
    return [folder / name / "model.pt" for name in ("unet2d5", "attention_unet")]


def test_the_loss_uses_hard_labels_of_the_own_and_soft_labels_of_the_other_teacher():
    generator = torch.Generator().manual_seed(1)
    student, own, other = (torch.randn(1, 1, 4, 5, 6, generator=generator, dtype=torch.float64) for _ in range(3))
    hard, p = (own > 0).double(), student.sigmoid()
    both = [(p, hard), (1 - p, 1 - hard)]
    dice = 1 - sum(2 * (q * t).sum() / (q.sum() + t.sum()) for q, t in both) / 2
    own_part = dice + functional.binary_cross_entropy(p, hard)
    q, r = (other / 3).sigmoid(), (student / 3).sigmoid()
    kl = (q * (q / r).log() + (1 - q) * ((1 - q) / (1 - r)).log()).mean()
    torch.testing.assert_close(
        cross_distillation(student, own, other, temperature=3.0, cross_weight=0.25), 0.75 * own_part + 0.25 * 9 * kl
    )


def test_each_student_learns_from_its_own_teacher_and_from_the_other(models, monkeypatch):
    networks = [load_model(path)[0] for path in models]
    module = CrossDistillationModule(recipe(), networks)
    with torch.no_grad():  # make the teachers differ
        for shift, teacher in zip((1.0, 2.0), module.teachers, strict=True):
            teacher.apply(lambda layer, s=shift: layer.weight.add_(s) if isinstance(layer, torch.nn.Conv3d) else None)
    teacher_pairs = []
    monkeypatch.setattr(
        distillation,
        "cross_distillation",
        lambda student, own, other, **_: teacher_pairs.append((own, other)) or student.sum(),
    )
    image = torch.randn(2, 1, 8, 16, 16)
    module.training_step({"image": image}, 0).backward()
    with torch.no_grad():
        first, second = (teacher(image) for teacher in module.teachers)
    for pair, expected in zip(teacher_pairs, [(first, second), (second, first)], strict=True):
        for tensor, value in zip(pair, expected, strict=True):
            torch.testing.assert_close(tensor, value)
    assert all(parameter.grad is None for parameter in module.teachers.parameters())
    assert all(parameter.grad is not None for parameter in module.students.parameters())


def test_teachers_are_refreshed_as_published_every_twenty_of_a_hundred_epochs():
    assert refresh_steps(recipe()) == [2, 4, 6, 8]
    thirds = recipe(distillation={"refresh_every": 0.3})
    assert refresh_steps(thirds) == [3, 6, 9]


@pytest.mark.parametrize("selection", ["last", "weak_labels"])
def test_teachers_stay_frozen_and_then_become_the_best_students(models, cases_csv, tmp_path, monkeypatch, selection):
    """The states of teachers and students are recorded in every step of a run."""
    trace = []
    step = CrossDistillationModule.training_step

    def traced(module, batch, index):
        trace.append([copy.deepcopy(part.state_dict()) for part in (module.students, module.teachers)])
        return step(module, batch, index)

    monkeypatch.setattr(CrossDistillationModule, "training_step", traced)
    distill(recipe(selection=selection), cases_csv, models, tmp_path, validation_csv=cases_csv)
    run = json.loads((tmp_path / "run.json").read_text())
    assert run["teachers_refreshed_after"] == [2, 4, 6, 8]
    best = {}
    scores = {entry["step"]: entry["scores"] for entry in run["validations"]}
    assert sorted(scores) == ([2, 4, 5, 6, 8, 10] if selection == "weak_labels" else [])
    for number, (students, teachers) in enumerate(trace):
        if number == 0:
            expected = students  # each teacher starts as a copy of its student
        for student, score in enumerate(scores.get(number, [])):
            if score > best.get(student, (-np.inf, None))[0]:
                best[student] = score, {k: v for k, v in students.items() if k.startswith(f"{student}.")}
        if number in (2, 4, 6, 8):
            expected = students if selection == "last" else best[0][1] | best[1][1]
        assert teachers.keys() == expected.keys()
        assert all(torch.equal(teachers[name], expected[name]) for name in teachers)
    weights = torch.load(tmp_path / "model.pt", weights_only=True)["weights"]
    if selection == "weak_labels":
        steps = [max(scores, key=lambda step, s=student: (scores[step][s], -step)) for student in range(2)]
        assert run["kept_steps"] == steps
        if steps[0] < 10:
            assert all(torch.equal(weights[name], trace[steps[0]][0][f"0.{name}"]) for name in weights)


def test_the_model_is_the_first_students_network(models, cases_csv, tmp_path):
    distill(recipe(), cases_csv, models, tmp_path)
    network, written = load_model(tmp_path / "model.pt")
    assert list(written["network"]) == ["unet2d5"]
    assert type(network) is type(load_model(models[0])[0])
    start = load_model(models[0])[0].state_dict()
    assert any(not torch.equal(tensor, start[name]) for name, tensor in network.state_dict().items())


def test_a_resumed_distillation_equals_an_uninterrupted_one(models, cases_csv, tmp_path, monkeypatch):
    settings = recipe(selection="weak_labels")
    distill(settings, cases_csv, models, tmp_path / "whole", validation_csv=cases_csv)
    step = CrossDistillationModule.training_step

    def cut_short(module, batch, index):
        if module.global_step == 7:
            raise InterruptedError
        return step(module, batch, index)

    monkeypatch.setattr(CrossDistillationModule, "training_step", cut_short)
    with pytest.raises(InterruptedError):
        distill(settings, cases_csv, models, tmp_path / "cut", True, cases_csv)
    monkeypatch.setattr(CrossDistillationModule, "training_step", step)
    distill(settings, cases_csv, models, tmp_path / "cut", True, cases_csv)
    whole, cut = (torch.load(tmp_path / name / "model.pt", weights_only=True)["weights"] for name in ("whole", "cut"))
    assert all(torch.equal(whole[name], cut[name]) for name in whole)
    runs = [json.loads((tmp_path / name / "run.json").read_text()) for name in ("whole", "cut")]
    assert runs[1]["resumed_from_step"] == 6
    assert runs[0]["validations"] == runs[1]["validations"]
    assert (tmp_path / "whole/losses.csv").read_bytes() == (tmp_path / "cut/losses.csv").read_bytes()


def test_a_model_trained_on_other_intensities_is_refused(models, cases_csv, tmp_path):
    with pytest.raises(UserError, match="trained with normalisation z_score, not none"):
        distill(recipe(normalisation="none"), cases_csv, models, tmp_path)


def test_a_patch_that_does_not_fit_a_students_network_is_refused(models, cases_csv, tmp_path):
    odd = recipe()
    odd["training"] = odd["training"] | {"patch_size": [8, 16, 18]}
    with pytest.raises(UserError, match="must be divisible by"):
        distill(odd, cases_csv, models, tmp_path)


def test_each_verb_needs_its_own_kind_of_recipe(models, cases_csv, tmp_path, capsys):
    for verb, content in (("train", recipe()), ("distill", recipe({"unet": {"channels": [2, 4, 8]}}))):
        (tmp_path / "recipe.yaml").write_text(json.dumps(content), encoding="utf-8")
        command = [verb, "--recipe", str(tmp_path / "recipe.yaml"), "--cases", str(cases_csv), "--out", str(tmp_path)]
        assert main(command + (["--models", *map(str, models)] if verb == "distill" else [])) == 2
        assert "recipe.yaml" in capsys.readouterr().err
