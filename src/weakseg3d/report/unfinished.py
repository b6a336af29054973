"""What an experiment has not finished: evaluations that are not there, and jobs that came to no end."""

import re

import numpy as np
import pandas as pd

from weakseg3d.errors import UserError
from weakseg3d.evaluation.long_table import LACKING, read_files
from weakseg3d.evaluation.metrics import METRICS
from weakseg3d.evaluation.rows import COLUMNS, LABELS

CELL = ["dataset", "organ", "annotation", "method", "seed"]

MOST_NAMED = 20
"""Jobs that warnings name."""

MOST_LETTERS = 200
"""Letters of a log's last line that a warning quotes."""

TAIL = 4096
"""Bytes at the end of a log that hold its last line."""

RUN = re.compile(r"(.+/seed-\d+)(/.*)?")
"""The log of a job of one training: its cell, and the rest."""


def finished_metrics(results):
    """Return the metrics of every finished evaluation of ``results``, a `Results`, as `read_metrics` has them.

    Finished is an evaluation whose prediction and models are there and none younger than what was made of it: after a
    training that failed, metrics of the one before it are of no model that there is. Raises UserError where there is
    none.
    """
    evaluations = [(cell, case) for cell in results.cells for case in _test_cases(results, cell)]
    files = [results.metrics(cell, case) for cell, case in evaluations if _is_finished(results, cell, case)]
    if not files:
        raise UserError(f"{results.folder}: has no finished evaluation yet; run the workflow further")
    return read_files(files, results.folder)


def _is_finished(results, cell, case):
    """Return whether the files from model to metrics are there, each no older than the one before."""
    models = [results.folder / stage / "model.pt" for stage in cell["first_stages"]]
    models += [results.model(cell, "model.pt")] if cell["model"] else []
    chain = [*models, results.prediction(cell, case), results.metrics(cell, case)]
    if not all(path.is_file() for path in chain):
        return False
    times = [path.stat().st_mtime_ns for path in chain]
    return times == sorted(times)


def with_lacking(rows, results):
    """Return the metrics ``rows`` of an experiment, a `Results`, with a row for each that should be there and is not.

    Such a row has the status `LACKING` and no value, so that a method whose every job failed has its place in all
    tables. With any of them the rows come in the order of the experiment. Raises UserError for an evaluation of another
    dataset, and for one of a case that is no test case of the experiment's split.
    """
    known = {(name, case) for name, dataset in results.datasets.items() for case in dataset["cases"]["test"]}
    for dataset, case in rows[["dataset", "case"]].drop_duplicates().itertuples(index=False, name=None):
        if dataset not in results.datasets:
            raise UserError(f"dataset '{dataset}' is none of {results.folder}; remove its rows from the metrics")
        if (dataset, case) not in known:
            split = results.datasets[dataset]["split"]
            raise UserError(f"case '{case}' of {dataset} is no test case of {split}; remove its rows from the metrics")
    present = set(rows[[*CELL, "case"]].drop_duplicates().itertuples(index=False, name=None))
    units = rows.drop_duplicates("metric").set_index("metric")["unit"].to_dict()
    lines, order = [], {}
    for cell in results.cells:
        key = tuple(str(cell[name]) for name in CELL)
        order[key] = len(order)
        for case in _test_cases(results, cell):
            if (*key, case) not in present:
                labels = dict(zip(CELL, key, strict=True)) | {"case": case}
                labels["modality"] = results.datasets[cell["dataset"]]["modality"]
                lines += [
                    (*(labels[name] for name in LABELS), metric, np.nan, unit, LACKING)
                    for metric, unit in units.items()
                    # Controls have no uncertainty.
                    if metric in METRICS or cell["model"]
                ]
    if not lines:
        return rows
    rows = pd.concat([rows, pd.DataFrame(lines, columns=COLUMNS)], ignore_index=True)
    places = [order.get(key, len(order)) for key in rows[CELL].itertuples(index=False, name=None)]
    return rows.assign(place=places).sort_values("place", kind="stable", ignore_index=True).drop(columns="place")


def unfinished_sentences(rows, results):
    """Return how many evaluations ``rows``, what `with_lacking` returns, lack, and which jobs came to no end."""
    evaluations = rows.drop_duplicates([*CELL, "case"])["status"]
    number = int((evaluations == LACKING).sum())
    if not number:
        return []
    jobs = unfinished_jobs(results)
    more = [f"{len(jobs) - MOST_NAMED} more jobs came to no end"] if len(jobs) > MOST_NAMED else []
    return [f"unfinished: {number} of {len(evaluations)} evaluations are not there", *jobs[:MOST_NAMED], *more]


def unfinished_jobs(results):
    """Return a sentence for every job of the experiment that began and came to no end, with the last line of its log.

    Snakemake removes a job's log before it starts the job, and writes its benchmark when it is done: a log without a
    benchmark, or with an older one, is that of a job that failed, was stopped or is running.
    """
    runs = {"/".join(str(cell[name]) for name in CELL[:-1]) + f"/seed-{cell['seed']}" for cell in results.cells}
    for cell in results.cells:
        runs |= {path.removeprefix("7_models/") for path in (cell["model"], *cell["first_stages"]) if path}
    sentences = []
    for log in sorted((results.folder / "logs").rglob("*.log")):
        rule, _, job = log.relative_to(results.folder / "logs").as_posix().removesuffix(".log").partition("/")
        benchmark = results.folder / "benchmarks" / rule / f"{job}.tsv"
        of_run = RUN.fullmatch(job)
        if not job or (of_run and of_run[1] not in runs):
            continue
        if not benchmark.is_file() or benchmark.stat().st_mtime_ns < log.stat().st_mtime_ns:
            line = last_line(log)
            said = f"ends with '{line}'" if line else "is empty"
            sentences.append(f"a job came to no end: {log.relative_to(results.folder)} {said}")
    return sentences


def last_line(path):
    """Return the last line of a text file that says anything, shortened; empty where there is none."""
    with open(path, "rb") as stream:
        stream.seek(0, 2)
        stream.seek(max(0, stream.tell() - TAIL))
        lines = stream.read().decode("utf-8", errors="replace").splitlines()
    line = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return line if len(line) <= MOST_LETTERS else line[: MOST_LETTERS - 1] + "…"


def _test_cases(results, cell):
    return results.datasets[cell["dataset"]]["cases"]["test"]
