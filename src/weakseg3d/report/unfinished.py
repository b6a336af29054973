"""What an experiment has not finished: evaluations that are missing, and jobs that failed or were stopped."""

import re

import numpy as np
import pandas as pd

from weakseg3d.errors import UserError, quoted
from weakseg3d.evaluation.long_table import LACKING, read_files, read_metrics
from weakseg3d.evaluation.metrics import METRICS
from weakseg3d.evaluation.rows import COLUMNS, LABELS
from weakseg3d.experiment import paths
from weakseg3d.report.results import CELL, trainings
from weakseg3d.texts import last_line

MAX_JOBS = 20
"""At most this many jobs are named in warnings."""

MAX_CHARACTERS = 200
"""A warning quotes at most this many characters of a log's last line."""

TRAINING_JOB = re.compile(r"(.+/seed-\d+)(/.*)?")
"""The path of the log of a job that belongs to one training: the cell, and the rest."""


def known_metrics(results):
    """Return the long table of an experiment: the gathered one or, before it is gathered, the `finished_metrics`."""
    gathered = results.folder / paths.in_results(paths.ALL_METRICS)
    return read_metrics(gathered) if gathered.is_file() else finished_metrics(results)


def finished_metrics(results):
    """Return the metrics of every finished evaluation of ``results``, a `Results`, as `read_metrics` returns them.

    An evaluation is finished if its prediction and models exist and no file is newer than the ones made from it: after
    a failed training, the metrics left over from the training before it belong to a model that no longer exists.
    Raises UserError if no evaluation is finished.
    """
    evaluations = [(cell, case) for cell in results.cells for case in _test_cases(results, cell)]
    files = [results.metrics(cell, case) for cell, case in evaluations if _is_finished(results, cell, case)]
    if not files:
        raise UserError(f"{results.folder}: has no finished evaluation yet; run the workflow further")
    return read_files(files, results.folder)


def _is_finished(results, cell, case):
    """Return whether all files from the models to the metrics exist, each no older than those that it is made from.

    The models that a cell's own one started from, or was chosen among, have no order among themselves.
    """
    sources = [results.folder / folder / "model.pt" for folder in trainings(cell)[1:]]
    model = [results.weights(cell)] if cell["model"] else []
    chain = [*model, results.prediction(cell, case), results.metrics(cell, case)]
    if not all(path.is_file() for path in (*sources, *chain)):
        return False
    newest = max((path.stat().st_mtime_ns for path in sources), default=0)
    times = [newest, *(path.stat().st_mtime_ns for path in chain)]
    return times == sorted(times)


def with_missing_evaluations(rows, results):
    """Return the metrics ``rows`` of an experiment, a `Results`, with a row for every metric that should be there.

    An added row has the status `LACKING` and no value, so that even a method whose jobs have all failed appears in
    every table. If rows are added, all rows are put into the order of the experiment. Raises UserError for an
    evaluation of another dataset, and for one of a case that is not a test case of the experiment's split.
    """
    _check_cases(rows, results)
    evaluated = set(rows[[*CELL, "case"]].drop_duplicates().itertuples(index=False, name=None))
    units = rows.drop_duplicates("metric").set_index("metric")["unit"].to_dict()
    missing, order = [], {}
    for cell in results.cells:
        key = tuple(str(cell[name]) for name in CELL)
        order[key] = len(order)
        for case in _test_cases(results, cell):
            if (*key, case) not in evaluated:
                labels = dict(zip(CELL, key, strict=True)) | {"case": case}
                labels["modality"] = results.datasets[cell["dataset"]]["modality"]
                missing += [
                    (*(labels[name] for name in LABELS), metric, np.nan, unit, LACKING)
                    for metric, unit in units.items()
                    # Controls have no uncertainty, nor have programs that write no probabilities.
                    if metric in METRICS or cell.get("uncertainty", bool(cell["model"]))
                ]
    if not missing:
        return rows
    rows = pd.concat([rows, pd.DataFrame(missing, columns=COLUMNS)], ignore_index=True)
    positions = [order.get(key, len(order)) for key in rows[list(CELL)].itertuples(index=False, name=None)]
    return (
        rows.assign(position=positions)
        .sort_values("position", kind="stable", ignore_index=True)
        .drop(columns="position")
    )


def _check_cases(rows, results):
    """Raise UserError if ``rows`` have a dataset or a case that the experiment does not test."""
    known = {(name, case) for name, dataset in results.datasets.items() for case in dataset["cases"]["test"]}
    for dataset, case in rows[["dataset", "case"]].drop_duplicates().itertuples(index=False, name=None):
        if dataset not in results.datasets:
            raise UserError(
                f"dataset {quoted(dataset)} is not part of {results.folder}; remove its rows from the metrics"
            )
        if (dataset, case) not in known:
            split = results.datasets[dataset]["split"]
            raise UserError(
                f"case {quoted(case)} of {dataset} is not a test case of {split}; remove its rows from the metrics"
            )


def unfinished_warnings(rows, results):
    """Return a warning with the number of missing evaluations, and one for each job that did not finish.

    ``rows`` is the table that `with_missing_evaluations` returns. If it is complete there are no warnings.
    """
    statuses = rows.drop_duplicates([*CELL, "case"])["status"]
    number = int((statuses == LACKING).sum())
    if not number:
        return []
    jobs = unfinished_jobs(results)
    more = [f"{len(jobs) - MAX_JOBS} more jobs did not finish"] if len(jobs) > MAX_JOBS else []
    return [f"unfinished: {number} of {len(statuses)} evaluations are missing", *jobs[:MAX_JOBS], *more]


def unfinished_jobs(results):
    """Return a sentence for every job of the experiment that started but did not finish, with its log's last line.

    Snakemake removes the log of a job before it starts the job, and writes its benchmark when the job is done. So a log
    without a benchmark, or with an older one, belongs to a job that failed, was stopped, or is still running.
    """
    known = {"/".join(str(cell[name]) for name in CELL[:-1]) + f"/seed-{cell['seed']}" for cell in results.cells}
    for cell in results.cells:
        known |= {path.partition("/")[2] for path in trainings(cell)}
    sentences = []
    logs, benchmarks = (results.folder / paths.in_results(folder) for folder in (paths.LOGS, paths.BENCHMARKS))
    for log in sorted(logs.rglob("*.log")):
        rule, _, job = log.relative_to(logs).as_posix().removesuffix(".log").partition("/")
        benchmark = benchmarks / rule / f"{job}.tsv"
        training = TRAINING_JOB.fullmatch(job)
        if not job or (training and training[1] not in known):
            continue
        if not benchmark.is_file() or benchmark.stat().st_mtime_ns < log.stat().st_mtime_ns:
            line = last_line(log, MAX_CHARACTERS)
            state = f"ends with '{line}'" if line else "is empty"
            sentences.append(f"a job did not finish: {log.relative_to(results.folder)} {state}")
    return sentences


def _test_cases(results, cell):
    return results.datasets[cell["dataset"]]["cases"]["test"]
