"""The metrics, one file each: a function of a `Comparison`, and ``METRIC``, which describes it.

The file's name is the metric's name in tables. Everything else reads `METRICS`: the long table, the tables and figures
of the report with their headings, decimals and directions, and the config's ``report: {metrics: [...]}``.
"""

import importlib

from weakseg3d.evaluation.metric import Metric
from weakseg3d.evaluation.metric_names import metric_names

METRICS: dict[str, Metric] = {name: importlib.import_module(f"{__name__}.{name}").METRIC for name in metric_names()}
"""All metrics by their name in tables, in alphabetical order."""
