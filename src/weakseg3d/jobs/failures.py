"""The last line of a run that failed: which job failed first, what its log ends with, and where that log is."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from weakseg3d.texts import last_line

LONGEST = 500
"""Characters of a log's last line that are repeated."""

FAILED = re.compile(r"^Error in (?:group job )?(?:rule )?(?P<rule>\S+?):?(?: \(.*\))?:?$")
LOG = re.compile(r"^    log: (?P<log>.+?)(?: \(check log file\(s\) for error details\))?$")


class Failure(NamedTuple):
    """A failed job: its rule, and the path of its log or None."""

    rule: str
    log: str | None


def failures(snakemake_log: str) -> list[Failure]:
    """Return the jobs that failed, in order, from the text of Snakemake's own log.

    Snakemake gives ``onerror`` nothing but that log. A failed job is a line ``Error in rule NAME:`` and indented lines
    below it, one of which names the job's own log.
    """
    failed: list[Failure] = []
    for line in snakemake_log.splitlines():
        if match := FAILED.match(line):
            failed.append(Failure(match["rule"], None))
        elif failed and failed[-1].log is None and (match := LOG.match(line)):
            failed[-1] = failed[-1]._replace(log=match["log"])
    return failed


def summary(snakemake_logs: Sequence[str]) -> str:
    """Return one sentence about the jobs that failed, according to Snakemake's own log; it may have several or none."""
    texts = [
        Path(path).read_text(encoding="utf-8", errors="replace") for path in snakemake_logs if Path(path).is_file()
    ]
    failed = failures("\n".join(texts))
    whole_log = ", ".join(snakemake_logs) or "the messages above"
    if not failed:
        return f"the run failed; see {whole_log}"
    number = "1 job failed" if len(failed) == 1 else f"{len(failed)} jobs failed, the first being"
    rule, log = failed[0]
    start = f"{number}: {rule}"
    if log is None or not Path(log).is_file():
        return f"{start}; see {whole_log}"
    return f"{start}: {last_line(log, LONGEST) or 'its log is empty'}; see {log}"
