"""One GPU per process: of the machine's devices each process takes one that no other has.

``python -m weakseg3d.devices VERB ...`` runs a verb as ``python -m weakseg3d VERB ...`` does, on a device of its own.
A device is taken by a lock on a file, which the operating system frees when the process ends, however it ends.
"""

import fcntl
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

from weakseg3d.cli import main

VISIBLE = "CUDA_VISIBLE_DEVICES"
SCHEDULERS = ("SLURM_JOB_ID", "LSB_JOBID", "PBS_JOBID", "JOB_ID")
"""Set by Slurm, LSF, PBS and Grid Engine in jobs, to which they have given devices already."""
SHARING = "WEAKSEG3D_JOBS_PER_GPU"
"""Environment variable: how many processes may share a device; 1 if unset."""
POLL = 0.5
"""Seconds between two looks for a free device."""
NO_GPU = "no GPU found; this runs on the CPU, which takes far longer for networks of the published sizes"


def main_on_own_device(argv):
    """Run the verb in ``argv`` on a device of its own, on the CPU where there is none, and return its exit code."""
    names = devices()
    if not names:
        print(f"weakseg3d: {NO_GPU}", file=sys.stderr)
        return main(argv)
    if any(name in os.environ for name in SCHEDULERS):
        return main(argv)
    with own_device(names, lock_folder(), int(os.environ.get(SHARING, "1"))) as name:
        os.environ[VISIBLE] = name
        return main(argv)


def devices():
    """Return the names of the devices to share: those in CUDA_VISIBLE_DEVICES, else all that nvidia-smi lists."""
    if VISIBLE in os.environ:
        return [name.strip() for name in os.environ[VISIBLE].split(",") if name.strip() not in ("", "-1", "NoDevFiles")]
    command = ["nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    except (OSError, subprocess.CalledProcessError):
        return []


def lock_folder():
    """Return the folder of the lock files, the same for all processes of this user on this machine."""
    folder = Path(tempfile.gettempdir()) / f"weakseg3d-devices-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


@contextmanager
def own_device(names, folder, sharing=1):
    """Yield one of ``names`` that fewer than ``sharing`` other processes hold; wait until there is one.

    Lock files lie in ``folder``. A device that nobody holds is taken before one that is shared.
    """
    with ExitStack() as opened:
        places = [
            (name, opened.enter_context(open(folder / f"{name}.{place}.lock", "w", encoding="utf-8")))
            for place in range(sharing)
            for name in names
        ]
        while not (taken := next((name for name, file in places if lock(file)), None)):
            time.sleep(POLL)
        yield taken


def lock(file):
    """Lock an open file and return whether no other process had done so."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main_on_own_device(sys.argv[1:]))
