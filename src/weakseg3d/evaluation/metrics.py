"""The registry of metrics. A new metric is one function and one entry in `METRICS`.

Every metric is computed from a `Comparison`, which holds the voxel counts, surface distances and surface areas of a
prediction and its reference, so that the expensive part is done only once.

The value of a metric for an empty mask is defined here and never left to a library's NaN:

=========================  ==================================================================================
status                     values
=========================  ==================================================================================
``ok``                     neither mask is empty: every metric follows its definition
``empty_prediction``       a missed organ: overlaps 0, volume error -1, distances the penalty, which is the
                           physical diagonal of the volume
``absent_in_reference``    a false alarm: 0 where the formula gives 0 (Dice, Jaccard, precision, NSD),
                           undefined for all other metrics
``absent_in_both``         nothing to compare: every metric undefined
=========================  ==================================================================================

An undefined value is NaN in Python, ``null`` in JSON and an empty field in CSV. Means are taken over cases
whose reference contains the organ (the first two statuses); the other cases are counted separately.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weakseg3d.evaluation.surface_elements import surface_area_within
from weakseg3d.evaluation.surfaces import bounding_box, surface_distances

STATUSES = {
    "ok": "both masks hold the organ",
    "empty_prediction": "the organ was missed: overlaps 0, distances the diagonal of the volume; counts in every mean",
    "absent_in_reference": "the reference lacks the organ, the prediction does not; in no mean, counted apart",
    "absent_in_both": "neither mask holds the organ; in no mean, counted apart",
}
"""The statuses of a case and their meanings."""

NSD_TOLERANCE = 2.0
"""Tolerance in mm of the normalised surface Dice for organs that are not in `NSD_TOLERANCES`."""

NSD_TOLERANCES = {
    "liver": 5.0,
    "pancreas": 5.0,
    "stomach": 5.0,
    "duodenum": 7.0,
    "spleen": 3.0,
    "right_kidney": 3.0,
    "left_kidney": 3.0,
    "esophagus": 3.0,
}
"""Tolerances in mm by organ, from the FLARE 2022 challenge (Ma et al. 2024, doi:10.1016/S2589-7500(24)00154-7), which
uses 2 mm for the vessels, the gallbladder and the adrenal glands."""

ROUNDING = 1e-4
"""Slack in mm when a distance is compared with a tolerance: NIfTI stores the spacing in single precision, and rounding
must not put a surface that lies exactly at the tolerance outside it."""

UNDEFINED = float("nan")
PENALTY = "penalty"
"""Represents the volume's diagonal in a metric's rule for empty predictions."""


@dataclass(frozen=True)
class Comparison:
    """The quantities from which the metrics are computed, for two masks neither of which is empty.

    Counts are in voxels; the distances (1-D arrays, mm) run from each surface voxel of one mask to the
    nearest surface voxel of the other. The areas in mm² are sums over both surfaces: the whole area, and the part
    within the tolerance of the other surface.
    """

    overlap: int
    prediction: int
    reference: int
    prediction_to_reference: NDArray[np.float64]
    reference_to_prediction: NDArray[np.float64]
    surface_area: float
    surface_area_within: float

    @property
    def pooled_distances(self) -> NDArray[np.float64]:
        """The distances in both directions as one array, in mm."""
        return np.concatenate([self.prediction_to_reference, self.reference_to_prediction])


@dataclass(frozen=True)
class BaseMetric:
    """A metric and everything that a reader of a table needs to know about it."""

    function: Callable[..., float]
    title: str
    unit: str
    """``1`` for a ratio, ``mm`` or ``bit``."""
    range: tuple[float, float]
    higher_is_better: bool | None
    """None if no value is better than another, or if 0 is best and deviations in both directions are worse."""
    definition: str
    source: str


@dataclass(frozen=True)
class Metric(BaseMetric):
    """A metric of a `Comparison`, and its values if one of the masks is empty."""

    empty_prediction: float | str
    """Value for a missed organ; `PENALTY` means the volume's diagonal."""
    absent_in_reference: float
    """Value for a prediction of an organ that the reference does not contain."""


