"""Precision."""

from weakseg3d.evaluation.comparison import Comparison
from weakseg3d.evaluation.metric import Metric


def precision(comparison: Comparison) -> float:
    """Return |P and R| / |P|."""
    return comparison.overlap / comparison.prediction


METRIC = Metric(
    precision,
    title="Precision",
    unit="1",
    range=(0, 1),
    higher_is_better=True,
    definition="share of the prediction that lies in the reference; 0 for an empty prediction",
    source="Taha and Hanbury 2015, doi:10.1186/s12880-015-0068-x",
    empty_prediction=0.0,
    absent_in_reference=0.0,
)
