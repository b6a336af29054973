"""How far a run of the workflow is, read from the log that Snakemake writes beside its results.

The log of Snakemake 9 has a table of jobs by rule, and then, each below its time, the start and the end of every job.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from weakseg3d.errors import UserError

LOGS = Path(".snakemake/log")
CLOCK = re.compile(r"\[(\w{3} \w{3} +\d+ \d\d:\d\d:\d\d \d{4})\]")
PLANNED = re.compile(r"(\w+) +(\d+)")
STARTED = re.compile(r"(?:Job (\d+): (.*)|(?:local)?(?:rule|checkpoint) (\w+):)")
NUMBER = re.compile(r" +jobid: (\d+)")
FINISHED = re.compile(r"Finished jobid: (\d+) \(Rule: (\w+)\)")
FAILED = "Error in rule "
ENDED = "Complete log(s): "


@dataclass
class Run:
    """A run of the workflow; all times are in seconds since 1970."""

    planned: Counter[str] = field(default_factory=Counter)
    """Number of jobs of each rule."""
    finished: Counter[str] = field(default_factory=Counter)
    """Number of finished jobs of each rule."""
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """How long the finished jobs of each rule took, from the start of their group if they are in one."""
    running: dict[str, tuple[float, str]] = field(default_factory=dict)
    """When each running job started, and its message, by its number."""
    failed: set[str] = field(default_factory=set)
    """Numbers of the jobs that failed and were not started again."""
    started: float = math.nan
    last: float = math.nan
    """Times of the first and of the last entry."""
    ended: bool = False

    @property
    def total(self) -> int:
        """Number of all jobs."""
        return self.planned.total()

    @property
    def done(self) -> int:
        """Number of finished jobs."""
        return self.finished.total()

    def remaining(self, now: float) -> tuple[float, int]:
        """Return the seconds that the rest takes from ``now`` on, and of how many jobs nothing is known yet.

        A job is expected to take the mean of the finished ones of its rule, and as many to run at a time as have so
        far. Jobs of rules of which none has finished are not in the seconds.
        """
        left = self.planned - self.finished
        means = {rule: sum(times) / len(times) for rule, times in self.seconds.items() if times}
        unknown = sum(number for rule, number in left.items() if rule not in means and rule != "all")
        spent = sum(now - since for since, _ in self.running.values())
        work = sum(number * means[rule] for rule, number in left.items() if rule in means)
        busy = spent + sum(map(sum, self.seconds.values()))
        at_a_time = max(1.0, busy / max(1.0, now - self.started))
        return max(0.0, work - spent) / at_a_time, unknown


def latest_log(folder: Path) -> Path:
    """Return the log of the latest run in ``folder``; raise a UserError if there is none."""
    logs = sorted((folder / LOGS).glob("*.snakemake.log"))
    if not logs:
        raise UserError(f"{folder / LOGS}: no log of a run; name the folder in which Snakemake was started")
    return logs[-1]


def read_run(lines: Iterable[str]) -> Run:
    """Return the `Run` that the lines of a log tell of."""
    run, clock, in_table, failing, unnamed = Run(), math.nan, False, False, ""
    for line in map(str.rstrip, lines):
        if line == "Job stats:":
            in_table, run.planned = True, Counter()
        elif in_table and (row := PLANNED.fullmatch(line)):
            if row[1] == "total":
                in_table = False
            else:
                run.planned[row[1]] = int(row[2])
        elif time := CLOCK.fullmatch(line.strip()):
            clock = datetime.strptime(time[1], "%a %b %d %H:%M:%S %Y").timestamp()
            run.started = clock if math.isnan(run.started) else run.started
            run.last, failing, unnamed = clock, False, ""
        elif end := FINISHED.fullmatch(line):
            run.finished[end[2]] += 1
            if end[1] in run.running:
                run.seconds[end[2]].append(clock - run.running.pop(end[1])[0])
            run.failed.discard(end[1])
        elif line.startswith(FAILED):
            failing = True
        elif line.startswith(ENDED):
            run.ended = True
        elif start := STARTED.fullmatch(line.strip()):
            if start[1]:
                run.running[start[1]] = (clock, start[2])
                run.failed.discard(start[1])
            unnamed = start[3] or ""
        elif number := NUMBER.fullmatch(line):
            if failing:
                run.running.pop(number[1], None)
                run.failed.add(number[1])
                failing = False
            elif unnamed:  # A job without a message of its own.
                run.running[number[1]] = (clock, unnamed)
    return run


def in_words(run: Run, now: float) -> str:
    """Return one line: how many jobs are done, what runs for how long, and how long the rest takes."""
    parts = [f"{run.done} of {run.total} jobs done ({100 * run.done // max(1, run.total)} %)"]
    parts += [f"{len(run.failed)} failed"] if run.failed else []
    if run.ended:
        return "; ".join([*parts, f"the run ended after {_span(run.last - run.started)}"])
    if run.running:
        since, message = min(run.running.values())
        others = len(run.running) - 1
        parts.append(f"{message}, for {_span(now - since)}{f', and {others} more' if others else ''}")
    seconds, unknown = run.remaining(now)
    if unknown:
        least = f"at least {_span(seconds)}, and {unknown} jobs" if seconds >= 1 else f"{unknown} jobs"
        parts.append(f"left: {least} of kinds of which none has finished")
    else:
        parts.append(f"about {_span(seconds)} left")
    return "; ".join(parts)


def _span(seconds: float) -> str:
    """Return a time span in words, to two digits or so."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
