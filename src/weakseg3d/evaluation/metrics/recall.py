"""Recall."""

from weakseg3d.evaluation.comparison import Comparison
from weakseg3d.evaluation.metric import UNDEFINED, Metric


def recall(comparison: Comparison) -> float:
    """Return |P and R| / |R|."""
    return comparison.overlap / comparison.reference


METRIC = Metric(
    recall,
    title="Recall",
    unit="1",
    range=(0, 1),
    higher_is_better=True,
    definition="share of the reference that the prediction covers",
    source="Taha and Hanbury 2015, doi:10.1186/s12880-015-0068-x",
    empty_prediction=0.0,
    absent_in_reference=UNDEFINED,
)
