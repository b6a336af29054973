"""Run the verbs on broken inputs and count how they end: python tests/hostile/campaign.py [--groups ...] [--out FILE].

Each input gets a process of its own, with limits of time and memory, in a folder that also contains a user's files.
It has to end in one sentence and exit code 2 or, where the input may be valid, in success; anything else is listed, and
makes the exit code 1.
"""

import argparse
import hashlib
import os
import resource
import shlex
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(PROJECT / folder) for folder in ("src", "tests", "tests/helpers", "tests/hostile")]

from kinds import all_attempts  # noqa: E402
from kinds.attempt import Attempt  # noqa: E402

WALL_LIMIT = 60
"""Seconds that a verb may take; a download that is retried six times waits for 31 s of them."""

PROCESSES = 2
"""Verbs that run at a time."""

WAITING_PROCESSES = 6
"""Downloads that run beside them; they spend their time waiting for the next attempt."""

MEMORY_LIMIT = 4 << 30
"""Bytes of address space that a verb may use."""

SENTENCE, ACCEPTED, OTHER = "one sentence", "accepted", "anything else"

USERS_FILES = {"thesis/thesis.tex": "\\documentclass{book}\n", "notes.txt": "buy milk\n"}


@dataclass(frozen=True)
class Ending:
    """How an attempt ended: one of `SENTENCE`, `ACCEPTED` and `OTHER`, the last with its ``reason``."""

    attempt: Attempt
    outcome: str
    command: str
    reason: str = ""


def run_attempt(attempt):
    """Write the attempt's input into a new folder, run the verb on it, and return its `Ending`."""
    with tempfile.TemporaryDirectory(prefix="weakseg3d-hostile-") as parent:
        folder = Path(parent) / "work"
        folder.mkdir()
        for name, text in USERS_FILES.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        words = attempt.write(folder)
        before = _files(Path(parent))
        reason, outcome = "", OTHER
        try:
            code, stderr = _run(words, folder)
        except subprocess.TimeoutExpired:
            reason = f"did not end within {WALL_LIMIT} s"
        else:
            outcome, reason = _judge(code, stderr, attempt.may_pass)
        damage = _damage(before, _files(Path(parent)))
        if damage:
            outcome, reason = OTHER, damage
        return Ending(attempt, outcome, shlex.join(["weakseg3d", *words]), reason)


def _run(words, folder):
    environment = os.environ | {
        "PYTHONPATH": str(PROJECT / "src"),
        "OMP_NUM_THREADS": "1",
        # The traceback of a bug goes to the folder of temporary files.
        "TMPDIR": str(folder.parent),
    }
    ran = subprocess.run(
        [sys.executable, "-m", "weakseg3d", *words],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=WALL_LIMIT,
        preexec_fn=_limit_memory,
    )
    return ran.returncode, ran.stderr.decode(errors="backslashreplace")


def _limit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _judge(code, stderr, may_pass):
    """Return the outcome and, for `OTHER`, the reason."""
    lines = stderr.split("\n")[:-1] if stderr.endswith("\n") else stderr.split("\n")
    last = lines[-1] if lines else ""
    if "Traceback" in stderr:
        return OTHER, f"traceback: {last}"
    if code == 0:
        return (ACCEPTED, "") if may_pass else (OTHER, "accepted a broken input")
    if code != 2:
        return OTHER, f"exit code {code}: {last}"
    if not (last.startswith(("weakseg3d", "python -m weakseg3d")) and last.isprintable()):
        return OTHER, f"the last line is not a sentence: {last!r}"
    return SENTENCE, ""


def _files(parent):
    """Return ``{path: digest}`` of the regular files below ``parent``; that of links is None, as is that of pipes."""
    digests = {}
    for path in sorted(parent.rglob("*")):
        if path.is_symlink() or path.is_file():
            regular = not path.is_symlink()
            digests[path.relative_to(parent)] = hashlib.sha256(path.read_bytes()).hexdigest() if regular else None
    return digests


def _damage(before, after):
    """Return what a verb did to the files around it that it must not do, or an empty text."""
    for path, digest in before.items():
        if after.get(path) != digest:
            return f"{'changed' if path in after else 'removed'} {path}"
    for path in after.keys() - before.keys():
        if path.parts[0] != "work" and not path.name.endswith(".traceback.txt"):
            return f"wrote {path}, outside its folder"
        if path.name == "pwned":
            return "ran a command from its input"
        if any(part.startswith(".part-") for part in path.parts):
            return f"left {path}"
    return ""


def table_of(endings):
    """Return the table of all kinds as Markdown, and the list of endings that should not be."""
    kinds = dict.fromkeys((ending.attempt.group, ending.attempt.kind) for ending in endings)
    lines = [f"| group | kind | tried | {SENTENCE} | {ACCEPTED} | {OTHER} |", "|---|---|--:|--:|--:|--:|"]
    for group, kind in kinds:
        of_kind = [ending for ending in endings if (ending.attempt.group, ending.attempt.kind) == (group, kind)]
        lines.append(_row(group, kind, of_kind))
    lines.append(_row("all", "", endings))
    return "\n".join(lines) + "\n", [ending for ending in endings if ending.outcome == OTHER]


def write_table(table, path):
    """Replace the table in the file ``path``, or write a new file."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
    places = [k for k, line in enumerate(lines) if line.startswith("|")] or [len(lines)]
    path.write_text("".join([*lines[: places[0]], table, *lines[places[-1] + 1 :]]), encoding="utf-8")


def _row(group, kind, endings):
    counts = Counter(ending.outcome for ending in endings)
    numbers = [len(endings), *(counts[outcome] for outcome in (SENTENCE, ACCEPTED, OTHER))]
    return f"| {group} | {kind} | {' | '.join(map(str, numbers))} |"


def run_all(attempts, progress):
    """Return the `Ending`s of ``attempts`` in their order; ``progress(ending)`` is called after each."""
    lock = threading.Lock()

    def run(attempt):
        ending = run_attempt(attempt)
        with lock:
            progress(ending)
        return ending

    with ThreadPoolExecutor(PROCESSES) as pool, ThreadPoolExecutor(WAITING_PROCESSES) as waiting:
        runs = [(waiting if attempt.group == "http" else pool).submit(run, attempt) for attempt in attempts]
        return [run.result() for run in runs]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--groups", nargs="+", metavar="GROUP", help="only these groups")
    parser.add_argument("--out", metavar="FILE", help="Markdown file whose table is replaced, or a new one")
    args = parser.parse_args()
    attempts = all_attempts()
    groups = dict.fromkeys(attempt.group for attempt in attempts)
    unknown = set(args.groups or ()) - set(groups)
    if unknown:
        parser.error(f"unknown group {', '.join(sorted(unknown))}; known are {', '.join(groups)}")
    attempts = [attempt for attempt in attempts if not args.groups or attempt.group in args.groups]
    done = 0

    def show(ending):
        nonlocal done
        done += 1
        mark = f" - {ending.attempt.kind}, {ending.attempt.name!r}: {ending.reason}" if ending.outcome == OTHER else ""
        print(f"{done}/{len(attempts)} {ending.attempt.group}{mark}", file=sys.stderr, flush=True)

    table, others = table_of(run_all(attempts, show))
    print(table)
    for ending in others:
        print(f"{ending.attempt.group}, {ending.attempt.kind}, {ending.attempt.name!r}: {ending.reason}")
        print(f"    {ending.command[:300]}")
    if args.out:
        write_table(table, Path(args.out))
    return 1 if others else 0


if __name__ == "__main__":
    sys.exit(main())
