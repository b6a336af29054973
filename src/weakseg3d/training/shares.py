"""How the processes of a training divide a batch: each runs the network on its own patches, and all get every output.

The loss is therefore computed on the whole batch, even if it is not a mean over patches (a Dice over the batch, a mean
over the annotated voxels), and a training on several devices takes the same steps as a training on one device.
"""

from collections.abc import Mapping
from typing import Any

import torch


def device_share(patches: torch.Tensor) -> torch.Tensor:
    """Return the share (B / processes, ...) of ``patches`` (B, ...) that this process computes."""
    if not torch.distributed.is_initialized():
        return patches
    return patches.chunk(torch.distributed.get_world_size())[torch.distributed.get_rank()]


def gather_across_devices(outputs: torch.Tensor) -> torch.Tensor:
    """Return the outputs (B, ...) of all processes, in the order of the patches.

    ``outputs`` (B / processes, ...) are those of this process, and only they receive the gradient.
    """
    if not torch.distributed.is_initialized():
        return outputs
    number = torch.distributed.get_world_size()
    gathered = [torch.empty_like(outputs, memory_format=torch.contiguous_format) for _ in range(number)]
    torch.distributed.all_gather(gathered, outputs.detach().contiguous())
    if outputs.requires_grad:
        # Each process has its part of the gradient, and Lightning averages gradients over processes instead of adding.
        outputs.register_hook(lambda gradient: number * gradient)
    gathered[torch.distributed.get_rank()] = outputs
    return torch.cat(gathered)


def seed_noise(recipe: Mapping[str, Any], step: int) -> None:
    """Seed the noise of attention with the recipe's seed, the step and the process.

    A resumed run therefore draws the same noise as an uninterrupted one; a different number of devices draws other
    noise.
    """
    rank = torch.distributed.get_rank() if torch.distributed.is_initialized() else 0
    # The generator of a CPU uses only the lower 32 bits; the odd factor spreads the processes over them.
    torch.manual_seed(recipe["seed"] * 1_000_003 + step + rank * 2_654_435_761)
