"""What each method costs a machine, beside what it costs the annotator: the table of cost."""

import math

import pandas as pd

from weakseg3d.report.page.results import read_run
from weakseg3d.report.tables.main import GROUP, is_control
from weakseg3d.report.tables.method_facts import FACTS, with_readable_facts

CPUS = ("x86_64", "AMD64", "aarch64", "arm64", "i386", "i686", "ppc64le")
"""Devices that a run names after the processor: the training used no GPU."""

COLUMNS = [
    *GROUP,
    "device",
    "parameters",
    "steps",
    "steps_per_s",
    "gpu_hours",
    "cpu_hours",
    "peak_memory_mb",
    "prediction_s",
    "n_seeds",
]
"""Columns of the table, before those of `FACTS`."""

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
MEASURED = ("parameters", "steps", "steps_per_s", "gpu_hours", "cpu_hours", "peak_memory_mb", "prediction_s")
NUMBERS = ("effort", *MEASURED, "n_seeds")

NOTE = (
    "Training of one model, the mean over seeds. Hours are those of all steps at the measured steps/s, with those of "
    "the first stages that a model starts from; core hours are hours times threads, and both are times devices. Peak "
    "memory is that of the GPU, without one that of the process, the largest over seeds. Prediction: wall time of a "
    "job that predicts test cases, its start included, over its cases; it asks for the same device as the training. "
    "Controls are not trained. These are measurements: they differ from run to run, and between machines."
)


def cost_table(table, results):
    """Return the cost of every trained method of the main ``table``, and a sentence for each run that is missing.

    ``results`` is a `Results`. Columns: `COLUMNS` and those of `FACTS` that ``table`` has; NaN where a run is missing.
    """
    lines, warnings = [], []
    for row in table[~is_control(table["method"])].to_dict("records"):
        labels = {key: row[key] for key in ("dataset", "organ", "annotation", "method")}
        cells = [c for c in results.cells if all(str(c[key]) == labels[key] for key in labels) and c["model"]]
        runs = []
        for cell in cells:
            records = [results.folder / model / "run.json" for model in (cell["model"], *cell["first_stages"])]
            if missing := [path for path in records if not path.exists()]:
                warnings.append(f"{missing[0]}: no such file, so the cost of {row['method']} is not known")
            else:
                run, *stages = map(read_run, records)
                runs.append((run, stages, results.prediction_seconds(cell)))
        line = {key: row[key] for key in GROUP} | _cost(runs)
        lines.append(line | {fact: row[fact] for fact in FACTS if fact in row})
    return pd.DataFrame(lines, columns=[*COLUMNS, *(fact for fact in FACTS if fact in table)]), warnings


def hours(run):
    """Return the hours of a training on GPUs and the core hours of one without, as a pair; one of them is 0."""
    training = run["recipe"]["training"]
    elapsed = training["steps"] / run["steps_per_s"] / 3600 * training.get("devices", 1)
    return (0.0, elapsed * run["recipe"].get("threads", 1)) if run["device"] in CPUS else (elapsed, 0.0)


def _cost(runs):
    if not runs:
        return dict.fromkeys(MEASURED, math.nan) | {"device": "", "n_seeds": 0}
    own = pd.DataFrame([run for run, _, _ in runs])
    spent = [[hours(part) for part in (run, *stages)] for run, stages, _ in runs]
    return {
        "device": ", ".join(dict.fromkeys(own["device"])),
        "parameters": own["parameters"].max(),
        "steps": max(run["recipe"]["training"]["steps"] for run, _, _ in runs),
        "steps_per_s": own["steps_per_s"].mean(),
        "gpu_hours": sum(gpu for parts in spent for gpu, _ in parts) / len(runs),
        "cpu_hours": sum(cpu for parts in spent for _, cpu in parts) / len(runs),
        "peak_memory_mb": own["peak_memory_mb"].max(),
        "prediction_s": pd.Series([seconds for _, _, seconds in runs]).mean(),
        "n_seeds": len(runs),
    }


def readable_cost(table):
    """Return the table of cost as text, with the columns of `HEADINGS` that it has."""
    text = table.astype(str)
    text["device"] = [
        ", ".join(f"CPU ({name})" if name in CPUS else name for name in device.split(", "))
        for device in table["device"]
    ]
    formats = {"parameters": lambda n: f"{n / 1e6:.2f}", "steps": "{:.0f}".format, "steps_per_s": "{:.2f}".format}
    formats |= {"gpu_hours": "{:.3f}".format, "cpu_hours": "{:.3f}".format, "peak_memory_mb": "{:.0f}".format}
    formats |= {"prediction_s": "{:.1f}".format}
    for column, shown in formats.items():
        text[column] = ["–" if math.isnan(value) else shown(value) for value in table[column]]
    return with_readable_facts(text, table, HEADINGS)
