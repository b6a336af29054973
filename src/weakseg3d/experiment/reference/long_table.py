"""The long table of metrics: its columns, statuses and metrics, from the code that writes it."""

from weakseg3d.evaluation.calibration import UNCERTAINTY
from weakseg3d.evaluation.metric import PENALTY, STATUSES, BaseMetric
from weakseg3d.evaluation.metrics import METRICS
from weakseg3d.evaluation.rows import COLUMNS
from weakseg3d.experiment.reference.schema_tables import cell

HEADING = """\
<!-- Written by `make reference`; edit the metrics and src/weakseg3d/evaluation instead. -->
# The long table of metrics

`tables/metrics.csv` has one row for each metric of each evaluation. All other tables and figures are
made from it, and you can make your own.
"""

MEANINGS = {
    "dataset": "Name of the dataset, `config/datasets/{dataset}.yaml`.",
    "modality": "`CT` or `MR`.",
    "organ": "Name of the organ in the dataset's YAML.",
    "annotation": "The annotation, as in [paths](paths.md); `dense` or `none` where there is none.",
    "method": "Name of the method, or of the variant of a study.",
    "seed": "Seed of the training.",
    "case": "Id of the test case.",
    "metric": "Name of the metric, see below.",
    "value": "Its value with eight significant digits; empty where it is undefined.",
    "unit": "Unit of the value.",
    "status": "Which of the two masks hold the organ, see below.",
}


def page() -> str:
    """Return the whole page."""
    lines = [HEADING, "## Columns\n", "| Column | Meaning |", "|---|---|"]
    lines += [f"| `{column}` | {MEANINGS[column]} |" for column in COLUMNS]
    lines += ["\n## Statuses\n", "| Status | Meaning |", "|---|---|"]
    lines += [f"| `{status}` | {meaning} |" for status, meaning in STATUSES.items()]
    lines += [
        "\n## Metrics of masks\n",
        "| Metric | Unit | Better | Definition | Missed organ | False alarm | Source |",
    ]
    lines += ["|---|---|---|---|---|---|---|"]
    for name, metric in METRICS.items():
        empty = f"{_value(metric.empty_prediction)} | {_value(metric.absent_in_reference)}"
        lines.append(f"{_start(name, metric)} | {empty} | {cell(metric.source)} |")
    lines += [
        "\n## Metrics of uncertainty\n",
        "| Metric | Unit | Better | Definition | Source |",
        "|---|---|---|---|---|",
    ]
    lines += [f"{_start(name, metric)} | {cell(metric.source)} |" for name, metric in UNCERTAINTY.items()]
    return "\n".join(lines) + "\n"


def _start(name: str, metric: BaseMetric) -> str:
    better = {True: "higher", False: "lower", None: ""}[metric.higher_is_better]
    return f"| `{name}` | {metric.unit} | {better} | {cell(metric.definition)}"


def _value(value: float | str) -> str:
    if value == PENALTY:
        return "the volume's diagonal"
    return str(value) if isinstance(value, str) else "undefined" if value != value else f"{value:g}"
