"""The hardware that a network runs on, a GPU where torch sees one, else the CPU, and the precision used there."""

import contextlib
import os
import platform
import sys
from typing import Any, Literal

import torch

NO_GPU = "no GPU found; this runs on the CPU, which takes far longer for networks of the published sizes"
HALF_PRECISION = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}
"""The number type of half precision by Lightning's name of the mixed precision."""


def report_missing_gpu() -> None:
    """Print a notice on standard error if there is no GPU."""
    if not torch.cuda.is_available():
        print(f"weakseg3d: {NO_GPU}", file=sys.stderr)


def device_name() -> str:
    """Return the name of the GPU, or of the processor if there is no GPU."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else platform.machine()


def memory_layout() -> torch.memory_format:
    """Return the layout of weights and patches with which 3D networks train fastest.

    Channels last is about a third faster on a CPU. On a GPU each instance norm undoes it, for two copies per
    convolution: 116 ms per step of the published PTN against 98 ms without it (H100, ``benchmarks/gpu_step.py``).
    """
    return torch.contiguous_format if torch.cuda.is_available() else torch.channels_last_3d


def precision(mixed: bool) -> Literal["32-true", "bf16-mixed", "16-mixed"]:
    """Return Lightning's name of the precision: half if ``mixed`` is set and there is a GPU, else single.

    Half precision is bfloat16, or float16 on a GPU that only emulates bfloat16, such as NVIDIA's before Ampere.
    """
    if not mixed or not torch.cuda.is_available():
        return "32-true"
    return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "16-mixed"


def autocast_context(name: str) -> contextlib.AbstractContextManager[Any]:
    """Return the context in which a GPU computes with the precision called ``name``, a result of `precision`."""
    return torch.autocast("cuda", HALF_PRECISION[name]) if name in HALF_PRECISION else contextlib.nullcontext()


def make_deterministic() -> None:
    """Make a GPU use deterministic algorithms where torch has them; torch warns about operations that have none."""
    os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
    torch.use_deterministic_algorithms(True, warn_only=True)
