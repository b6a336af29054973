"""ASSD."""

from weakseg3d.evaluation.comparison import Comparison
from weakseg3d.evaluation.metric import PENALTY, UNDEFINED, Metric


def assd(comparison: Comparison) -> float:
    """Return the mean of the pooled surface distances in mm, as medpy does."""
    return float(comparison.pooled_distances.mean())


METRIC = Metric(
    assd,
    title="ASSD",
    unit="mm",
    range=(0, float("inf")),
    higher_is_better=False,
    definition="mean of the surface distances of both directions, pooled",
    source="medpy.metric.binary.assd (MedPy 0.5); after Heimann et al. 2009, doi:10.1109/TMI.2009.2013851",
    empty_prediction=PENALTY,
    absent_in_reference=UNDEFINED,
)
