"""Each process gets GPUs that no other process uses: one, or for a training as many as its recipe asks for.

``python -m weakseg3d.jobs.devices VERB ...`` runs ``python -m weakseg3d VERB ...`` on devices of its own.
A device is taken by locking a file, which the operating system unlocks when the process ends, however it ends.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from filelock import FileLock, Timeout

from weakseg3d.cli import main
from weakseg3d.errors import UserError, quoted
from weakseg3d.experiment.recipes import checked_recipe
from weakseg3d.jobs.nvidia_smi import nvidia_smi
from weakseg3d.texts import read_yaml

VISIBLE = "CUDA_VISIBLE_DEVICES"
SCHEDULERS = ("SLURM_JOB_ID", "LSB_JOBID", "PBS_JOBID", "JOB_ID")
"""Set in their jobs by Slurm, LSF, PBS and Grid Engine, which have assigned devices already."""
SHARING = "WEAKSEG3D_JOBS_PER_GPU"
"""Environment variable: how many processes may share a device; 1 if it is not set."""
POLL = 0.5
"""Seconds between two looks for free devices."""


def main_on_own_devices(argv: list[str]) -> int:
    """Run the verb in ``argv`` on devices of its own, or on the CPU if there are none; return its exit code."""
    names, number = devices(), devices_wanted(argv)
    # A training that wants more devices than there are reports that itself.
    if number > len(names) or any(name in os.environ for name in SCHEDULERS):
        return main(argv)
    try:
        sharing = jobs_per_device()
    except UserError as error:
        print(f"weakseg3d: {error}", file=sys.stderr)
        return 2
    with own_devices(names, number, lock_folder(), sharing) as taken:
        os.environ[VISIBLE] = ",".join(taken)
        return main(argv)


def jobs_per_device() -> int:
    """Return how many processes may share a device; raise a UserError if the environment has no such number."""
    text = os.environ.get(SHARING, "1")
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= 1000):
        raise UserError(f"{SHARING} is {quoted(text)}; set it to a whole number from 1 to 1000")
    return int(text)


def devices() -> list[str]:
    """Return the names of the devices to share: those in CUDA_VISIBLE_DEVICES, else all that nvidia-smi lists."""
    if VISIBLE in os.environ:
        return [name.strip() for name in os.environ[VISIBLE].split(",") if name.strip() not in ("", "-1", "NoDevFiles")]
    return nvidia_smi("uuid")


def gpus_per_job(accelerator: str) -> int:
    """Return how many GPUs a job that computes on one asks the scheduler for; ``accelerator`` is the config's key."""
    if accelerator == "auto":
        return int(shutil.which("nvidia-smi") is not None)
    return int(accelerator == "gpu")


def devices_wanted(argv: list[str]) -> int:
    """Return how many devices the verb in ``argv`` uses: for a training as many as its recipe says, otherwise one."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--recipe")
    path = parser.parse_known_args(argv)[0].recipe
    try:
        return checked_recipe(read_yaml(path), path)["training"]["devices"] if path else 1
    except UserError:
        # The verb itself will report what is wrong.
        return 1


def lock_folder() -> Path:
    """Return the folder of the lock files, the same for all processes of this user on this machine."""
    folder = Path(tempfile.gettempdir()) / f"weakseg3d-devices-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


@contextmanager
def own_devices(names: list[str], number: int, folder: Path, sharing: int = 1) -> Iterator[list[str]]:
    """Yield ``number`` of ``names``, each held by fewer than ``sharing`` other processes; wait until so many are free.

    Lock files lie in ``folder``. A device that nobody holds is taken before one that is shared. No process holds a
    device while it waits for another: it takes all of them at once, and processes take turns.
    """
    places = [
        (name, FileLock(folder / f"{quote(name, safe='')}.{place}.lock")) for place in range(sharing) for name in names
    ]
    turn = FileLock(folder / "turn.lock")
    while not (taken := _take_at_once(places, number, turn)):
        time.sleep(POLL)
    try:
        yield list(taken)
    finally:
        for lock in taken.values():
            lock.release()


def _take_at_once(places: Sequence[tuple[str, FileLock]], number: int, turn: FileLock) -> dict[str, FileLock]:
    """Take the locks of ``number`` devices among ``places``, pairs of name and lock, or none; return those taken."""
    taken: dict[str, FileLock] = {}
    with turn:
        for name, lock in places:
            if len(taken) < number and name not in taken and _is_taken(lock):
                taken[name] = lock
        if len(taken) < number:
            for lock in taken.values():
                lock.release()
            taken = {}
    return taken


def _is_taken(lock: FileLock) -> bool:
    """Take a lock, and return whether that was possible, as no other process holds it."""
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main_on_own_devices(sys.argv[1:]))
