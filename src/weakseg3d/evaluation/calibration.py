"""How well a probability is calibrated, and how uncertain it is: the registry of uncertainty metrics.

They are computed within a region: the bounding box of reference and prediction together, widened by `MARGIN` on every
side and cut at the border of the volume. Over the whole volume, the background, which is predicted correctly and with
certainty nearly everywhere, would dominate the values. The region exists, and with it every value, where at least one
of the masks is not empty, which includes missed organs and false alarms. If both masks are empty, every value is
undefined (NaN). `organ_entropy` alone is computed within the prediction, and so needs no reference.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weakseg3d.evaluation.compare import ROUNDING
from weakseg3d.evaluation.metric import UNDEFINED, BaseMetric
from weakseg3d.evaluation.surfaces import bounding_box
from weakseg3d.segmentation.suggestion import LARGEST

MARGIN = 10.0
"""Width in mm by which the bounding box is widened."""

BINS = 15
"""Number of equally wide bins over the probabilities from 0 to 1."""


@dataclass(frozen=True)
class Region:
    """The voxels of the region, from which the metrics are computed, as arrays (z, y, x) of the same shape.

    These are the probability of foreground, its entropy in bits, its variance over stochastic passes, the prediction
    and the reference.
    """

    probability: NDArray[np.floating]
    entropy: NDArray[np.floating]
    variance: NDArray[np.floating]
    prediction: NDArray[np.bool_]
    reference: NDArray[np.bool_]


def expected_calibration_error(probability: ArrayLike, reference: NDArray[np.bool_], bins: int = BINS) -> float:
    """Return the sum over bins of n_b / N |mean probability - share of foreground|.

    ``probability`` is an array with values in [0, 1], and ``reference`` has the same shape. The lower edge of a bin
    belongs to the bin, and 1 belongs to the last bin. Guo et al. 2017, arXiv 1706.04599, with the probability of
    foreground in place of the confidence.
    """
    p, reference = np.asarray(probability, np.float64).ravel(), np.asarray(reference).ravel()
    bin_numbers = np.clip((p * bins).astype(int), 0, bins - 1)
    # n_b times the gap between the means of a bin is the gap between its sums.
    gaps = np.bincount(bin_numbers, weights=p - reference, minlength=bins)
    return float(np.abs(gaps).sum() / p.size)


def ece(region: Region) -> float:
    """Return the `expected_calibration_error` within the region."""
    return expected_calibration_error(region.probability, region.reference)


def brier_score(probability: ArrayLike, reference: NDArray[np.bool_]) -> float:
    """Return the mean over voxels of (probability of foreground - reference)².

    ``probability`` is an array with values in [0, 1], and ``reference`` has the same shape. With two classes this is
    half of Brier's own sum over classes. Brier 1950, doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2.
    """
    return float(np.mean((np.asarray(probability, np.float64) - np.asarray(reference)) ** 2))


def brier(region: Region) -> float:
    """Return the `brier_score` within the region."""
    return brier_score(region.probability, region.reference)


def mean_entropy(region: Region) -> float:
    """Return the mean entropy in bits within the region."""
    return float(region.entropy.mean(dtype=np.float64))


def mean_variance(region: Region) -> float:
    """Return the mean variance within the region."""
    return float(region.variance.mean(dtype=np.float64))


def organ_entropy(region: Region) -> float:
    """Return the mean entropy in bits within the prediction; `LARGEST` if it is empty.

    It is known without a reference: `weakseg3d.segmentation.suggestion` ranks scans by it.
    """
    inside = region.entropy[region.prediction]
    return float(inside.mean(dtype=np.float64)) if inside.size else LARGEST


WITHIN_REGION = f"within the bounding box of reference and prediction widened by {MARGIN:g} mm"

UNCERTAINTY = {
    "ece": BaseMetric(
        ece,
        title="ECE",
        unit="1",
        range=(0, 1),
        higher_is_better=False,
        definition="expected calibration error: mean distance between foreground probability and share of "
        f"foreground over {BINS} equal bins of the probability, weighted by their voxels, {WITHIN_REGION}",
        source="Guo et al. 2017, arXiv 1706.04599",
    ),
    "brier": BaseMetric(
        brier,
        title="Brier score",
        unit="1",
        range=(0, 1),
        higher_is_better=False,
        definition="mean squared difference between foreground probability and reference (0 or 1) over the voxels "
        f"{WITHIN_REGION}",
        source="Brier 1950, doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2",
    ),
    "mean_entropy": BaseMetric(
        mean_entropy,
        title="Mean entropy",
        unit="bit",
        range=(0, 1),
        higher_is_better=None,
        definition=f"mean entropy of the foreground probability {WITHIN_REGION}",
        source="Shannon 1948, doi:10.1002/j.1538-7305.1948.tb01338.x",
    ),
    "organ_entropy": BaseMetric(
        organ_entropy,
        title="Entropy in the organ",
        unit="bit",
        range=(0, 1),
        higher_is_better=None,
        definition="mean entropy of the foreground probability over the voxels of the prediction, which needs no "
        f"reference; {LARGEST:g} if the prediction is empty",
        source="Lewis and Gale 1994, doi:10.1007/978-1-4471-2099-5_1",
    ),
    "mean_variance": BaseMetric(
        mean_variance,
        title="Mean variance",
        unit="1",
        range=(0, 0.25),
        higher_is_better=None,
        definition="mean variance of the foreground probability over the network's stochastic passes "
        f"{WITHIN_REGION}; 0 for a deterministic network",
        source="after Gal and Ghahramani 2016, arXiv 1506.02142",
    ),
}
"""All uncertainty metrics, computed from a `Region`, by their name in tables."""


def uncertainty_values(
    maps: Mapping[str, NDArray[np.floating]], prediction: ArrayLike, reference: ArrayLike, spacing: Sequence[float]
) -> dict[str, float]:
    """Return the metrics of one case as ``{name: value}``, NaN where both masks are empty.

    ``maps`` holds the arrays ``probability``, ``entropy`` (bits) and ``variance``; ``prediction`` and ``reference``
    are arrays in which non-zero voxels are organ. All are (z, y, x) of the same shape; ``spacing`` is (z, y, x) in mm.
    """
    predicted_mask, reference_mask = np.asarray(prediction) != 0, np.asarray(reference) != 0
    box = region_box(predicted_mask | reference_mask, spacing)
    if box is None:
        return dict.fromkeys(UNCERTAINTY, UNDEFINED)
    region = Region(
        **{name: values[box] for name, values in maps.items()},
        prediction=predicted_mask[box],
        reference=reference_mask[box],
    )
    return {name: float(metric.function(region)) for name, metric in UNCERTAINTY.items()}


def region_box(mask: NDArray[np.bool_], spacing: Sequence[float], margin: float = MARGIN) -> tuple[slice, ...] | None:
    """Return the slices of the bounding box of ``mask`` (z, y, x), widened and cut at the border; None if it is empty.

    Along each axis, the box is widened by the voxels whose centres lie within ``margin`` mm of it; ``spacing`` is
    (z, y, x) in mm.
    """
    if not mask.any():
        return None
    # 10 mm must be 10 steps of 1 mm, even if single precision has changed the spacing a little.
    steps = [int((margin + ROUNDING) / step) for step in spacing]
    return tuple(slice(max(0, s.start - n), s.stop + n) for s, n in zip(bounding_box(mask), steps, strict=True))
