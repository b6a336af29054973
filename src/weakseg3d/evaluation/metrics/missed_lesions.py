"""The number of lesions that the prediction misses."""

from weakseg3d.evaluation.comparison import Comparison
from weakseg3d.evaluation.lesions import CRITERION
from weakseg3d.evaluation.metric import COMPUTED, Metric


def missed_lesions(comparison: Comparison) -> float:
    """Return the number of lesions of the reference without a match (false negatives)."""
    return comparison.lesions.missed


METRIC = Metric(
    missed_lesions,
    title="Missed lesions",
    unit="1",
    range=(0, float("inf")),
    higher_is_better=False,
    definition=f"number of lesions of the reference that the prediction does not find; {CRITERION}",
    source="Metrics Reloaded, Maier-Hein et al. 2024, doi:10.1038/s41592-023-02151-z",
    empty_prediction=COMPUTED,
    absent_in_reference=0.0,
)
