"""A verb for every case of a batch, in one process that goes on after the last whole case of an earlier one.

A batch is a part of a dataset's split: ``@train``, ``@validation`` or ``@test``. To the graph of jobs a record stands
for the files of its cases: ``results/E/batches/4_masks/D/O/@test.nii.gz.json`` for
``results/E/4_masks/D/O/CASE.nii.gz``. It holds ``{case: sha256 of the file}``. Beside it, in a file that ends in
``.made`` and that Snakemake does not know, lies a hash of what each case was made by.
"""

import hashlib
import json
import re
from pathlib import Path

from weakseg3d.cli import main, module_name
from weakseg3d.errors import UserError
from weakseg3d.files import existing_file, file_digest, whole_file
from weakseg3d.jobs.code_hash import code_hash

IN_RECORDS = re.compile(r"^(results/[^/]+)/batches/(.+?)(?:\.json)?$")
"""A record, or a folder of records: the experiment's folder, and the path of the cases' files in it."""
INTERRUPTED = 130
"""Exit code of a verb that ended by Ctrl-C (`weakseg3d.cli.main`)."""


def record_of(path):
    """Return the record that stands for the files ``path``, which starts with ``results/EXPERIMENT/``."""
    results, experiment, rest = path.split("/", 2)
    return f"{results}/{experiment}/batches/{rest}.json"


def of_case(text, batch, case):
    """Return an argument meant for a batch as it is for one of its cases: a record becomes the case's file."""
    return IN_RECORDS.sub(r"\1/\2", text).replace(batch, case)


def run_batch(command, batch, cases, read, write):
    """Run ``command`` (a verb and its arguments) for every case and write the records; return an exit code.

    ``read`` and ``write`` are the files that the command reads and the records that it writes, as the graph of jobs
    names them. A case is left alone when all its files are there and were made by the same command and code from the
    same inputs. One that fails does not keep the others from being made; the records are written once all are.
    """
    known = [(path, case_digests(path, cases)) for path in read]
    code = code_hash(module_name(command[0]))
    journal = Path(write[0] + ".made")
    made = json.loads(journal.read_text(encoding="utf-8")) if journal.exists() else {}
    worst = 0
    for case in cases:
        arguments = [of_case(word, batch, case) for word in command]
        files = [Path(of_case(record, batch, case)) for record in write]
        inputs = [(of_case(path, batch, case), digests[case]) for path, digests in known]
        recipe = hashlib.sha256(json.dumps([code, arguments, inputs]).encode()).hexdigest()
        if made.get(case) == recipe and all(file.exists() for file in files):
            let_follow(files, [path for path, _ in inputs])
            continue
        # The recipe is noted before the files are made: they appear only when whole, so those that are there later
        # were made by it, whenever the process ended.
        for file in files:
            file.unlink(missing_ok=True)
        made[case] = recipe
        write_json(journal, made)
        ended = main(arguments)
        if ended == INTERRUPTED:
            return ended
        worst = max(worst, ended)
    if not worst:
        for record in write:
            write_json(record, {case: file_digest(of_case(record, batch, case)) for case in cases})
    return worst


def case_digests(path, cases):
    """Return ``{case: sha256}`` of what a record stands for, or of a file that is the same for all ``cases``."""
    if not IN_RECORDS.match(path):
        return dict.fromkeys(cases, file_digest(existing_file(path)))
    digests = json.loads(existing_file(path).read_text(encoding="utf-8"))
    missing = [case for case in cases if case not in digests]
    if missing:
        raise UserError(f"{path}: holds no case '{missing[0]}'; delete it, so that it is made anew")
    return digests


def let_follow(files, inputs):
    """Give today's date to ``files`` older than one of their ``inputs``, which was made again with the same bytes."""
    newest = max(Path(path).stat().st_mtime_ns for path in inputs)
    for file in files:
        if file.stat().st_mtime_ns < newest:
            file.touch()


def write_json(path, content):
    """Write a mapping, whole or not at all."""
    with whole_file(path) as partial:
        partial.write_text(json.dumps(content, indent=0) + "\n", encoding="utf-8")
