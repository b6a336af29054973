"""HD."""

from weakseg3d.evaluation.comparison import Comparison
from weakseg3d.evaluation.metric import PENALTY, UNDEFINED, Metric


def hd(comparison: Comparison) -> float:
    """Return the largest surface distance in mm in either direction."""
    return float(comparison.pooled_distances.max())


METRIC = Metric(
    hd,
    title="HD",
    unit="mm",
    range=(0, float("inf")),
    higher_is_better=False,
    definition="largest surface distance of both directions",
    source="medpy.metric.binary.hd (MedPy 0.5); Huttenlocher et al. 1993, doi:10.1109/34.232073",
    empty_prediction=PENALTY,
    absent_in_reference=UNDEFINED,
)
