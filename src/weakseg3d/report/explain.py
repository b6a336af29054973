"""From a cell of a table back to its origin: its cases with their files, its models, its config."""

import pandas as pd

from weakseg3d.evaluation.annotators import SEEDS, names_in_paths, with_one_cell_per_method
from weakseg3d.evaluation.calibration import UNCERTAINTY
from weakseg3d.evaluation.long_table import read_metrics
from weakseg3d.evaluation.metrics import METRICS
from weakseg3d.files import file_digest
from weakseg3d.report.results import one_annotation, read_run
from weakseg3d.report.tables.cell_statistics import VALUES, cell_statistics
from weakseg3d.report.tables.origin import origin
from weakseg3d.report.unfinished import known_metrics
from weakseg3d.schemas import choose
from weakseg3d.texts import from_cell, read_csv

ROUNDING = 1e-4
"""The tables have four decimals."""

RUN_FACTS = ("seed", "cases", "model_selection", "kept_steps", "parameters", "device", "precision", "wall_time_s")
RUN_FACTS = (*RUN_FACTS, "resumed_from_step", "starts_from_sha256", "git_commit", "versions")
"""Entries of the record of a training that are shown beside its recipe."""


def explain(results, *, dataset, organ, method, metric="dice", annotation=None):
    """Return the origin of a cell in the tables of ``results``, a `Results`, as nested dicts and lists for readers.

    The ``value`` is computed again from the long table and compared with ``tables/main.csv``. Every evaluation is
    listed with its value, which is compared with the one in its own file, and with the SHA-256 of the files behind it.
    Before the workflow has gathered the long table, it consists of the finished evaluations.
    Raises UserError for a name that the long table does not have, and if ``annotation`` is needed to tell two cells
    apart.
    """
    rows = with_one_cell_per_method(known_metrics(results))
    cell_rows = rows
    for column, name in (("dataset", dataset), ("organ", organ), ("method", method), ("metric", metric)):
        choose(name, list(cell_rows[column].unique()), column)
        cell_rows = cell_rows[cell_rows[column] == name]
    annotation = one_annotation(method, list(cell_rows["annotation"].unique()), annotation)
    cell_rows = cell_rows[cell_rows["annotation"] == annotation]
    labels = {"dataset": dataset, "organ": organ, "annotation": annotation, "method": method}

    evaluations = [_evaluation(results, labels, row) for row in cell_rows.to_dict("records")]
    value = _value(rows[rows["metric"] == metric], labels)
    return {
        "cell": labels | {"metric": metric, "unit": cell_rows["unit"].iloc[0]},
        "definition": (METRICS | UNCERTAINTY)[metric].definition,
        "value": value,
        "in tables/main.csv": _comparison_with_table(results, labels, metric, value["mean"]),
        "evaluated_on": f"the {results.evaluated_on} grid",
        "evaluations": evaluations,
        "models": [_model(results, cell) for cell in results.cells_of(**labels) if cell["model"]],
        "split": {key: results.datasets[dataset][key] for key in ("split", "split_sha256")},
        "experiment": results.experiment,
        "config": results.config,
        "software now": origin(),
    }


def _lines_of(table, labels):
    """Return the lines of a table that have all of ``labels``, as dicts."""
    lines = table.to_dict("records")
    return [line for line in lines if all(str(line[key]) == name for key, name in labels.items())]


def _value(rows, labels):
    """Return the statistics of a cell as plain numbers; None for those that are undefined."""
    table = cell_statistics(rows[(rows["dataset"] == labels["dataset"]) & (rows["organ"] == labels["organ"])])
    (cell,) = _lines_of(table, labels)
    numbers = [name for name in cell if name.startswith("n_") or name == "n"]
    return {name: _plain(cell[name], 6) for name in VALUES} | {name: int(cell[name]) for name in numbers}


def _plain(value, decimals):
    return None if pd.isna(value) else round(float(value), decimals)


def _comparison_with_table(results, labels, metric, mean):
    """Return the mean of a cell in the main table, and whether it is the same as ``mean``, as a sentence."""
    path = results.folder / "tables" / "main.csv"
    if not path.is_file():
        return "no such file"
    table = _main_table(path)
    if f"{metric}_mean" not in table:
        return "not shown there; see tables/statistics.csv"
    cells = _lines_of(table, labels)
    if not cells:
        return "has no such cell; it is older than the metrics"
    text = cells[0][f"{metric}_mean"]
    in_table = _plain(text, 4) if text else None
    agrees = in_table is mean is None or (None not in (in_table, mean) and abs(in_table - mean) <= ROUNDING)
    return f"{in_table}, {'the same' if agrees else f'but its cases give {mean}: the table is older than the metrics'}"


def _main_table(path):
    """Return the main table with its texts as they were before they became cells, and all numbers as text."""
    table = read_csv(path)
    return pd.DataFrame([map(from_cell, row) for row in table.rows], columns=table.columns, dtype=str)


def _evaluation(results, labels, row):
    """Return one evaluation with its files and their hashes."""
    cell, case = labels | names_in_paths(row), row["case"]
    metrics = results.metrics(cell, case)
    files = {
        "metrics": metrics,
        "prediction": results.prediction(cell, case),
        "reference": results.reference(labels["dataset"], labels["organ"], case),
        "image": results.image(labels["dataset"], case),
    }
    seeds = {name: int(row[name]) for name in SEEDS if row.get(name)} or {"seed": int(row["seed"])}
    evaluation = {"case": case, **seeds, "value": _plain(row["value"], 8), "status": row["status"]}
    if metrics.is_file():
        file_rows = read_metrics(metrics)
        file_value = _plain(file_rows.loc[file_rows["metric"] == row["metric"], "value"].max(), 8)
        if file_value != evaluation["value"]:
            evaluation["value in its own file"] = f"{file_value}: tables/metrics.csv is older; run the workflow again"
    return evaluation | {name: _file(results, path) for name, path in files.items()}


def _model(results, cell):
    """Return the files of a training with their hashes, and the entries of its record."""
    run_path = results.model(cell, "run.json")
    model = {"model": _file(results, results.weights(cell)), "run": _file(results, run_path)}
    if run_path.is_file():
        run = read_run(run_path)
        model |= {fact: run[fact] for fact in RUN_FACTS if fact in run} | {"recipe": run["recipe"]}
    first_stages = [_file(results, results.folder / path / "model.pt") for path in cell["first_stages"]]
    chosen = {"chosen among": _file(results, results.model(cell, "tried.csv"))} if cell.get("trials") else {}
    labels = [_file(results, path) for path in results.label_records(cell)]
    return model | {"starts from": first_stages} | chosen | ({"labels by": labels} if labels else {})


def _file(results, path):
    """Return a file as its path within the experiment and its SHA-256, or mark it as missing."""
    name = str(path.relative_to(results.folder))
    return {"file": name, "sha256": file_digest(path)} if path.is_file() else {"file": name, "missing": True}
