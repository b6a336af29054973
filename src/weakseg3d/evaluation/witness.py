"""An independent witness of the metrics: Dice and HD95 of the same masks by MedPy, which shares no code with ours."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weakseg3d.evaluation.surfaces import bounding_box

WITNESSED = ("dice", "hd95")
"""The metrics that MedPy defines in the same way."""

TOLERANCE = 1e-6
"""Largest relative difference between equal values; both are computed in double precision."""


def second_opinion(
    prediction: ArrayLike, reference: ArrayLike, spacing: Sequence[float], values: Mapping[str, float]
) -> dict[str, Any]:
    """Return ``values`` (our metrics of two masks), those of MedPy, and under ``agrees`` whether they are equal.

    ``prediction`` and ``reference`` are arrays (z, y, x) in which non-zero voxels are organ; ``spacing`` is (z, y, x)
    in mm. If a mask is empty, MedPy defines no distance, and ``agrees`` is None.
    """
    predicted, present = np.asarray(prediction) != 0, np.asarray(reference) != 0
    ours = {name: values[name] for name in WITNESSED}
    if not (predicted.any() and present.any()):
        return {"weakseg3d": None, "medpy": None, "agrees": None}
    # For MedPy, what lies beyond the arrays is background, so the box gives the values of the whole volume.
    box = bounding_box(predicted | present)
    theirs = medpy_values(predicted[box], present[box], spacing)
    agrees = all(abs(ours[name] - theirs[name]) <= TOLERANCE * max(1.0, abs(theirs[name])) for name in WITNESSED)
    return {"weakseg3d": ours, "medpy": theirs, "agrees": bool(agrees)}


def medpy_values(
    prediction: NDArray[np.bool_], reference: NDArray[np.bool_], spacing: Sequence[float]
) -> dict[str, float]:
    """Return Dice, and HD95 in mm, of two masks (z, y, x) that are not empty."""
    from medpy.metric import binary

    return {
        "dice": float(binary.dc(prediction, reference)),
        "hd95": float(binary.hd95(prediction, reference, voxelspacing=tuple(spacing))),
    }
