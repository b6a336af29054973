"""The hardware and the precision of a network; GPUs are simulated by patching what torch reports about them."""

import contextlib

import pytest
import torch

from weakseg3d.accelerator import NO_GPU, autocast_context, precision, report_missing_gpu


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
