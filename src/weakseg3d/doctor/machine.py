"""The processor, memory, GPUs and scheduler of this machine."""

import importlib
import os
import platform
import shutil
from pathlib import Path

from weakseg3d.jobs.nvidia_smi import nvidia_smi

SCHEDULERS = {"Slurm": "sbatch", "LSF": "bsub", "PBS or Grid Engine": "qsub"}
"""The command with which jobs are submitted to each scheduler."""
GB = 1e9


def computer() -> str:
    """Return in words the system, the processor cores that may be used, the memory and the free space here."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GB
    free = shutil.disk_usage(Path.cwd()).free / GB
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{system}; {cores} cores, {memory:.0f} GB of memory, {free:.0f} GB free in this folder"


def gpus() -> str:
    """Return in words which GPUs the driver lists, and whether torch can use them.

    Only where there is one is torch imported, which takes seconds.
    """
    listed = nvidia_smi("name,memory.total,driver_version")
    if not listed:
        found = "nvidia-smi lists none" if shutil.which("nvidia-smi") else "there is no nvidia-smi"
        return f"none ({found}); training and prediction run on the CPU, which fits `preset: cpu`"
    names = "; ".join(f"{name} ({memory}, driver {driver})" for name, memory, driver in map(_fields, listed))
    return f"{names}; {_seen_by_torch(len(listed))}"


def scheduler() -> str:
    """Return in words which schedulers take jobs here."""
    found = [f"{name} ({command})" for name, command in SCHEDULERS.items() if shutil.which(command)]
    if not found:
        return f"none ({', '.join(SCHEDULERS.values())} not found); jobs run on this machine"
    return f"{', '.join(found)}; docs/cluster.md has a profile for it"


def _fields(line: str) -> list[str]:
    """Return the three fields of a line of nvidia-smi; a GPU's name may hold commas."""
    return [field.strip() for field in line.rsplit(",", 2)]


def _seen_by_torch(number: int) -> str:
    try:
        torch = importlib.import_module("torch")
    except ImportError as error:
        return f"torch cannot be imported ({error})"
    visible = torch.cuda.device_count()
    if not visible:
        build = f"a build for CUDA {torch.version.cuda}" if torch.version.cuda else "a build for CPUs"
        return f"torch {torch.__version__}, {build}, can use none of them (docs/gpus.md, docs/conda.md)"
    return f"torch {torch.__version__} can use {visible} of {number}"
