"""Time and memory of one training step of the published PTN: 4 patches of 96 x 96 x 96, soft loss and KL term, AdamW.

A step consists of forward pass, loss, backward pass and optimiser. On the CPU it runs in single precision, and the
process must stay below 16 GB. If there is a GPU, the step is also measured there: in single precision and in bfloat16,
both compiled and not compiled.
"""

import itertools
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
WARM_UP = {"cpu": 1, "cuda": 3}
TIMED = {"cpu": 2, "cuda": 20}
"""Number of untimed and timed steps; the first steps allocate memory and compile."""


def figures(device, precision, compiled):
    """Return the median seconds of a step and the peak memory in bytes of the process, or of torch on a GPU."""
    torch.manual_seed(0)
    torch.set_flush_denormal(True)
    layout = torch.channels_last_3d
    network = build_network(NETWORK, PATCH).to(device, memory_format=layout)
    forward = torch.compile(network) if compiled else network
    loss = build_loss({"weighted_ce_dice": {}})
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4)
    image = torch.rand(BATCH, 1, *PATCH, device=device).contiguous(memory_format=layout)
    target = torch.rand(BATCH, 1, *PATCH, device=device)
    mixed = torch.autocast(device, torch.bfloat16) if precision == "bf16" else nullcontext()

    def step():
        optimizer.zero_grad()
        with mixed:
            logits = forward(image)
        (loss(logits=logits.float(), target=target) + KL_WEIGHT * divergence(network).mean()).backward()
        optimizer.step()

    seconds = [seconds_of(step, device) for _ in range(WARM_UP[device] + TIMED[device])][WARM_UP[device] :]
    on_gpu = device == "cuda"
    peak = (
        torch.cuda.max_memory_allocated() if on_gpu else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_UNIT
    )
    return statistics.median(seconds), peak


def seconds_of(step, device):
    """Return the seconds until the device has finished a step."""
    start = time.perf_counter()
    step()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def report(device, precision, compiled):
    """Measure in a separate process, print a line, and return the peak memory in bytes."""
    seconds, peak = measure(figures, device, precision, compiled, repeats=1).result
    name = f"{device}, {precision}{', compiled' if compiled else ''}"
    print(f"{name:<22} {seconds:8.3f} s/step   peak memory {peak / 1e9:6.2f} GB", flush=True)
    return peak


def main():
    """Print the figures."""
    peak = report("cpu", "fp32", compiled=False)
    assert peak < MEMORY_LIMIT, f"{peak / 1e9:.1f} GB"
    if torch.cuda.is_available():
        for precision, compiled in itertools.product(("fp32", "bf16"), (False, True)):
            report("cuda", precision, compiled)


if __name__ == "__main__":
    main()