def dice(comparison: Comparison) -> float:
    """Return 2 |P and R| / (|P| + |R|)."""
    return 2 * comparison.overlap / (comparison.prediction + comparison.reference)


def jaccard(comparison: Comparison) -> float:
    """Return |P and R| / |P or R|."""
    return comparison.overlap / (comparison.prediction + comparison.reference - comparison.overlap)


def precision(comparison: Comparison) -> float:
    """Return |P and R| / |P|."""
    return comparison.overlap / comparison.prediction


def recall(comparison: Comparison) -> float:
    """Return |P and R| / |R|."""
    return comparison.overlap / comparison.reference


def hd95(comparison: Comparison) -> float:
    """Return the 95th percentile of the pooled surface distances in mm, as medpy does."""
    return float(np.percentile(comparison.pooled_distances, 95))


def hd95_directed_max(comparison: Comparison) -> float:
    """Return the larger of the two directed 95th percentiles in mm, as MONAI does."""
    return max(
        float(np.percentile(comparison.prediction_to_reference, 95)),
        float(np.percentile(comparison.reference_to_prediction, 95)),
    )


def hd(comparison: Comparison) -> float:
    """Return the largest surface distance in mm in either direction."""
    return float(comparison.pooled_distances.max())


def assd(comparison: Comparison) -> float:
    """Return the mean of the pooled surface distances in mm, as medpy does."""
    return float(comparison.pooled_distances.mean())


def nsd(comparison: Comparison) -> float:
    """Return the share of the area of both surfaces that is within the tolerance of the other surface."""
    return comparison.surface_area_within / comparison.surface_area


def volume_error(comparison: Comparison) -> float:
    """Return (|P| - |R|) / |R|."""
    return (comparison.prediction - comparison.reference) / comparison.reference


TOLERANCES_IN_WORDS = "the tolerance is " + ", ".join(
    [f"{mm:g} mm for {organ.replace('_', ' ')}" for organ, mm in NSD_TOLERANCES.items()]
    + [f"{NSD_TOLERANCE:g} mm elsewhere, or what --nsd-tolerance gives"]
)

METRICS = {
    "dice": Metric(
        dice,
        title="Dice",
        unit="1",
        range=(0, 1),
        higher_is_better=True,
        definition="twice the common volume over the sum of both volumes",
        source="Dice 1945, doi:10.2307/1932409",
        empty_prediction=0.0,
        absent_in_reference=0.0,
    ),
    "jaccard": Metric(
        jaccard,
        title="Jaccard",
        unit="1",
        range=(0, 1),
        higher_is_better=True,
        definition="common volume over joint volume",
        source="Jaccard 1912, doi:10.1111/j.1469-8137.1912.tb05611.x",
        empty_prediction=0.0,
        absent_in_reference=0.0,
    ),
    "precision": Metric(
        precision,
        title="Precision",
        unit="1",
        range=(0, 1),
        higher_is_better=True,
        definition="share of the prediction that lies in the reference; 0 for an empty prediction",
        source="Taha and Hanbury 2015, doi:10.1186/s12880-015-0068-x",
        empty_prediction=0.0,
        absent_in_reference=0.0,
    ),
    "recall": Metric(
        recall,
        title="Recall",
        unit="1",
        range=(0, 1),
        higher_is_better=True,
        definition="share of the reference that the prediction covers",
        source="Taha and Hanbury 2015, doi:10.1186/s12880-015-0068-x",
        empty_prediction=0.0,
        absent_in_reference=UNDEFINED,
    ),
    "hd95": Metric(
        hd95,
        title="HD95",
        unit="mm",
        range=(0, float("inf")),
        higher_is_better=False,
        definition="95th percentile of the surface distances of both directions, pooled",
        source="medpy.metric.binary.hd95 (MedPy 0.5); after Huttenlocher et al. 1993, doi:10.1109/34.232073",
        empty_prediction=PENALTY,
        absent_in_reference=UNDEFINED,
    ),
    "hd95_directed_max": Metric(
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
    ),
    "hd": Metric(
        hd,
        title="HD",
        unit="mm",
        range=(0, float("inf")),
        higher_is_better=False,
        definition="largest surface distance of both directions",
        source="medpy.metric.binary.hd (MedPy 0.5); Huttenlocher et al. 1993, doi:10.1109/34.232073",
        empty_prediction=PENALTY,
        absent_in_reference=UNDEFINED,
    ),
    "assd": Metric(
        assd,
        title="ASSD",
        unit="mm",
        range=(0, float("inf")),
        higher_is_better=False,
        definition="mean of the surface distances of both directions, pooled",
        source="medpy.metric.binary.assd (MedPy 0.5); after Heimann et al. 2009, doi:10.1109/TMI.2009.2013851",
        empty_prediction=PENALTY,
        absent_in_reference=UNDEFINED,
    ),
    "nsd": Metric(
        nsd,
        title="NSD",
        unit="1",
        range=(0, 1),
        higher_is_better=True,
        definition=f"share of the area of both surfaces within a tolerance of the other surface; {TOLERANCES_IN_WORDS}",
        source="surface_distance.compute_surface_dice_at_tolerance (google-deepmind); Nikolov et al. 2021, "
        "doi:10.2196/26151; tolerances of FLARE 2022, doi:10.1016/S2589-7500(24)00154-7",
        empty_prediction=0.0,
        absent_in_reference=0.0,
    ),
    "volume_error": Metric(
        volume_error,
        title="Volume error",
        unit="1",
        range=(-1, float("inf")),
        higher_is_better=None,
        definition="predicted less reference volume, over reference volume; negative where too small",
        source="Heimann et al. 2009, doi:10.1109/TMI.2009.2013851",
        empty_prediction=-1.0,
        absent_in_reference=UNDEFINED,
    ),
}
"""All metrics by their name in tables."""


