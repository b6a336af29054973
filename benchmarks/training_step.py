"""Time and memory of one training step of the published PTN: 4 patches of 96 x 96 x 96, soft loss and KL term, AdamW.

A step consists of forward pass, loss, backward pass and optimiser. It runs on the CPU in single precision, and the
process must stay below 16 GB. ``gpu_step.py`` measures the same step on a GPU.
"""

import resource
import statistics
import time
from contextlib import nullcontext

import torch
from measure import RSS_UNIT, measure, sized

from weakseg3d.losses import build_loss
from weakseg3d.networks import build_network
from weakseg3d.networks.noise import divergence

PATCH = sized((96, 96, 96), tiny=(32, 32, 32))
BATCH = sized(4, tiny=1)
NETWORK = {"ptn": sized({}, tiny={"feature_size": 2, "hidden_size": 24, "mlp_size": 48, "heads": 2})}
KL_WEIGHT = 0.3
MEMORY_LIMIT = 16e9
WARM_UP, TIMED = 1, 2
"""Number of untimed and timed steps; the first steps allocate memory."""


def training_step(device, layout, half=None, fused=None, compiled=False):
    """Return a function that trains a new network for one step and returns the loss.

    ``half`` is the number type of mixed precision, None for single precision; ``fused`` is the optimiser's option.
    """
    torch.manual_seed(0)
    network = build_network(NETWORK, PATCH).to(device, memory_format=layout)
    forward = torch.compile(network) if compiled else network
    loss_of = build_loss({"weighted_ce_dice": {}})
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4, fused=fused)
    image = torch.rand(BATCH, 1, *PATCH, device=device).contiguous(memory_format=layout)
    target = torch.rand(BATCH, 1, *PATCH, device=device)

    def step():
        optimizer.zero_grad()
        with torch.autocast(device, half) if half else nullcontext():
            logits = forward(image)
        loss = loss_of(logits=logits.float(), target=target) + KL_WEIGHT * divergence(network).mean()
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def figures():
    """Return the median seconds of a step and the peak memory of the process in bytes."""
    torch.set_flush_denormal(True)
    step = training_step("cpu", torch.channels_last_3d)
    seconds = [seconds_of(step) for _ in range(WARM_UP + TIMED)][WARM_UP:]
    return statistics.median(seconds), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_UNIT


def seconds_of(step):
    """Return the seconds that a step takes."""
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def main():
    """Print the figures."""
    seconds, peak = measure(figures, repeats=1).result
    print(f"cpu, fp32 {seconds:8.3f} s/step   peak memory {peak / 1e9:6.2f} GB", flush=True)
    assert peak < MEMORY_LIMIT, f"{peak / 1e9:.1f} GB"


if __name__ == "__main__":
    main()
