"""The processes of a training, one per device.

The first process is the one that was started; it alone writes files and prints messages. The other processes read the
same files, take part in every step, and end with the first.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from typing import Any

import torch
from lightning.fabric.plugins.environments.lightning import find_free_network_port
from lightning.pytorch.plugins.environments import LightningEnvironment


class SingleMachineEnvironment(LightningEnvironment):
    """Tells Lightning the ``rank`` of this process and the ``port`` of this machine on which all processes connect.

    Without it, Lightning would start the other processes by repeating the command line, which may belong to a test or
    to `weakseg3d.jobs.devices`, and would treat a scheduler's job as one that it must requeue itself.
    """

    creates_processes_externally = True
    main_address = "127.0.0.1"
    main_port = 0

    def __init__(self, rank: int, port: int) -> None:
        super().__init__()
        self.rank, self.main_port = rank, port

    def local_rank(self) -> int:
        """Return the number of this process, which is also the number of its device."""
        return self.rank

    def node_rank(self) -> int:
        """Return the number of this machine, 0, as there is only one."""
        return 0


@contextlib.contextmanager
def parallel_processes(
    number: int, take_part: Callable[..., object], *arguments: Any
) -> Iterator[SingleMachineEnvironment]:
    """Start ``number`` - 1 further processes and yield the Lightning environment of this one, the first.

    Each of the others calls ``take_part(environment, *arguments)``. ``take_part`` must be a module-level function, and
    its arguments must be picklable. The block ends when all processes are done. If one of the others dies, this process
    exits as well, as it would otherwise wait for the other process for ever.
    """
    if number == 1:
        yield SingleMachineEnvironment(0, 0)
        return
    port = find_free_network_port()
    # Otherwise, Lightning would divide the cores among the processes, and sums depend on the number of threads.
    os.environ.setdefault("OMP_NUM_THREADS", str(torch.get_num_threads()))
    context = multiprocessing.get_context("spawn")
    others = [
        context.Process(target=_run_other_process, args=(rank, port, take_part, arguments)) for rank in range(1, number)
    ]
    done = threading.Event()
    watching = threading.Thread(target=_watch, args=(others, done), daemon=True)
    try:
        for process in others:
            process.start()
        watching.start()
        yield SingleMachineEnvironment(0, port)
        _leave_process_group()
        for process in others:
            process.join()
    except RuntimeError:
        # An exchange with a dead process fails before the watching thread notices the death and ends this process.
        watching.join(timeout=5)
        raise
    finally:
        done.set()
        for process in others:
            if process.pid is not None:
                process.kill()
                process.join()


def _run_other_process(rank: int, port: int, take_part: Callable[..., object], arguments: Sequence[Any]) -> None:
    """Take part as one of the other processes, without output and ignoring signals, until the first process ends."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_exit_with_first_process, daemon=True).start()
    if torch.cuda.is_available():
        torch.cuda.set_device(rank)
    with (
        open(os.devnull, "w", encoding="utf-8") as null_device,
        contextlib.redirect_stdout(null_device),
        contextlib.redirect_stderr(null_device),
        contextlib.suppress(SystemExit),
    ):
        take_part(SingleMachineEnvironment(rank, port), *arguments)
        _leave_process_group()


def _exit_with_first_process() -> None:
    first = multiprocessing.parent_process()
    assert first is not None
    first.join()
    os._exit(1)


def _watch(others: Sequence[SpawnProcess], done: threading.Event) -> None:
    """End this process if one of the ``others`` fails before ``done`` is set."""
    running = {process.sentinel: process for process in others}
    while running:
        for sentinel in wait(running):
            process = running.pop(sentinel)
            # A sentinel becomes ready a moment before the exit code does.
            process.join()
            if process.exitcode and not done.is_set():
                print(
                    f"weakseg3d: a process of this training ended with exit code {process.exitcode};"
                    " --resume continues from the last checkpoint",
                    file=sys.stderr,
                    flush=True,
                )
                os._exit(1)


def _leave_process_group() -> None:
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
