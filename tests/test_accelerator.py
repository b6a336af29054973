"""The hardware and the precision of a network; GPUs are simulated by patching what torch reports about them."""

import contextlib

import pytest
import torch

from weakseg3d.accelerator import NO_GPU, autocast_context, memory_layout, precision, report_missing_gpu
from weakseg3d.training.fitting import chooses_fastest_algorithms
from weakseg3d.training.optimizer import optimizer_and_schedule


@pytest.mark.parametrize(
    ("gpu", "mixed", "expected"),
    [
        (None, True, "32-true"),
        ("ampere", False, "32-true"),
        ("ampere", True, "bf16-mixed"),
        # This GPU only emulates bfloat16, which is slow.
        ("turing", True, "16-mixed"),
    ],
)
def test_precision_is_one_that_the_gpu_supports(monkeypatch, gpu, mixed, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu is not None)
    monkeypatch.setattr(
        torch.cuda, "is_bf16_supported", lambda including_emulation=True: gpu == "ampere" or including_emulation
    )
    assert precision(mixed) == expected


def test_single_precision_needs_no_autocast():
    assert isinstance(autocast_context("32-true"), contextlib.nullcontext)


def test_without_a_gpu_there_is_a_notice(monkeypatch, capsys):
    for available, message in ((False, f"weakseg3d: {NO_GPU}\n"), (True, "")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda available=available: available)
        report_missing_gpu()
        assert capsys.readouterr().err == message


@pytest.mark.parametrize("gpu", [False, True])
def test_a_gpu_has_its_own_layout_and_optimiser_and_a_cpu_keeps_torchs(monkeypatch, gpu):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    assert memory_layout() == (torch.contiguous_format if gpu else torch.channels_last_3d)
    schedule = {"decay": "constant", "warmup_steps": 0}
    for optimizer in ({"adamw": {}}, {"sgd": {"momentum": 0.9}}):
        ((name, settings),) = optimizer.items()
        settings |= {"learning_rate": 0.1, "weight_decay": 0.0}
        training = {"optimizer": {name: settings}, "schedule": schedule, "steps": 2}
        built = optimizer_and_schedule([torch.nn.Parameter(torch.zeros(3))], training)["optimizer"]
        assert built.defaults["fused"] is (True if gpu else None)


@pytest.mark.parametrize(
    ("gpu", "deterministic", "expected"), [(False, False, False), (True, False, True), (True, True, False)]
)
def test_the_fastest_algorithms_are_chosen_on_a_gpu_unless_the_same_bytes_are_asked_for(
    monkeypatch, gpu, deterministic, expected
):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    assert chooses_fastest_algorithms({"deterministic": deterministic}) is expected
