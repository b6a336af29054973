"""HD95."""

import numpy as np

from weakseg3d.evaluation.comparison import Comparison
from weakseg3d.evaluation.metric import PENALTY, UNDEFINED, Metric


def hd95(comparison: Comparison) -> float:
    """Return the 95th percentile of the pooled surface distances in mm, as medpy does."""
    return float(np.percentile(comparison.pooled_distances, 95))


METRIC = Metric(
    hd95,
    title="HD95",
    unit="mm",
    range=(0, float("inf")),
    higher_is_better=False,
    definition="95th percentile of the surface distances of both directions, pooled",
    source="medpy.metric.binary.hd95 (MedPy 0.5); after Huttenlocher et al. 1993, doi:10.1109/34.232073",
    empty_prediction=PENALTY,
    absent_in_reference=UNDEFINED,
)
