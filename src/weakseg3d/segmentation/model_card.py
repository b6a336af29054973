"""What whoever uses a model needs to know: what it learnt from, how well it did, what it must not be used for.

The idea is that of model cards (Mitchell et al. 2019, doi:10.1145/3287560.3287596).
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from weakseg3d.errors import UserError
from weakseg3d.evaluation.metrics import METRICS
from weakseg3d.experiment import paths
from weakseg3d.report.results import Results, read_run
from weakseg3d.report.tables.cell_statistics import cell_statistics
from weakseg3d.report.tables.method_facts import read_effort, readable_annotation, readable_effort
from weakseg3d.report.unfinished import known_metrics

PURPOSE = (
    "For research. It is not a medical device; a person who knows the anatomy has to look at every mask. On scans of"
    " other scanners, protocols or patients than those of the training it may fail without a sign."
)
TRAINING = ("device", "git_commit", "versions", "model_selection")
"""Entries of the record of a training that the card repeats."""


def model_card(results: Results, cell: Mapping[str, Any]) -> dict[str, Any]:
    """Return the card of the model of a ``cell`` of ``results``, as plain data.

    Its scores are those of this one training on the test cases, with 95 % intervals where there are enough cases.
    Raises UserError if the cell has not been evaluated, or if the record of its training is missing.
    """
    dataset, path = results.datasets[cell["dataset"]], results.model(cell, "run.json")
    run = read_run(path)
    recipe = run["recipe"]
    try:
        learnt = {
            "training_cases": len(run["cases"]),
            "spacing_mm": recipe["spacing"],
            "intensity": recipe["intensity"],
        }
    except (KeyError, TypeError) as error:
        raise UserError(f"{path}: does not say what was learnt from ({error}); remove it, and train again") from None
    # Records of earlier versions do not say this.
    method = results.methods.get(cell["method"], {})
    return {
        "organ": cell["organ"],
        "purpose": PURPOSE,
        "dataset": {"name": cell["dataset"]}
        | {key: dataset.get(key, "") for key in ("description", "modality", "citation", "licence")},
        "method": {"name": cell["method"]} | {key: method.get(key, "") for key in ("description", "citation")},
        "annotation": "masks" if cell["annotation"] == "dense" else readable_annotation(cell["annotation"]),
        "effort_per_case": _effort(results, cell),
        **learnt,
        "training": {key: run[key] for key in TRAINING if run.get(key)} | {"seed": cell["seed"]},
        "test": {"grid": results.evaluated_on, "scores": _scores(results, cell)},
        "experiment": results.experiment,
    }


def _effort(results: Results, cell: Mapping[str, Any]) -> str:
    """Return what the annotations cost for each case, in words; empty if it was not measured."""
    path = results.folder / paths.in_results(paths.EFFORT).format(**cell)
    if not path.is_file():
        return ""
    return readable_effort(read_effort([str(path)]))[0]


def _scores(results: Results, cell: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return mean, interval and numbers of cases by metric."""
    rows = known_metrics(results)
    for key in ("dataset", "organ", "annotation", "method", "seed"):
        rows = rows[rows[key].astype(str) == str(cell[key])]
    if rows.empty:
        raise UserError(f"{results.folder}: the model has no metrics yet; run the workflow to its end first")
    table = cell_statistics(rows)
    return {row["metric"]: _score(row) for row in table.to_dict("records") if row["metric"] in METRICS}


def _score(row: Mapping[str, Any]) -> dict[str, Any]:
    numbers = {key: None if pd.isna(row[key]) else round(float(row[key]), 4) for key in ("mean", "low", "high")}
    return numbers | {"unit": row["unit"], "cases": int(row["n"]), "missed": int(row["n_missed"])}


def as_markdown(card: Mapping[str, Any], file: str) -> str:
    """Return the card of the model in ``file`` for readers."""
    dataset, method, test = card["dataset"], card["method"], card["test"]
    effort = f" ({card['effort_per_case']} per case)" if card["effort_per_case"] else ""
    scaling = ", ".join(f"{way} {low:g} to {high:g}" for way, (low, high) in card["intensity"].items())
    facts = {
        "Data": _sentences(f"{dataset['name']} ({dataset['modality']})", dataset["description"], dataset["citation"]),
        "Licence of the data": dataset["licence"] or "unknown; ask its owner before you pass the model on",
        "Learnt from": f"{card['training_cases']} cases; {card['annotation']}{effort}",
        "Method": _sentences(method["name"], method["description"], method["citation"]),
        "Images": f"{card['spacing_mm']:g} mm, {scaling}; `segment` prepares any scan like this",
        "Training": ", ".join(f"{key.replace('_', ' ')} {_text(value)}" for key, value in card["training"].items()),
        "Experiment": card["experiment"],
    }
    lines = [f"# {card['organ']}: {file}", "", card["purpose"], ""]
    lines += ["| | |", "|---|---|", *(f"| {key} | {_cell(text)} |" for key, text in facts.items()), ""]
    lines += [f"On the test cases, on the {test['grid']} grid, this training reached:", ""]
    lines += ["| Metric | Mean | 95 % interval | Cases | Missed |", "|---|---:|---:|---:|---:|"]
    lines += [_score_line(name, score) for name, score in test["scores"].items()]
    return "\n".join(
        [*lines, "", "The recipe is in the file, and in `run.json` beside the model it was made from.", ""]
    )


def _score_line(name: str, score: Mapping[str, Any]) -> str:
    metric = METRICS[name]

    def number(value: float | None) -> str:
        return "–" if value is None or math.isnan(value) else f"{value:.{metric.decimals}f}"

    unit = "" if score["unit"] == "1" else f" ({score['unit']})"
    known = score["low"] is not None
    interval = f"{number(score['low'])} to {number(score['high'])}" if known else "too few cases"
    return f"| {metric.title}{unit} | {number(score['mean'])} | {interval} | {score['cases']} | {score['missed']} |"


def _sentences(*parts: str) -> str:
    return ". ".join(part.strip().rstrip(".") for part in parts if part.strip()) + "."


def _text(value: Any) -> str:
    return " ".join(f"{key} {each}" for key, each in value.items()) if isinstance(value, dict) else str(value)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def card_path(model: Path) -> Path:
    """Return the path of the card beside a model's file."""
    return model.with_suffix(".md")
