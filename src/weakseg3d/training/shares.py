"""How the processes of a training share a batch: each runs the network on its own patches, all see every output.

So the loss is that of the whole batch, also where it is no mean over patches (a Dice over the batch, a mean over the
annotated voxels), and a training on several devices takes the steps of a training on one.
"""

import torch


def own_share(patches):
    """Return the patches (B / processes, ...) that are for this process, of ``patches`` (B, ...)."""
    if not torch.distributed.is_initialized():
        return patches
    return patches.chunk(torch.distributed.get_world_size())[torch.distributed.get_rank()]


def of_all(outputs):
    """Return the outputs (B, ...) of all processes in the order of the patches, of this one's (B / processes, ...).

    The gradient goes to this process's own outputs.
    """
    if not torch.distributed.is_initialized():
        return outputs
    number = torch.distributed.get_world_size()
    gathered = [torch.empty_like(outputs, memory_format=torch.contiguous_format) for _ in range(number)]
    torch.distributed.all_gather(gathered, outputs.detach().contiguous())
    if outputs.requires_grad:
        # Each process has its part of one gradient, and what follows takes the mean over processes, not the sum.
        outputs.register_hook(lambda gradient: number * gradient)
    gathered[torch.distributed.get_rank()] = outputs
    return torch.cat(gathered)


def seed_noise(recipe, step):
    """Seed the noise of attention by the recipe's seed, the step and the process.

    So a resumed run draws what an undisturbed one does; another number of devices draws other noise.
    """
    rank = torch.distributed.get_rank() if torch.distributed.is_initialized() else 0
    # A CPU's generator sees the lower 32 bits alone; the odd factor spreads the processes over them.
    torch.manual_seed(recipe["seed"] * 1_000_003 + step + rank * 2_654_435_761)
