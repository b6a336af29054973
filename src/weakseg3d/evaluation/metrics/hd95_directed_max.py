"""HD95, directed maximum."""

import numpy as np

from weakseg3d.evaluation.comparison import Comparison
from weakseg3d.evaluation.metric import PENALTY, UNDEFINED, Metric


def hd95_directed_max(comparison: Comparison) -> float:
    """Return the larger of the two directed 95th percentiles in mm, as MONAI does."""
    return max(
        float(np.percentile(comparison.prediction_to_reference, 95)),
        float(np.percentile(comparison.reference_to_prediction, 95)),
    )


METRIC = Metric(
    hd95_directed_max,
    title="HD95, directed maximum",
    unit="mm",
    range=(0, float("inf")),
    higher_is_better=False,
    definition="the larger of the 95th percentiles of the two directions",
    source="monai.metrics.compute_hausdorff_distance (MONAI 1.6); after Huttenlocher et al. 1993, "
    "doi:10.1109/34.232073",
    empty_prediction=PENALTY,
    absent_in_reference=UNDEFINED,
)
