"""What a network runs on: a GPU where torch sees one, else the CPU; and how precisely it computes there."""

import contextlib
import os
import platform
import sys

import torch

NO_GPU = "no GPU found; this runs on the CPU, which takes far longer for networks of the published sizes"
HALVES = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}
"""Lightning's names of the mixed precisions."""


def notice_without_gpu():
    """Say on standard error that there is no GPU, where there is none."""
    if not torch.cuda.is_available():
        print(f"weakseg3d: {NO_GPU}", file=sys.stderr)


def device_name():
    """Return the name of the GPU, of the processor where there is none."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else platform.machine()


def precision(mixed):
    """Return Lightning's precision: bfloat16 or float16 where ``mixed`` is wanted and a GPU has it, else float32.

    A GPU that only emulates bfloat16, one before NVIDIA's Ampere, computes in float16.
    """
    if not mixed or not torch.cuda.is_available():
        return "32-true"
    return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "16-mixed"


def computing(name):
    """Return the context in which a GPU computes with the precision of that ``name``, as `precision` gives it."""
    return torch.autocast("cuda", HALVES[name]) if name in HALVES else contextlib.nullcontext()


def make_deterministic():
    """Let a GPU use deterministic algorithms where torch has them; where it has none, torch warns."""
    os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
    torch.use_deterministic_algorithms(True, warn_only=True)
