"""The table of cost: the machine time of each method, next to the annotator's effort."""

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from weakseg3d.report.results import read_run, trainings
from weakseg3d.report.tables.method_facts import FACTS, is_control, with_readable_facts
from weakseg3d.report.tables.readable import ReadableTable, number_text
from weakseg3d.statistics.cell_summary import CELL

CPUS = ("x86_64", "AMD64", "aarch64", "arm64", "i386", "i686", "ppc64le")
"""Names of processors: a run with such a device was trained without a GPU."""

MEASURED = ("parameters", "steps", "steps_per_s", "gpu_hours", "cpu_hours", "peak_memory_mb", "prediction_s")
"""Columns with numbers that the runs recorded."""

COLUMNS = [*CELL, "device", *MEASURED, "n_seeds"]
"""Columns of the table; those of `FACTS` follow them."""

HEADINGS = {
    "dataset": "Dataset",
    "modality": "Modality",
    "organ": "Organ",
    "method": "Method",
    "effort": "Effort",
    "device": "Device",
    "parameters": "Parameters (M)",
    "steps": "Steps",
    "steps_per_s": "Steps/s",
    "gpu_hours": "GPU hours",
    "cpu_hours": "CPU core hours",
    "peak_memory_mb": "Peak memory (MB)",
    "prediction_s": "Prediction (s/case)",
    "n_seeds": "seeds",
    "selection": "Selection",
    "annotation": "Annotation",
}
"""Columns of the readable table."""

NUMBERS = ("effort", *MEASURED, "n_seeds")
"""Columns of the readable table that are aligned to the right."""

UNITS = {"parameters": 1e6}
"""What the numbers of the table are divided by for readers, if not by 1."""

DECIMALS = {
    "parameters": 2,
    "steps": 0,
    "steps_per_s": 2,
    "gpu_hours": 3,
    "cpu_hours": 3,
    "peak_memory_mb": 0,
    "prediction_s": 1,
}
"""Decimals shown to readers."""

NOTE = (
    "Training of one model, mean over seeds. Hours: the time that all steps take at the measured steps/s, including "
    "those of the first stages that a model starts from and, where one of several settings was chosen, of all "
    "settings that were tried, and what a program of somebody else's took to make its labels. Core hours are hours "
    "times threads; both kinds of hours are multiplied by the number of devices. Peak memory: that of the GPU or, "
    "without one, of the process; the maximum over seeds. Of a program of somebody else's, time and memory are "
    "measured from outside, the memory as the sum over its processes. Prediction: wall time of a job that predicts "
    "test cases, including its start, divided by the number of cases; it requests the same device as the training. "
    "Controls are not trained, nor are programs that come with a finished model. These are measurements: they "
    "differ from run to run and between machines."
)
"""What readers need to know to understand the table."""


@dataclass(frozen=True)
class Training:
    """The records of one training."""

    seed: int
    run: dict[str, Any]
    needed: list[dict[str, Any]]
    """The records of all that it took: its training, first stages, all trials among which it was chosen, its labels."""


def cost_table(table, results):
    """Return the cost of every trained method of the main ``table``, and a warning for each missing record of a run.

    ``results`` is a `Results`. Columns: `COLUMNS` and those `FACTS` that ``table`` has; NaN if no record exists.
    """
    lines, warnings = [], []
    for row in table[~is_control(table["method"])].to_dict("records"):
        trained, predictions = [], []
        for cell in results.cells_of(**{key: row[key] for key in ("dataset", "organ", "annotation", "method")}):
            predictions.append(results.prediction_seconds(cell))
            if not cell["model"]:
                continue
            # A model that was chosen is that of a trial, which is not paid for twice.
            needed = cell.get("trials") or trainings(cell)
            records = [results.folder / model / "run.json" for model in (cell["model"], *needed)]
            records += results.label_records(cell)
            if missing := [path for path in records if not path.exists()]:
                warnings.append(f"{missing[0]}: no such file, so the cost of {row['method']} is not known")
                continue
            run, *of_needed = map(read_run, records)
            trained.append(Training(cell["seed"], run, of_needed))
        # Seconds are NaN where they were not measured.
        line = {key: row[key] for key in CELL} | _cost(trained) | {"prediction_s": pd.Series(predictions).mean()}
        lines.append(line | {fact: row[fact] for fact in FACTS if fact in row})
    return pd.DataFrame(lines, columns=[*COLUMNS, *(fact for fact in FACTS if fact in table)]), warnings


def gpu_and_cpu_hours(run):
    """Return the GPU hours and the CPU core hours of a training; one of the two is 0."""
    if run.get("external"):
        elapsed = run["wall_time_s"] / 3600
    else:
        training = run["recipe"]["training"]
        elapsed = training["steps"] / run["steps_per_s"] / 3600 * training.get("devices", 1)
    return (0.0, elapsed * run["recipe"].get("threads", 1)) if run["device"] in CPUS else (elapsed, 0.0)


def _cost(trainings):
    """Return what the trainings of one method cost, one for each seed and annotator; without any, nothing is known."""
    if not trainings:
        return dict.fromkeys(MEASURED, math.nan) | {"device": "", "n_seeds": 0}
    runs = pd.DataFrame([training.run for training in trainings])
    known = [training.run for training in trainings if not training.run.get("external")]
    hours = [gpu_and_cpu_hours(run) for training in trainings for run in training.needed]
    return {
        "device": ", ".join(dict.fromkeys(runs["device"])),
        "parameters": runs["parameters"].max() if known else math.nan,
        "steps": max((run["recipe"]["training"]["steps"] for run in known), default=math.nan),
        "steps_per_s": runs["steps_per_s"].mean() if known else math.nan,
        "gpu_hours": sum(gpu for gpu, _ in hours) / len(trainings),
        "cpu_hours": sum(cpu for _, cpu in hours) / len(trainings),
        "peak_memory_mb": runs["peak_memory_mb"].max(),
        "n_seeds": len({training.seed for training in trainings}),
    }


def readable_cost(table):
    """Return the table of cost as a `ReadableTable` with those `HEADINGS` that it has."""
    text = table.astype(str)
    text["device"] = [
        ", ".join(f"CPU ({name})" if name in CPUS else name for name in devices.split(", "))
        for devices in table["device"]
    ]
    for column, decimals in DECIMALS.items():
        values = table[column] / UNITS.get(column, 1)
        text[column] = [number_text(value, decimals, missing="–") for value in values]
    text = with_readable_facts(text, table, HEADINGS)
    return ReadableTable(text, [HEADINGS[column] for column in NUMBERS], NOTE, subtitle="cost")
