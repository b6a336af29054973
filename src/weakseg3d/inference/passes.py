"""What a network says of windows: the logits of several stochastic passes, averaged."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import nn

from weakseg3d.accelerator import autocast_context, make_deterministic, precision
from weakseg3d.networks.noise import forward_passes


def set_up(recipe: Mapping[str, Any]) -> None:
    """Set up torch for a prediction with the model of ``recipe``: threads, seed, determinism."""
    torch.set_num_threads(recipe["threads"])
    torch.manual_seed(recipe["seed"])
    if recipe["training"].get("deterministic"):
        make_deterministic()


def windows_predictor(
    network: nn.Module, recipe: Mapping[str, Any], summary: Callable[[Iterable[torch.Tensor], int], torch.Tensor]
) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return a function from windows (B, 1, z, y, x) to the ``summary`` of the logits of the recipe's passes.

    On a GPU, its precision is half if the recipe's ``prediction.mixed_precision`` is set.
    """
    passes = recipe["prediction"]["passes"]
    autocast = autocast_context(precision(recipe["prediction"]["mixed_precision"]))

    def predictor(windows: torch.Tensor) -> torch.Tensor:
        with autocast:
            return summary((logit.float() for logit in forward_passes(network, windows, passes)), passes)

    return predictor


def mean_logit(logits: Iterable[torch.Tensor], number: int) -> torch.Tensor:
    """Return the mean of ``number`` logits (B, 1, *spatial)."""
    return sum(logits, start=torch.zeros(())) / number


def mean_and_variance(logits: Iterable[torch.Tensor], number: int) -> torch.Tensor:
    """Return the mean of ``number`` logits (B, 1, *spatial) and, as second channel, the variance of their sigmoids.

    Only running sums are kept in memory. The variance is updated as by Welford (doi:10.1080/00401706.1962.10490022),
    so that it is exactly 0 where the passes agree.
    """
    total = mean = squares = torch.zeros(())
    for count, logit in enumerate(logits, start=1):
        total = total + logit
        probability = logit.float().sigmoid()
        deviation = probability - mean
        mean = mean + deviation / count
        squares = squares + deviation * (probability - mean)
    return torch.cat([total / number, squares / number], dim=1)
