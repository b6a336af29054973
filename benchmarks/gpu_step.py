"""What makes a training step of the published PTN faster on a GPU: 4 patches of 96 x 96 x 96, loss and KL term, AdamW.

Each line changes one thing more than the line that it names: the layout, cuDNN's choice of algorithms, the fused
optimiser, the wait for the loss in each step, and compilation. All are measured in one process, in bfloat16 on a GPU.
Without a GPU, the script says so and measures nothing but a tiny step.
"""

import statistics
import time
from dataclasses import dataclass, replace

import torch
from measure import sized
from training_step import training_step

WARM_UP, TIMED, REPEATS = sized((8, 30, 3), tiny=(1, 1, 1))


@dataclass(frozen=True)
class Variant:
    """How a step is computed; the defaults are torch's own."""

    layout: torch.memory_format = torch.channels_last_3d
    benchmark: bool = False
    fused: bool = False
    waits: bool = True
    compiled: bool = False
    precision: torch.dtype | None = torch.bfloat16


CHANNELS_LAST = Variant()
CONTIGUOUS = Variant(layout=torch.contiguous_format)
VARIANTS = {
    "float32, channels last": replace(CHANNELS_LAST, precision=None),
    "channels last": CHANNELS_LAST,
    "channels last, benchmark": replace(CHANNELS_LAST, benchmark=True),
    "contiguous": CONTIGUOUS,
    "contiguous, benchmark": replace(CONTIGUOUS, benchmark=True),
    "contiguous, benchmark, fused": replace(CONTIGUOUS, benchmark=True, fused=True),
    "contiguous, benchmark, fused, no wait": replace(CONTIGUOUS, benchmark=True, fused=True, waits=False),
    "channels last, benchmark, fused, no wait": replace(CHANNELS_LAST, benchmark=True, fused=True, waits=False),
    "contiguous, the same compiled": replace(CONTIGUOUS, benchmark=True, fused=True, waits=False, compiled=True),
    "channels last, the same compiled": replace(CHANNELS_LAST, benchmark=True, fused=True, waits=False, compiled=True),
}


def seconds_per_step(variant: Variant, device: str) -> tuple[float, float]:
    """Return the median over `REPEATS` of the mean seconds of a step, and the peak memory of the GPU in bytes."""
    torch.backends.cudnn.benchmark = variant.benchmark
    step = training_step(device, variant.layout, variant.precision, variant.fused, variant.compiled)

    def timed(steps: int) -> float:
        start = time.perf_counter()
        for _ in range(steps):
            loss = step()
            if variant.waits:
                float(loss)
        if device == "cuda":
            torch.cuda.synchronize()
        return (time.perf_counter() - start) / steps

    if device == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    timed(WARM_UP)
    seconds = statistics.median(timed(TIMED) for _ in range(REPEATS))
    return seconds, torch.cuda.max_memory_allocated() if device == "cuda" else 0


def main() -> None:
    """Print a line per variant."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    print(f"{torch.cuda.get_device_name() if device == 'cuda' else 'no GPU'}, torch {torch.__version__}")
    if device == "cpu":
        print("no GPU found; a step of torch's own form on the CPU:")
    for name, variant in VARIANTS.items() if device == "cuda" else [("channels last", CHANNELS_LAST)]:
        seconds, peak = seconds_per_step(variant, device)
        print(f"{name:<44} {seconds * 1e3:9.1f} ms/step   peak memory {peak / 1e9:6.2f} GB", flush=True)


if __name__ == "__main__":
    main()
