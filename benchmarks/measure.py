"""Wall time and peak memory of a function in a process of its own, and a table of ratios."""

import math
import multiprocessing
import os
import resource
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SOURCE = str(Path(__file__).resolve().parents[1] / "src")
# So that this process and the processes it starts find the package, which need not be installed.
sys.path.insert(0, SOURCE)
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [SOURCE, os.environ.get("PYTHONPATH")]))

TINY = bool(os.environ.get("WEAKSEG3D_TINY_BENCHMARKS"))
"""Set in the tests, where every script runs from start to end within seconds and its figures say nothing."""
RSS_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass
class Measurement:
    """Medians of wall time and CPU time in seconds, highest peak memory in bytes, and the last run's result."""

    seconds: float
    cpu_seconds: float
    peak: int
    result: Any


def sized(full, tiny):
    """Return the size with which a script measures: ``full``, or ``tiny`` in the tests."""
    return tiny if TINY else full


def measure(function, *arguments, repeats=3, then=None):
    """Return the Measurement of ``function(*arguments)``, with each of ``repeats`` runs in a fresh process.

    Peak memory is the growth of the process during the call. ``then`` is applied to the result in the same process,
    but not measured, and its return value becomes the Measurement's result. Use it to avoid returning large results,
    because the peak of a new process includes the memory of the process that starts it.
    """
    if TINY:  # A new process imports torch anew, which takes far longer than anything tiny.
        return Measurement(*_run(function, arguments, then))
    runs = []
    for _ in range(repeats):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            runs.append(pool.apply(_run, (function, arguments, then)))
    seconds, cpu_seconds, peaks, results = zip(*runs, strict=True)
    return Measurement(statistics.median(seconds), statistics.median(cpu_seconds), max(peaks), results[-1])


def _run(function, arguments, then):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, cpu_start = time.perf_counter(), time.process_time()
    result = function(*arguments)
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return seconds, cpu_seconds, growth * RSS_UNIT, then(result) if then else result


def print_row(name, unit, published, ours):
    """Print a line with both figures and their ratio."""
    # The peak memory of something tiny may not grow at all.
    ratio = published / ours if ours else math.inf
    print(f"{name:<22} published {published:9.3f} {unit:<3} ours {ours:9.3f} {unit:<3} ratio {ratio:8.1f}")
