"""A command of somebody else's, run to its end: output passed on, processes ended, time and memory measured."""

import os
import platform
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weakseg3d.errors import UserError, printable, quoted
from weakseg3d.jobs.nvidia_smi import nvidia_smi

VISIBLE = "CUDA_VISIBLE_DEVICES"
INTERVAL = 0.5
"""Seconds between two measurements of memory."""
PATIENCE = 25
"""Seconds that a command has to end after SIGTERM; less than the 30 that Slurm gives by default."""
LONGEST = 300
"""Characters of a command's last words that a message repeats."""
TAIL = 10_000
"""Bytes at the end of a command's output in which its last words are looked for."""


@dataclass(frozen=True)
class Usage:
    """What a command took: wall time in seconds, peak memory in MiB, and the device it had."""

    seconds: float
    peak_memory_mb: int
    device: str


def run_command(words: Sequence[str], environment: Mapping[str, str], what: str) -> Usage:
    """Run a command without a shell; all that it prints goes to standard error.

    Whatever it leaves running is ended with it. SIGTERM to this process ends the command, too. Raises UserError, which
    begins with ``what``, for a program that does not exist, and for an exit code other than 0, with its last words.
    """
    start = time.monotonic()
    with _noted(signal.SIGTERM) as arrived:
        process = _started(words, environment, what)
        try:
            memory = Memory(process.pid, environment.get(VISIBLE))
            tail = bytearray()
            reader = threading.Thread(target=_pass_on, args=(process.stdout, tail), daemon=True)
            reader.start()
            while process.poll() is None and not arrived:
                memory.measure()
                with suppress(subprocess.TimeoutExpired):
                    process.wait(INTERVAL)
        finally:
            _end_all(process)
    if arrived:
        raise SystemExit(128 + arrived[0])
    reader.join(PATIENCE)
    if process.returncode:
        code = process.returncode
        how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        raise UserError(f"{what}: {quoted(Path(words[0]).name)} {how}; its last words: {_last_words(bytes(tail))}")
    return Usage(round(time.monotonic() - start, 2), memory.peak_mb(), memory.device)


def _pass_on(stream: Any, tail: bytearray) -> None:
    """Copy a command's output to standard error and keep its end."""
    while piece := os.read(stream.fileno(), 65536):
        tail += piece
        del tail[:-TAIL]
        sys.stderr.write(piece.decode("utf-8", errors="replace"))
        sys.stderr.flush()


def _last_words(tail: bytes) -> str:
    lines = tail.decode("utf-8", errors="replace").splitlines()
    line = printable(next((line.strip() for line in reversed(lines) if line.strip()), "none"))
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


@contextmanager
def _noted(number: int) -> Iterator[list[int]]:
    """Yield a list that gets the signal ``number`` when it arrives, which then ends nothing by itself.

    It is in force before a process starts: one that ended us in between would leave the process running.
    """
    arrived: list[int] = []
    # Python handles signals in the main thread alone.
    if threading.current_thread() is not threading.main_thread():
        yield arrived
        return
    before = signal.signal(number, lambda received, frame: arrived.append(received))
    try:
        yield arrived
    finally:
        signal.signal(number, before)


def _started(words: Sequence[str], environment: Mapping[str, str], what: str) -> subprocess.Popen[bytes]:
    """Return the process of a command, in a session of its own; raise UserError if it cannot be run."""
    try:
        return subprocess.Popen(
            words,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UserError(f"{what}: {quoted(words[0])} cannot be run ({reason}); correct the command") from None


def _end_all(process: subprocess.Popen[bytes]) -> None:
    """End all processes of a command's session."""
    _end(process, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(PATIENCE)
    _end(process, signal.SIGKILL)
    process.wait()


def _end(process: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


class Memory:
    """The peak memory of a session of processes, on the GPU if it has one, else in the main memory."""

    def __init__(self, session: int, visible: str | None) -> None:
        self.session, self.visible, self.peak = session, visible, 0
        names = _of_visible("name", visible)
        self.device = names[0] if names else platform.machine()
        self.on_gpu = bool(names)
        self.next = 0.0
        self.before = _largest_child()

    def measure(self) -> None:
        """Compare the memory that is in use now with the peak; a GPU is asked once in ten intervals."""
        if self.on_gpu:
            if time.monotonic() >= self.next:
                self.next = time.monotonic() + 10 * INTERVAL
                # Each line is a number of MiB, with its unit.
                used = [line.partition(" ")[0] for line in _of_visible("memory.used", self.visible)]
                self.peak = max(self.peak, sum(int(text) for text in used if text.isdigit()) * 2**20)
            return
        self.peak = max(self.peak, _resident(self.session))

    def peak_mb(self) -> int:
        """Return the peak in MiB; without a GPU at least that of the largest single process, once it has ended."""
        largest = _largest_child()
        # The system keeps the largest of all children so far; one before this session may have been larger.
        known = 0 if self.on_gpu or largest == self.before else largest
        return round(max(self.peak, known) / 2**20)


def _largest_child() -> int:
    """Return the bytes that the largest of this process' ended children had at most."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def _of_visible(query: str, visible: str | None) -> list[str]:
    """Return what nvidia-smi says of the visible GPUs; an empty list without any."""
    if visible is not None and not any(name.strip() not in ("", "-1", "NoDevFiles") for name in visible.split(",")):
        return []
    return nvidia_smi(query, *[f"--id={visible}"] * bool(visible))


def _resident(session: int) -> int:
    """Return the bytes of memory that the processes of a session have; 0 where the system does not list them."""
    pages = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The second field, in parentheses, is the program's name, which may have spaces.
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if len(fields) > 21 and int(fields[3]) == session:
            pages += int(fields[21])
    return pages * os.sysconf("SC_PAGE_SIZE")
