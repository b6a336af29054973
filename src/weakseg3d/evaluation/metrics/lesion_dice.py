"""Dice per lesion."""

from weakseg3d.evaluation.comparison import Comparison
from weakseg3d.evaluation.lesions import CRITERION
from weakseg3d.evaluation.metric import UNDEFINED, Metric


def lesion_dice(comparison: Comparison) -> float:
    """Return the mean Dice of the lesions of the reference, each with its match, or 0 if it has none.

    Metrics Reloaded takes the mean over the lesions found, which rises when a difficult lesion is missed and is
    undefined if all are; that mean is this one times reference / detected.
    """
    return comparison.lesions.matched_dice.sum() / comparison.lesions.reference


METRIC = Metric(
    lesion_dice,
    title="Lesion Dice",
    unit="1",
    range=(0, 1),
    higher_is_better=True,
    definition=f"mean over the lesions of the reference of the Dice with their match, 0 if missed; {CRITERION}",
    source="Metrics Reloaded, Maier-Hein et al. 2024, doi:10.1038/s41592-023-02151-z",
    empty_prediction=0.0,
    absent_in_reference=UNDEFINED,
)
