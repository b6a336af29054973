"""Dice."""

from weakseg3d.evaluation.comparison import Comparison
from weakseg3d.evaluation.metric import Metric


def dice(comparison: Comparison) -> float:
    """Return 2 |P and R| / (|P| + |R|)."""
    return 2 * comparison.overlap / (comparison.prediction + comparison.reference)


METRIC = Metric(
    dice,
    title="Dice",
    unit="1",
    range=(0, 1),
    higher_is_better=True,
    definition="twice the common volume over the sum of both volumes",
    source="Dice 1945, doi:10.2307/1932409",
    empty_prediction=0.0,
    absent_in_reference=0.0,
)
