"""One run of the workflow takes over from another that was killed: its locks are removed, its jobs are ended.

Snakemake locks the files it writes and forgets to unlock them when it is killed; its jobs then run on as orphans.
"""

import errno
import fcntl
import os
import shutil
from contextlib import suppress
from pathlib import Path

import psutil

MARK = "WEAKSEG3D_WORKFLOW"
"""Environment variable of every job: the folder in which its Snakemake runs."""
PATIENCE = 30
"""Seconds that a training gets to write a checkpoint."""


def take_over(folder):
    """Remove what a killed run left in ``folder``, the one Snakemake runs in, unless another run is alive there.

    Returns the open file whose lock says that this run is alive; the operating system frees it when the process
    ends, however it ends. Where the disk knows no such locks, nothing is removed and `snakemake --unlock` helps.
    """
    folder = Path(folder).resolve()
    os.environ[MARK] = str(folder)
    state = folder / ".snakemake"
    state.mkdir(exist_ok=True)
    alive = open(state / "alive", "w", encoding="utf-8")  # noqa: SIM115
    try:
        fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno == errno.EWOULDBLOCK:
            fcntl.flock(alive, fcntl.LOCK_SH)
        return alive
    end_orphans(str(folder))
    shutil.rmtree(state / "locks", ignore_errors=True)
    (state / "locks").mkdir(exist_ok=True)
    fcntl.flock(alive, fcntl.LOCK_SH)
    return alive


def end_orphans(folder):
    """End the processes that bear ``folder`` as their mark: by SIGTERM, after `PATIENCE` seconds by SIGKILL."""
    family = {process.pid for process in (psutil.Process(), *psutil.Process().parents())}
    orphans = [process for process in psutil.process_iter() if process.pid not in family and mark(process) == folder]
    for process in orphans:
        signal_process(process.terminate)
    for process in psutil.wait_procs(orphans, timeout=PATIENCE)[1]:
        signal_process(process.kill)


def mark(process):
    """Return the mark of a process, or None where it has none or belongs to somebody else."""
    try:
        return process.environ().get(MARK)
    except (psutil.Error, OSError):
        return None


def signal_process(send):
    """Call ``send``, which may find that its process has ended."""
    with suppress(psutil.NoSuchProcess):
        send()
