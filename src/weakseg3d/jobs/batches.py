"""A verb for every case of a batch, in one process that goes on after the last finished case of an earlier one.

A batch is a part of a dataset's split: ``@train``, ``@validation`` or ``@test``. In Snakemake's graph of jobs a record
stands for the files of its cases: ``results/E/batches/4_masks/D/O/@test.nii.gz.json`` for
``results/E/4_masks/D/O/CASE.nii.gz``. It holds ``{case: sha256 of the file}``. Beside it lies a journal, the same name
with ``.made``, which Snakemake does not know; it holds a hash of the command, code and inputs that made each case.

Why there are jobs of one case and jobs of a batch: Snakemake itself follows every file of a job of one case, so that
users can ask for any file by its path, delete it, or spread the cases over a cluster. Its graph grows too large for
grids of more than some ten thousand jobs, though, and it offers no rule whose number of outputs depends on a wildcard
and whose finished outputs outlive a failure. So a batch has one output, the record, and this module does for its cases
what Snakemake does for jobs; the verb, its arguments and its files are the same in both.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from weakseg3d.cli import main
from weakseg3d.errors import UserError, quoted
from weakseg3d.files import existing_file, file_digest, whole_file
from weakseg3d.texts import read_json

IN_RECORDS = re.compile(r"^(results/[^/]+)/batches/(.+?)(?:\.json)?$")
"""A record (`weakseg3d.experiment.paths.record`), or a folder of records: the experiment's folder, and the rest."""
INTERRUPTED = 130
"""Exit code of a verb that was ended by Ctrl-C (`weakseg3d.cli.main`)."""


def of_case(text: str, batch: str, case: str) -> str:
    """Return an argument meant for a batch as it is for one of its cases: a record becomes the case's file."""
    return IN_RECORDS.sub(r"\1/\2", text).replace(batch, case)


def run_batch(
    command: Sequence[str], batch: str, cases: Sequence[str], read: Sequence[str], write: Sequence[str], code: str
) -> int:
    """Run ``command`` (a verb and its arguments) for every case and write the records; return the highest exit code.

    ``read`` and ``write`` are the files that the command reads and the records that it writes, as the graph of jobs
    names them; ``code`` is the hash of the code behind the command. A case is skipped when all its files exist and were
    made by the same command and code from the same inputs. One that fails does not keep the others from being made; the
    records are written once all are.
    """
    digests = {path: case_digests(path, batch, cases) for path in read}
    journal = Path(write[0] + ".made")
    hashes = read_json(journal) if journal.exists() else {}
    highest_code = 0
    for case in cases:
        arguments = [of_case(word, batch, case) for word in command]
        outputs = [Path(of_case(record, batch, case)) for record in write]
        inputs = [(of_case(path, batch, case), digests[path][case]) for path in read]
        case_hash = hashlib.sha256(json.dumps([code, arguments, inputs]).encode()).hexdigest()
        if hashes.get(case) == case_hash and all(file.exists() for file in outputs):
            make_newer_than(outputs, [path for path, _ in inputs])
            continue
        # The hash is noted before the files are made: they appear only when whole, so any that exist later were made
        # from it, whenever the process ended.
        for file in outputs:
            file.unlink(missing_ok=True)
        hashes[case] = case_hash
        write_json(journal, hashes)
        exit_code = main(arguments)
        if exit_code == INTERRUPTED:
            return exit_code
        highest_code = max(highest_code, exit_code)
    if highest_code == 0:
        for record in write:
            write_json(record, {case: file_digest(of_case(record, batch, case)) for case in cases})
    return highest_code


def case_digests(path: str, batch: str, cases: Iterable[str]) -> dict[str, str]:
    """Return ``{case: sha256}`` of the files that a record stands for, or of one file that all ``cases`` share.

    A file of a person's, which has no record, is named with the ``batch`` in place of the case. Raises UserError for a
    file that does not exist and for a record that lacks a case.
    """
    if not IN_RECORDS.match(path) and batch in path:
        return {case: file_digest(existing_file(path.replace(batch, case))) for case in cases}
    if not IN_RECORDS.match(path):
        return dict.fromkeys(cases, file_digest(existing_file(path)))
    digests = read_json(path)
    missing = [case for case in cases if case not in digests]
    if missing:
        raise UserError(f"{path}: holds no case {quoted(missing[0])}; delete it, so that it is made anew")
    return digests


def make_newer_than(files: Iterable[Path], inputs: Iterable[str]) -> None:
    """Set the modification time of ``files`` to now where an input is newer: it was made again with the same bytes.

    What is known by its record alone has no date.
    """
    newest = max((Path(path).stat().st_mtime_ns for path in inputs if Path(path).exists()), default=0)
    for file in files:
        if file.stat().st_mtime_ns < newest:
            file.touch()


def write_json(path: str | Path, content: Mapping[str, str]) -> None:
    """Write a mapping, whole or not at all."""
    with whole_file(path) as partial:
        partial.write_text(json.dumps(content, indent=0) + "\n", encoding="utf-8")
