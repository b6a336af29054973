"""Seconds per training step on two CPU cores, for every network of the methods, as published and with preset `cpu`.

Forward and backward pass of a plain loss, per million voxels of the patches and per channel of the finest level: the
figures from which the workflow tells how long an experiment takes without a GPU. Processor time is counted, so that
other work on the machine does not matter much.
"""

import math
import time

import torch
from measure import sized

from weakseg3d.experiment.duration import SECONDS_PER_MEGAVOXEL, WIDTHS
from weakseg3d.experiment.presets import preset_changes
from weakseg3d.experiment.recipes import load_method
from weakseg3d.networks import build_network

PA_SEG = ("paseg_stage1", "paseg_stage1_attention_unet", "paseg_stage1_unet")
METHODS = sized(("pw4medseg", "dense", *PA_SEG, "dense_unet", "dmpls"), tiny=("dense_unet",))
PRESETS = sized(("", "cpu"), tiny=("cpu",))
THREADS = sized(2, tiny=1)


def seconds_per_megavoxel(method, patches):
    """Return the processor seconds per thread of the second step, per million voxels."""
    torch.manual_seed(0)
    patch = method["training"]["patch_size"]
    network, image = build_network(method["network"], patch), torch.rand(patches, 1, *patch)
    for _ in range(2):
        network.zero_grad()
        start = time.process_time()
        network(image).square().mean().backward()
        seconds = time.process_time() - start
    return seconds / THREADS / (patches * math.prod(patch) / 1e6)


def main():
    """Print one line per network and size."""
    torch.set_num_threads(THREADS)
    torch.set_flush_denormal(True)
    changes = preset_changes("cpu", METHODS)
    print(f"{'network':18}{'preset':8}{'channels':>9}{'s / Mvoxel':>12}{'per channel':>13}{'expected':>10}")
    for name in METHODS:
        for preset in PRESETS:
            method = load_method(name, changes[name] if preset else None)
            ((network, parameters),) = method["network"].items()
            width = next(parameters[key] for key in WIDTHS if key in parameters)
            width = width[0] if isinstance(width, list) else width
            seconds = seconds_per_megavoxel(method, 2 if preset else 1)
            expected = SECONDS_PER_MEGAVOXEL[network]
            print(f"{network:18}{preset or '-':8}{width:9}{seconds:12.2f}{seconds / width:13.3f}{expected:10.2f}")


if __name__ == "__main__":
    main()
