"""F1 of the detection of lesions."""

from weakseg3d.evaluation.comparison import Comparison
from weakseg3d.evaluation.lesions import CRITERION
from weakseg3d.evaluation.metric import Metric


def lesion_f1(comparison: Comparison) -> float:
    """Return 2 TP / (2 TP + FN + FP), counted in the lesions of one case."""
    lesions = comparison.lesions
    return 2 * lesions.detected / (lesions.reference + lesions.prediction)


METRIC = Metric(
    lesion_f1,
    title="Lesion F1",
    unit="1",
    range=(0, 1),
    higher_is_better=True,
    definition=f"twice the lesions found over those of reference and prediction together, per case; {CRITERION}",
    source="Metrics Reloaded, Maier-Hein et al. 2024, doi:10.1038/s41592-023-02151-z",
    empty_prediction=0.0,
    absent_in_reference=0.0,
)
