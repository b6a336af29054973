"""The processes of one training, one per device: the first is the one that was started, it alone writes and speaks.

The others read the same files, follow it step by step, and end with it.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from multiprocessing.connection import wait

import torch
from lightning.fabric.plugins.environments.lightning import find_free_network_port
from lightning.pytorch.plugins.environments import LightningEnvironment


class OneMachine(LightningEnvironment):
    """Tells Lightning which process this is, by ``rank``, and at which ``port`` of this machine all of them meet.

    Left to itself, Lightning would start the others by repeating the command line, which may be a test's or hold
    devices, and would take a job of a scheduler for one it has to requeue itself.
    """

    creates_processes_externally = True
    main_address = "127.0.0.1"
    main_port = 0

    def __init__(self, rank, port):
        super().__init__()
        self.rank, self.main_port = rank, port

    def local_rank(self):
        """Return the number of this process, which is also that of its device."""
        return self.rank

    def node_rank(self):
        """Return the number of this machine: there is one."""
        return 0


@contextlib.contextmanager
def followed(number, follow, *arguments):
    """Yield the environment of the first of ``number`` processes; the others call ``follow(environment, *arguments)``.

    ``follow`` is a function of a module and its arguments can be pickled. The block ends when all have done their part.
    Should one of the others die, this process ends as well: it would wait for it for ever.
    """
    if number == 1:
        yield OneMachine(0, 0)
        return
    port = find_free_network_port()
    # Lightning would give each process its share of all cores, and sums depend on the number of threads.
    os.environ.setdefault("OMP_NUM_THREADS", str(torch.get_num_threads()))
    context = multiprocessing.get_context("spawn")
    others = [context.Process(target=_other, args=(rank, port, follow, arguments)) for rank in range(1, number)]
    done = threading.Event()
    watching = threading.Thread(target=_watch, args=(others, done), daemon=True)
    try:
        for process in others:
            process.start()
        watching.start()
        yield OneMachine(0, port)
        _leave()
        for process in others:
            process.join()
    except RuntimeError:
        # An exchange with a process that died fails before the watching thread, which then ends this one, knows of it.
        watching.join(timeout=5)
        raise
    finally:
        done.set()
        for process in others:
            if process.pid is not None:
                process.kill()
                process.join()


def _other(rank, port, follow, arguments):
    """Follow as one of the other processes: silently, deaf to signals, until the first one ends."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_first, daemon=True).start()
    if torch.cuda.is_available():
        torch.cuda.set_device(rank)
    with (
        open(os.devnull, "w", encoding="utf-8") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
        contextlib.suppress(SystemExit),
    ):
        follow(OneMachine(rank, port), *arguments)
        _leave()


def _end_with_the_first():
    multiprocessing.parent_process().join()
    os._exit(1)


def _watch(others, done):
    """End this process when one of the ``others`` fails before ``done`` is set."""
    running = {process.sentinel: process for process in others}
    while running:
        for sentinel in wait(running):
            code = running.pop(sentinel).exitcode
            if code and not done.is_set():
                print(
                    f"weakseg3d: a process of this training ended with exit code {code}; --resume goes on from the"
                    " last checkpoint",
                    file=sys.stderr,
                    flush=True,
                )
                os._exit(1)


def _leave():
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
