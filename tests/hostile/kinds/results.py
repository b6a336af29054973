"""Folders of results: records that are missing, damaged or contradict each other, and names that are markup."""

import atexit
import json
import shutil
import tempfile
from functools import cache
from pathlib import Path

from small_experiment import small_experiment

from kinds.attempt import Attempt
from kinds.material import cut

EXPLAIN = ["explain", "results/small", "--dataset", "toy", "--organ", "blob", "--method", "good"]
REPORT = ["report", "--metrics", "results/small/tables/metrics.csv", "--out", "report", "--results", "results/small"]
PROVENANCE = "tables/provenance.json"
METRICS = "tables/metrics.csv"
RUN = "7_models/toy/blob/points/good/seed-0/run.json"


@cache
def _intact():
    """Return a folder, removed at the end of this process, with an intact experiment."""
    holder = tempfile.TemporaryDirectory(prefix="weakseg3d-hostile-")
    atexit.register(holder.cleanup)
    small_experiment(Path(holder.name))
    return Path(holder.name)


def _rewrite(name, content):
    return lambda results: (results / name).write_bytes(content)


def _record(**changes):
    def change(results):
        content = json.loads((results / PROVENANCE).read_text(encoding="utf-8"))
        content.update(changes)
        (results / PROVENANCE).write_text(json.dumps(content), encoding="utf-8")

    return change


def _replace(old, new):
    def change(results):
        text = (results / METRICS).read_text(encoding="utf-8")
        (results / METRICS).write_text(text.replace(old, new), encoding="utf-8")

    return change


DAMAGES = {
    "no provenance": lambda results: (results / PROVENANCE).unlink(),
    "provenance empty": _rewrite(PROVENANCE, b""),
    "provenance a list": _rewrite(PROVENANCE, b"[]"),
    "provenance null": _rewrite(PROVENANCE, b"null"),
    "provenance in UTF-16": _rewrite(PROVENANCE, "{}".encode("utf-16")),
    "provenance nested": _rewrite(PROVENANCE, b"[" * 100_000),
    "provenance {}": _rewrite(PROVENANCE, b"{}"),
    "provenance cut": lambda results: cut(results / PROVENANCE, 0.5),
    "cells a number": _record(cells=5),
    "cells of texts": _record(cells=["x"]),
    "cells of empty mappings": _record(cells=[{}]),
    "datasets a list": _record(datasets=[]),
    "datasets empty": _record(datasets={}),
    "experiment a number": _record(experiment=5),
    "metrics empty": _rewrite(METRICS, b""),
    "metrics in Latin-1": _rewrite(METRICS, "dataset,méthode\n".encode("latin-1")),
    "metrics a folder": lambda results: ((results / METRICS).unlink(), (results / METRICS).mkdir()),
    "metrics without a column": _replace("status", "state"),
    "metrics with a text": _replace("dice,", "dice,x"),
}
EXPLAINABLE = {"experiment a number", "metrics a folder"}
"""Damages that 'explain' can do without: it reads the metrics of each case where there is no table of all."""

RUN_DAMAGES = {
    "run empty": b"",
    "run a list": b"[]",
    "run cut": b'{"recipe": {',
    "run of texts": b'{"wall_time_s": "x"}',
}

NAMES = ("<script>alert(1)</script>", "<!--<script>", "=cmd()", "$x$", "a\\b{", "../x", "%s", "'", "\x1b[31m")


def attempts():
    for name, damage in DAMAGES.items():
        yield Attempt("results", "explain", name, _damaged(damage, EXPLAIN), name in EXPLAINABLE)
        # A report is still useful when a record is missing; a gap and a warning take the record's place.
        yield Attempt("report", "damaged records", name, _damaged(damage, REPORT), not name.startswith("metrics"))
    for name, content in RUN_DAMAGES.items():
        yield Attempt("results", "run.json", name, _damaged(_rewrite(RUN, content), EXPLAIN), may_pass=True)
        yield Attempt("report", "run.json", name, _damaged(_rewrite(RUN, content), REPORT), may_pass=True)
    for name in NAMES:
        write = _damaged(_replace("good", name.replace("'", '"\'"')), REPORT[:-2])
        yield Attempt("report", "names", repr(name), write, may_pass=True)
    for option in ("--dataset=..", "--organ=none", "--method=", "--metric=beauty", "--annotation=x"):
        yield Attempt("results", "cell", option, _damaged(lambda results: None, [*EXPLAIN, option]))
    for out in ("notes.txt", "thesis/thesis.tex", "/dev/null"):
        write = _damaged(lambda results: None, [*REPORT[:3], "--out", out])
        yield Attempt("report", "output", out, write)
    for option in ("--viewer-cases=-1", "--footer=x", "--selection=good=best", "--published=notes.txt"):
        yield Attempt("report", "options", option, _damaged(lambda results: None, [*REPORT, option]))


def _damaged(damage, arguments):
    def write(folder):
        shutil.copytree(_intact() / "results", folder / "results")
        damage(folder / "results/small")
        return arguments

    return write
