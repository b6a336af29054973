"""Cost of a dry run: CPU time and peak memory of Snakemake for grids of growing size, case by case and in batches.

A grid has datasets x organs x 12 methods x seeds, each with 40 training and 20 test cases, none of whose files exist.
With `--all` the grids reach 100,000 jobs, and the largest grid, 10 datasets x 8 organs x 12 methods x 5 seeds, is
resolved in batches; this takes a quarter of an hour.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml
from measure import RSS_UNIT, sized

PROJECT = Path(__file__).resolve().parents[1]
METHODS = sized(
    (
        *("pw4medseg", "paseg_stage1", "paseg_stage1_unet", "paseg_stage1_attention_unet", "paseg", "partial_ce_crf"),
        *("ignore_label", "unetr_pseudo", "partial_ce", "partial_ce_unet", "dense", "dense_unet"),
    ),
    tiny=("pw4medseg", "dense_unet"),
)
SPLIT = sized({"train": 40, "test": 20}, tiny={"train": 2, "test": 1})
GRIDS = sized([(1, 1, 1), (1, 2, 1), (1, 2, 3), (1, 4, 5)], tiny=[(1, 1, 1)])
"""Datasets, organs of each, seeds."""
LARGE = [(2, 8, 5), (4, 8, 5)]
LARGEST = (10, 8, 5)


def write_grid(folder, datasets, organs, seeds, batch):
    """Write the config of a grid, and its datasets, into a copy of the repository."""
    names = [f"hospital_{number}" for number in range(datasets)]
    organ_ids = {f"organ_{number}": [number + 1] for number in range(organs)}
    cases = [f"{part}_{number:04d},{part}" for part, count in SPLIT.items() for number in range(count)]
    for name in names:
        (folder / f"config/splits/{name}.csv").write_text("\n".join(["case,split", *cases]) + "\n", encoding="utf-8")
        dataset = {
            "description": "Scans that do not exist.",
            "licence": "none",
            "modality": "CT",
            "format": "btcv",
            "access": {"place": {"archive": "RawData.zip", "instructions": "ask the hospital"}},
            "organs": organ_ids,
            "intensity": {"window": [0, 100]},
            "split": f"config/splits/{name}.csv",
        }
        (folder / f"config/datasets/{name}.yaml").write_text(yaml.safe_dump(dataset), encoding="utf-8")
    config = {
        "experiment": "grid",
        "datasets": {name: list(organ_ids) for name in names},
        "methods": list(METHODS),
        "seeds": list(range(seeds)),
        "spacing": 1.0,
        "batch": batch,
    }
    (folder / "grid.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")


def dry_run(folder):
    """Return jobs, CPU seconds, wall seconds and peak memory in bytes of a dry run in ``folder``."""
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "rules", "--configfile", "grid.yaml"]
    start = time.perf_counter()
    with open(folder / "output.txt", "w+", encoding="utf-8") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        output.seek(0)
        text = output.read()
    assert status == 0, text[-3000:]
    jobs = int(re.search(r"^total +(\d+)$", text, re.M)[1])
    return jobs, usage.ru_utime + usage.ru_stime, seconds, usage.ru_maxrss * RSS_UNIT


def main():
    """Print one line per grid and value of the key ``batch``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--all", action="store_true", help="continue up to 100,000 jobs, and with the largest grid in batches"
    )
    large = parser.parse_args().all
    runs = [(grid, batch) for grid in GRIDS + LARGE * large for batch in ("case", "split")]
    runs += [(LARGEST, "split")] * large
    with tempfile.TemporaryDirectory() as folder:
        for part in ("src", "workflow", "config", "envs"):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(PROJECT / part, Path(folder) / part, ignore=ignored)
        print("datasets organs seeds  batch    jobs  CPU [s]  wall [s]  peak [MB]")
        for (datasets, organs, seeds), batch in runs:
            write_grid(Path(folder), datasets, organs, seeds, batch)
            jobs, cpu, wall, peak = dry_run(Path(folder))
            print(
                f"{datasets:8d} {organs:6d} {seeds:5d}  {batch:5s} {jobs:7d} {cpu:8.1f} {wall:9.1f} {peak / 1e6:10.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
