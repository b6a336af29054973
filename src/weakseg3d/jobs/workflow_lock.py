"""A run of the workflow takes over from one that was killed: it removes the locks and ends the jobs that were left.

Snakemake locks the files it writes. When it is killed it cannot unlock them, and its jobs go on as orphans.

The lock is flock itself and not filelock's: it must be taken alone first and shared with later runs from then on,
without a moment between the two in which a third run could take it.
"""

import errno
import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TextIO

import psutil

from weakseg3d.experiment.paths import RESULTS

MARK = "WEAKSEG3D_WORKFLOW"
"""Environment variable of every job: the folder in which its Snakemake runs, and the experiment."""
PATIENCE = 30
"""Seconds that a training has to write a checkpoint after SIGTERM."""


def take_over(folder: str | Path, experiment: str) -> TextIO:
    """Remove what a killed run of ``experiment`` left in ``folder``, in which Snakemake runs, unless another is alive.

    Runs of other experiments in the same folder are left alone. Returns an open file whose lock says that this run is
    alive; the operating system releases the lock when the process ends, however it ends. Where the file system does not
    support locks, nothing is removed and `snakemake --unlock` helps.
    """
    folder = Path(folder).resolve()
    run = f"{folder}:{experiment}"
    os.environ[MARK] = run
    state = folder / ".snakemake"
    state.mkdir(exist_ok=True)
    alive = open(state / f"alive-{experiment}", "w", encoding="utf-8")  # noqa: SIM115
    try:
        fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno == errno.EWOULDBLOCK:
            fcntl.flock(alive, fcntl.LOCK_SH)
        return alive
    end_orphans(run)
    remove_locks(state / "locks", experiment)
    fcntl.flock(alive, fcntl.LOCK_SH)
    return alive


def remove_locks(folder: Path, experiment: str) -> None:
    """Remove Snakemake's locks on files of ``experiment``; each lock in ``folder`` lists the files of one run."""
    results = RESULTS.format(experiment=experiment) + "/"
    for lock in folder.glob("*.lock"):
        if any(line.startswith(results) for line in lock.read_text(encoding="utf-8").splitlines()):
            lock.unlink()


def end_orphans(run: str) -> None:
    """End the processes that carry ``run`` as their mark: by SIGTERM and, after `PATIENCE` seconds, by SIGKILL."""
    family = {process.pid for process in (psutil.Process(), *psutil.Process().parents())}
    orphans = [process for process in psutil.process_iter() if process.pid not in family and mark(process) == run]
    for process in orphans:
        signal_process(process.terminate)
    for process in psutil.wait_procs(orphans, timeout=PATIENCE)[1]:
        signal_process(process.kill)


def mark(process: psutil.Process) -> str | None:
    """Return the mark of a process, or None if it has none or belongs to another user."""
    try:
        return process.environ().get(MARK)
    except (psutil.Error, OSError):
        return None


def signal_process(send: Callable[[], None]) -> None:
    """Call ``send``, ignoring that the process may have ended already."""
    with suppress(psutil.NoSuchProcess):
        send()
