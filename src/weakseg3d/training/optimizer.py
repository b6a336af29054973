"""The optimiser and the schedule that a recipe names."""

import math

import torch


def configured(parameters, training):
    """Return what Lightning asks for: a recipe's optimiser of ``parameters``, its learning rate scheduled per step."""
    ((name, settings),) = training["optimizer"].items()
    rate, decay = settings["learning_rate"], settings["weight_decay"]
    if name == "adamw":
        optimizer = torch.optim.AdamW(parameters, lr=rate, weight_decay=decay)
    else:
        momentum = settings["momentum"]
        optimizer = torch.optim.SGD(parameters, rate, momentum, weight_decay=decay, nesterov=momentum > 0)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: rate_factor(step, training["steps"], **training["schedule"])
    )
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def rate_factor(step, steps, decay, warmup_steps):
    """Return the learning rate at ``step`` as a share of its peak: a linear rise, then the named decay to 0."""
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    share = min(1.0, (step - warmup_steps) / max(1, steps - warmup_steps))
    if decay == "cosine":
        return 0.5 * (1 + math.cos(math.pi * share))
    if decay == "polynomial":
        return (1 - share) ** 0.9
    return 1.0
