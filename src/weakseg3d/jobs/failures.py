"""The last line of a run that failed: which job failed first, what its log ends with, and where that log is."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from weakseg3d.texts import last_line

LONGEST = 500
"""Characters of a log's last line that are repeated."""

FAILED = re.compile(r"^(?:Error in|       ) rule (?P<rule>\w+):$")
"""A job that failed or, with the indent, a job of a group in which one failed."""

LOG = re.compile(r"^ {4}(?: {8})?log: (?P<log>.+?) \(check log file\(s\) for error details\)$")

MESSAGE = "weakseg3d "
"""Beginning of a verb's message."""


class Failure(NamedTuple):
    """A failed job: its rule, and the path of its log or None."""

    rule: str
    log: str | None


def failures(snakemake_log: str) -> list[Failure]:
    """Return the jobs that failed, in order, from the text of Snakemake's own log.

    Snakemake gives ``onerror`` nothing but that log. A failed job is a line ``Error in rule NAME:`` and indented lines
    below it, one of which names the job's own log. Of a group, on a cluster, all jobs are listed with a deeper indent.
    """
    failed: list[Failure] = []
    for line in snakemake_log.splitlines():
        if match := FAILED.match(line):
            failed.append(Failure(match["rule"], None))
        elif failed and failed[-1].log is None and (match := LOG.match(line)):
            failed[-1] = failed[-1]._replace(log=match["log"])
    return failed


def summary(snakemake_logs: Sequence[str]) -> str:
    """Return one sentence about the jobs that failed, according to Snakemake's own log; it may have several or none.

    It repeats the first message of a verb or, if there is none, the first last line of a log.
    """
    texts = [
        Path(path).read_text(encoding="utf-8", errors="replace") for path in snakemake_logs if Path(path).is_file()
    ]
    failed = failures("\n".join(texts))
    ends = [(rule, last_line(log, LONGEST), log) for rule, log in failed if log is not None and Path(log).is_file()]
    ends = [end for end in ends if end[1]]
    messages = [end for end in ends if end[1].startswith(MESSAGE)] or ends
    if messages:
        rule, line, log = messages[0]
        return f"failed in {rule}: {line}; see {log}"
    where = f"failed in {failed[0].rule}" if failed else "the run failed"
    return f"{where}; see {', '.join(snakemake_logs) or 'the messages above'}"
