"""What a network runs on, and how precisely; GPUs are pretended by what torch would say of them."""

import contextlib

import pytest
import torch

from weakseg3d.accelerator import NO_GPU, computing, notice_without_gpu, precision


@pytest.mark.parametrize(
    ("gpu", "mixed", "expected"),
    [
        (None, True, "32-true"),
        ("ampere", False, "32-true"),
        ("ampere", True, "bf16-mixed"),
        # It emulates bfloat16, which is slow.
        ("turing", True, "16-mixed"),
    ],
)
def test_precision_is_what_the_gpu_is_good_at(monkeypatch, gpu, mixed, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu is not None)
    monkeypatch.setattr(
        torch.cuda, "is_bf16_supported", lambda including_emulation=True: gpu == "ampere" or including_emulation
    )
    assert precision(mixed) == expected


def test_single_precision_is_computed_as_it_is():
    assert isinstance(computing("32-true"), contextlib.nullcontext)


def test_without_a_gpu_there_is_a_notice(monkeypatch, capsys):
    for there, said in ((False, f"weakseg3d: {NO_GPU}\n"), (True, "")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=there: there)
        notice_without_gpu()
        assert capsys.readouterr().err == said
