"""The number of lesions that only the prediction has."""

from weakseg3d.evaluation.comparison import Comparison
from weakseg3d.evaluation.lesions import CRITERION
from weakseg3d.evaluation.metric import COMPUTED, Metric


def false_lesions(comparison: Comparison) -> float:
    """Return the number of lesions of the prediction without a match (false positives)."""
    return comparison.lesions.false


METRIC = Metric(
    false_lesions,
    title="False lesions",
    unit="1",
    range=(0, float("inf")),
    higher_is_better=False,
    definition=f"number of lesions of the prediction that are none in the reference; {CRITERION}",
    source="Metrics Reloaded, Maier-Hein et al. 2024, doi:10.1038/s41592-023-02151-z",
    empty_prediction=0.0,
    absent_in_reference=COMPUTED,
)
