"""Jaccard."""

from weakseg3d.evaluation.comparison import Comparison
from weakseg3d.evaluation.metric import Metric


def jaccard(comparison: Comparison) -> float:
    """Return |P and R| / |P or R|."""
    return comparison.overlap / (comparison.prediction + comparison.reference - comparison.overlap)


METRIC = Metric(
    jaccard,
    title="Jaccard",
    unit="1",
    range=(0, 1),
    higher_is_better=True,
    definition="common volume over joint volume",
    source="Jaccard 1912, doi:10.1111/j.1469-8137.1912.tb05611.x",
    empty_prediction=0.0,
    absent_in_reference=0.0,
)
