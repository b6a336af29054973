"""Volume error."""

from weakseg3d.evaluation.comparison import Comparison
from weakseg3d.evaluation.metric import UNDEFINED, Metric


def volume_error(comparison: Comparison) -> float:
    """Return (|P| - |R|) / |R|."""
    return (comparison.prediction - comparison.reference) / comparison.reference


METRIC = Metric(
    volume_error,
    title="Volume error",
    unit="1",
    range=(-1, float("inf")),
    higher_is_better=None,
    definition="predicted less reference volume, over reference volume; negative where too small",
    source="Heimann et al. 2009, doi:10.1109/TMI.2009.2013851",
    empty_prediction=-1.0,
    absent_in_reference=UNDEFINED,
)
