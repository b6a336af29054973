"""From a cell of a table back to what made it: its cases with their files, its models, its config."""

import pandas as pd

from weakseg3d.errors import UserError
from weakseg3d.evaluation.calibration import UNCERTAINTY
from weakseg3d.evaluation.long_table import read_metrics
from weakseg3d.evaluation.metrics import METRICS
from weakseg3d.files import file_digest
from weakseg3d.report.page.results import read_run
from weakseg3d.report.page.unfinished import finished_metrics
from weakseg3d.report.tables.cell_statistics import VALUES, cell_statistics
from weakseg3d.report.tables.main import MEASURES
from weakseg3d.report.tables.origin import origin
from weakseg3d.schemas import choose

ROUNDING = 1e-4
"""The tables have four decimals."""

RUN_FACTS = ("seed", "cases", "model_selection", "kept_steps", "parameters", "device", "precision", "wall_time_s")
RUN_FACTS = (*RUN_FACTS, "resumed_from_step", "starts_from_sha256", "git_commit", "versions")
"""What is told of a training beside its recipe."""


def explain(results, dataset, organ, method, metric="dice", annotation=None):
    """Return what made a cell of the tables of ``results``, a `Results`, as nested dicts and lists for a reader.

    The ``value`` is computed anew from the long table and held against ``tables/main.csv``; every evaluation has its
    value, also as its own file has it, and the files behind it with their SHA-256. Raises UserError for a name that the
    long table does not have, and where ``annotation`` is needed to tell two cells apart. Before the workflow has
    gathered the long table it is that of the finished evaluations.
    """
    gathered = results.folder / "tables" / "metrics.csv"
    rows = read_metrics(gathered) if gathered.is_file() else finished_metrics(results)
    chosen = rows
    for column, name in (("dataset", dataset), ("organ", organ), ("method", method), ("metric", metric)):
        choose(name, list(chosen[column].unique()), column)
        chosen = chosen[chosen[column] == name]
    annotations = list(chosen["annotation"].unique())
    if annotation is not None:
        choose(annotation, annotations, "annotation")
    elif len(annotations) > 1:
        raise UserError(f"method '{method}' has the annotations {', '.join(annotations)}; name one with --annotation")
    annotation = annotation or annotations[0]
    chosen = chosen[chosen["annotation"] == annotation]
    labels = {"dataset": dataset, "organ": organ, "annotation": annotation, "method": method}

    evaluations = [_evaluation(results, labels, row) for row in chosen.to_dict("records")]
    value = _value(rows[rows["metric"] == metric], labels)
    return {
        "cell": labels | {"metric": metric, "unit": chosen["unit"].iloc[0]},
        "definition": (METRICS | UNCERTAINTY)[metric].definition,
        "value": value,
        "in tables/main.csv": _in_table(results, labels, metric, value),
        "evaluated_on": f"the {results.evaluated_on} grid",
        "evaluations": evaluations,
        "models": [_model(results, cell) for cell in results.cells if cell["model"] and _is(cell, labels)],
        "split": {key: results.datasets[dataset][key] for key in ("split", "split_sha256")},
        "experiment": results.experiment,
        "config": results.config,
        "software now": origin(),
    }


def _is(cell, labels):
    return all(str(cell[key]) == name for key, name in labels.items())


def _value(rows, labels):
    """Return the statistics of a cell as plain numbers, None where there is none."""
    table = cell_statistics(rows[(rows["dataset"] == labels["dataset"]) & (rows["organ"] == labels["organ"])])
    (cell,) = [line for line in table.to_dict("records") if _is(line, labels)]
    numbers = [name for name in cell if name.startswith("n_") or name == "n"]
    return {name: _plain(cell[name], 6) for name in VALUES} | {name: int(cell[name]) for name in numbers}


def _plain(value, decimals):
    return None if pd.isna(value) else round(float(value), decimals)


def _in_table(results, labels, metric, value):
    """Say whether the main table has the value that its cases give."""
    if metric not in MEASURES:
        return "not shown there; tables/statistics.csv has it"
    path = results.folder / "tables" / "main.csv"
    if not path.is_file():
        return "no such file"
    table = pd.read_csv(path, dtype={"method": str})
    found = [line[f"{metric}_mean"] for line in table.to_dict("records") if _is(line, labels)]
    if not found:
        return "has no such cell; it is older than the metrics"
    shown, mean = _plain(found[0], 4), value["mean"]
    agrees = shown is mean is None or (None not in (shown, mean) and abs(shown - mean) <= ROUNDING)
    return f"{shown}, {'the same' if agrees else f'but its cases give {mean}: the table is older than the metrics'}"


def _evaluation(results, labels, row):
    """Return one evaluation with its files and their hashes."""
    cell, case = labels | {"seed": row["seed"]}, row["case"]
    metrics = results.metrics(cell, case)
    files = {
        "metrics": metrics,
        "prediction": results.prediction(cell, case),
        "reference": results.reference(labels["dataset"], labels["organ"], case),
        "image": results.image(labels["dataset"], case),
    }
    told = {"case": case, "seed": int(row["seed"]), "value": _plain(row["value"], 8), "status": row["status"]}
    if metrics.is_file():
        own = read_metrics(metrics)
        own = _plain(own.loc[own["metric"] == row["metric"], "value"].max(), 8)
        if own != told["value"]:
            told["value in its own file"] = f"{own}: tables/metrics.csv is older; run the workflow again"
    return told | {name: _file(results, path) for name, path in files.items()}


def _model(results, cell):
    """Return what a training left: its weights' hash, and what made them."""
    run_path = results.model(cell, "run.json")
    told = {"model": _file(results, results.model(cell, "model.pt")), "run": _file(results, run_path)}
    if run_path.is_file():
        run = read_run(run_path)
        told |= {fact: run[fact] for fact in RUN_FACTS if fact in run} | {"recipe": run["recipe"]}
    return told | {"starts from": [_file(results, results.folder / path / "model.pt") for path in cell["first_stages"]]}


def _file(results, path):
    """Return a file as its path within the experiment and its SHA-256, or say that it is gone."""
    name = str(path.relative_to(results.folder))
    return {"file": name, "sha256": file_digest(path)} if path.is_file() else {"file": name, "missing": True}
