"""Whole trainings on a GPU, with loading, augmentation and the objective: steps per second, how busy it is, its memory.

The networks and settings are the published ones: PW4MedSeg's PTN on 4 patches of 96 x 96 x 96, and PA-Seg's first
stage on a patch of 48 x 128 x 128. The scans are synthetic, 192 x 192 x 128 voxels of 1 mm. Each training runs in a
process of its own, in which a first, short one warms up. ``busy`` is the mean of what nvidia-smi reports every fifth of
a second. Without a GPU, the script says so and trains tiny steps on the CPU.
"""

import contextlib
import json
import multiprocessing
import statistics
import subprocess
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch
from data_loading import prepare
from measure import sized

from weakseg3d.experiment.recipes import load_method, recipe_of
from weakseg3d.training.run import train

SMALL = {
    "ptn": {"feature_size": 4, "hidden_size": 24, "mlp_size": 24, "heads": 2},
    "unet2d5": {"base_features": 2, "levels": 3},
}
STEPS = {"pw4medseg": sized((20, 120), tiny=(1, 2)), "paseg_stage1": sized((5, 35), tiny=(1, 2))}
"""Steps of the training that warms up, and of the one that is measured."""
QUERY = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", "--loop-ms=200"]


def recipe(name, steps, deterministic):
    """Return the recipe of a published method, with a number of ``steps``."""
    method = load_method(name)
    training = {key: value for key, value in method["training"].items() if key != "epochs"}
    training |= {
        "steps": steps,
        "validations": 1,
        "deterministic": deterministic,
        "patch_size": sized(training["patch_size"], [16] * 3),
    }
    training["schedule"] = {"decay": training["schedule"]["decay"], "warmup_steps": 0}
    (network,) = method["network"]
    changes = {"network": {network: SMALL[network]}} if sized(full=False, tiny=True) else {}
    content = method | changes | {"training": training, "selection": "last"}
    return recipe_of(name, content, seed=0, threads=1, spacing=1.0, intensity={"window": [-100, 240]})


@contextlib.contextmanager
def watched(busy):
    """Append to ``busy`` the percentages of time in which the GPU computes, as nvidia-smi reports them meanwhile."""
    if not torch.cuda.is_available():
        yield
        return
    with subprocess.Popen(QUERY, stdout=subprocess.PIPE, encoding="utf-8") as process:
        try:
            yield
        finally:  # it would run for ever
            process.terminate()
        busy += [int(line) for line in process.communicate()[0].split() if line.isdigit()]


def trained(name, deterministic, cases, folder):
    """Return what a training after a short one says of itself (``run.json``), its seconds and the busy percentages."""
    warm_up, steps = STEPS[name]
    train(recipe(name, warm_up, deterministic), cases, Path(folder) / "warm-up")
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    busy = []
    start = time.perf_counter()
    with watched(busy):
        train(recipe(name, steps, deterministic), cases, Path(folder) / "model")
    facts = json.loads((Path(folder) / "model" / "run.json").read_text(encoding="utf-8"))
    return facts | {"busy": busy, "seconds": time.perf_counter() - start}


def main():
    """Print one line per training."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU: what follows says nothing"
    print(f"{device}, torch {torch.__version__}")
    print("| training | steps per s | seconds in all | busy | peak memory |\n|---|---:|---:|---:|---:|")
    context = multiprocessing.get_context("spawn")
    for name, deterministic in (("pw4medseg", False), ("paseg_stage1", False), ("pw4medseg", True)):
        with tempfile.TemporaryDirectory() as folder:
            prepare(Path(folder))
            if sized(full=True, tiny=False):
                with ProcessPoolExecutor(1, context) as pool:  # its process may start those that load patches
                    facts = pool.submit(trained, name, deterministic, f"{folder}/cases.csv", folder).result()
            else:
                facts = trained(name, deterministic, f"{folder}/cases.csv", folder)
        busy = f"{statistics.mean(facts['busy']):.0f} %" if facts["busy"] else "-"
        line = [f"{name}{', deterministic' * deterministic}, {facts['precision']}", f"{facts['steps_per_s']:.2f}"]
        print(
            f"| {' | '.join(line)} | {facts['seconds']:.1f} | {busy} | {facts['peak_memory_mb'] / 1024:.1f} GB |",
            flush=True,
        )


if __name__ == "__main__":
    main()