def compare(
    prediction: ArrayLike,
    reference: ArrayLike,
    spacing: Sequence[float] | NDArray[np.floating],
    nsd_tolerance: float = NSD_TOLERANCE,
) -> tuple[dict[str, float], str]:
    """Return all metrics of two masks as ``{name: value}``, and the case's status (a key of `STATUSES`).

    ``prediction`` and ``reference`` are arrays (z, y, x) of the same shape in which non-zero voxels are organ;
    ``spacing`` is (z, y, x) in mm, ``nsd_tolerance`` in mm. Undefined values are NaN.
    """
    predicted_mask, reference_mask = np.asarray(prediction) != 0, np.asarray(reference) != 0
    status = status_of(bool(predicted_mask.any()), bool(reference_mask.any()))
    if status != "ok":
        penalty = diagonal(reference_mask.shape, spacing)
        return {name: _value_when_empty(metric, status, penalty) for name, metric in METRICS.items()}, status
    box = bounding_box(predicted_mask | reference_mask)
    predicted_mask, reference_mask = predicted_mask[box], reference_mask[box]
    comparison = Comparison(
        int(np.count_nonzero(predicted_mask & reference_mask)),
        int(np.count_nonzero(predicted_mask)),
        int(np.count_nonzero(reference_mask)),
        *surface_distances(predicted_mask, reference_mask, spacing),
        *surface_area_within(predicted_mask, reference_mask, spacing, nsd_tolerance + ROUNDING),
    )
    return {name: float(metric.function(comparison)) for name, metric in METRICS.items()}, status


def status_of(predicted: bool, present: bool) -> str:
    """Return the status of a case: is the organ ``predicted``, and is it ``present`` in the reference?"""
    if present:
        return "ok" if predicted else "empty_prediction"
    return "absent_in_reference" if predicted else "absent_in_both"


def diagonal(shape: Sequence[int], spacing: Sequence[float] | NDArray[np.floating]) -> float:
    """Return the physical diagonal in mm of a volume of ``shape`` (z, y, x) at ``spacing`` (z, y, x) mm."""
    return float(np.linalg.norm(np.multiply(shape, spacing)))


def _value_when_empty(metric: Metric, status: str, penalty: float) -> float:
    if status == "absent_in_both":
        return UNDEFINED
    value = getattr(metric, status)
    return penalty if value == PENALTY else value
