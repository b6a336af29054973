"""What a metric is: a function of a `Comparison`, and everything that a reader of a table needs to know about it.

The value of a metric for an empty mask is defined here and never left to a library's NaN:

=========================  ==================================================================================
status                     values
=========================  ==================================================================================
``ok``                     neither mask is empty: every metric follows its definition
``empty_prediction``       a missed organ: overlaps 0, volume error -1, distances the penalty, which is the
                           physical diagonal of the volume; all its lesions missed
``absent_in_reference``    a false alarm: 0 where the formula gives 0 (Dice, Jaccard, precision, NSD, lesion
                           F1, missed lesions), the number of false lesions, undefined for all other metrics
``absent_in_both``         nothing to compare: every metric undefined
=========================  ==================================================================================

An undefined value is NaN in Python, ``null`` in JSON and an empty field in CSV. Means are taken over cases
whose reference contains the organ (the first two statuses); the other cases are counted separately.
"""

from collections.abc import Callable
from dataclasses import dataclass

STATUSES = {
    "ok": "both masks hold the organ",
    "empty_prediction": "the organ was missed: overlaps 0, distances the diagonal of the volume; counts in every mean",
    "absent_in_reference": "the reference lacks the organ, the prediction does not; in no mean, counted apart",
    "absent_in_both": "neither mask holds the organ; in no mean, counted apart",
}
"""The statuses of a case and their meanings."""

UNDEFINED = float("nan")
PENALTY = "penalty"
"""Represents the volume's diagonal in a metric's rule for empty predictions."""
COMPUTED = "computed"
"""Says in a metric's rule for an empty mask that its function is called there too; its value is then above 0."""


@dataclass(frozen=True)
class BaseMetric:
    """A metric and everything that a reader of a table needs to know about it."""

    function: Callable[..., float]
    title: str
    unit: str
    """``1`` for a ratio or a number of things, ``mm`` or ``bit``."""
    range: tuple[float, float]
    higher_is_better: bool | None
    """None if no value is better than another, or if 0 is best and deviations in both directions are worse."""
    definition: str
    source: str

    @property
    def decimals(self) -> int:
        """Return the number of decimals that readers see; values that agree in them count as equally good."""
        return 3 if self.unit == "1" else 2


@dataclass(frozen=True)
class Metric(BaseMetric):
    """A metric of a `Comparison`, and its values if one of the masks is empty."""

    empty_prediction: float | str
    """Value for a missed organ; `PENALTY` means the volume's diagonal, `COMPUTED` the function's value."""
    absent_in_reference: float | str
    """Value for a prediction of an organ that the reference does not contain; may be `COMPUTED` too."""
