"""What a network that draws noise has beyond others: passes that differ, and a divergence of its noise from a prior.

Nothing here knows the networks: one that computes something before its noise is a `TwoPart`, and layers with a
divergence have the attribute ``kl``, as `weakseg3d.networks.pmsa.PMSA` has.
"""

from collections.abc import Iterator
from typing import Any, Protocol, runtime_checkable

import torch
from torch import nn


@runtime_checkable
class TwoPart(Protocol):
    """A network whose logits are ``attend(*embed(x))``, where only ``attend`` draws noise."""

    def embed(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return what does not change between passes."""

    def attend(self, *fixed: Any) -> torch.Tensor:
        """Return the logits (B, 1, *spatial)."""


def forward_passes(network: nn.Module, x: torch.Tensor, number: int) -> Iterator[torch.Tensor]:
    """Yield the logits (B, 1, *spatial) of ``number`` forward passes of ``x``, which differ only by their noise.

    The part of a UNETR that comes before attention is computed once.
    """
    if isinstance(network, TwoPart):
        fixed = network.embed(x)
        yield from (network.attend(*fixed) for _ in range(number))
    else:
        yield from (network(x) for _ in range(number))


def divergence(network: nn.Module) -> torch.Tensor:
    """Return the sum over a network's layers of their ``kl`` (B,) in the last forward pass, a scalar 0 without any."""
    layers = (getattr(module, "kl", None) for module in network.modules())
    # Where there are no such layers, the scalar must be on the network's device, for it is gathered across devices.
    device = next((parameter.device for parameter in network.parameters()), None)
    return sum((kl for kl in layers if isinstance(kl, torch.Tensor)), torch.zeros((), device=device))
