"""The optimiser and the learning rate schedule of a recipe."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn


def optimizer_and_schedule(parameters: Iterable[nn.Parameter], training: Mapping[str, Any]) -> dict[str, Any]:
    """Return the optimiser of a recipe's ``training`` entry and its schedule per step, in the form Lightning needs."""
    ((name, settings),) = training["optimizer"].items()
    rate, decay = settings["learning_rate"], settings["weight_decay"]
    # A single kernel per step, in place of several per weight. The CPU keeps torch's default, and so its bytes.
    fused = True if torch.cuda.is_available() else None
    optimizer: torch.optim.Optimizer
    if name == "adamw":
        optimizer = torch.optim.AdamW(parameters, lr=rate, weight_decay=decay, fused=fused)
    else:
        momentum = settings["momentum"]
        optimizer = torch.optim.SGD(parameters, rate, momentum, weight_decay=decay, nesterov=momentum > 0, fused=fused)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: rate_factor(step, training["steps"], **training["schedule"])
    )
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def rate_factor(step: int, steps: int, decay: str, warmup_steps: int) -> float:
    """Return the learning rate at ``step`` as a share of its peak: a linear rise, then the given ``decay``.

    ``cosine`` and ``polynomial`` fall to 0 at the last of ``steps``; with ``constant`` the rate stays at its peak.
    """
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    share = min(1.0, (step - warmup_steps) / max(1, steps - warmup_steps))
    if decay == "cosine":
        return 0.5 * (1 + math.cos(math.pi * share))
    if decay == "polynomial":
        return (1 - share) ** 0.9
    return 1.0
