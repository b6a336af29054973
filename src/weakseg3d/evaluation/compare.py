"""All metrics of two masks, from one `Comparison`."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weakseg3d.evaluation.comparison import Comparison
from weakseg3d.evaluation.metric import COMPUTED, PENALTY, UNDEFINED, Metric
from weakseg3d.evaluation.metrics import METRICS
from weakseg3d.evaluation.metrics.nsd import NSD_TOLERANCE
from weakseg3d.evaluation.surfaces import bounding_box

ROUNDING = 1e-4
"""Slack in mm when a distance is compared with a tolerance: NIfTI stores the spacing in single precision, and rounding
must not put a surface that lies exactly at the tolerance outside it."""


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
    if status == "absent_in_both":
        return dict.fromkeys(METRICS, UNDEFINED), status
    penalty = diagonal(reference_mask.shape, spacing)
    box = bounding_box(predicted_mask | reference_mask)
    comparison = Comparison(predicted_mask[box], reference_mask[box], spacing, nsd_tolerance + ROUNDING)
    return {name: _value(metric, status, comparison, penalty) for name, metric in METRICS.items()}, status


def status_of(predicted: bool, present: bool) -> str:
    """Return the status of a case: is the organ ``predicted``, and is it ``present`` in the reference?"""
    if present:
        return "ok" if predicted else "empty_prediction"
    return "absent_in_reference" if predicted else "absent_in_both"


def diagonal(shape: Sequence[int], spacing: Sequence[float] | NDArray[np.floating]) -> float:
    """Return the physical diagonal in mm of a volume of ``shape`` (z, y, x) at ``spacing`` (z, y, x) mm."""
    return float(np.linalg.norm(np.multiply(shape, spacing)))


def _value(metric: Metric, status: str, comparison: Comparison, penalty: float) -> float:
    value: float | str = COMPUTED if status == "ok" else getattr(metric, status)
    if value == COMPUTED:
        return float(metric.function(comparison))
    return penalty if value == PENALTY else float(value)
