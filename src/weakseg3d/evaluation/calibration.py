"""How well a probability is calibrated, and how uncertain it is: the registry of uncertainty metrics.

They look at a region: the bounding box of reference and prediction together, widened by `MARGIN` on every side
and cut at the border of the volume. Over the whole volume the background, which is certain and right nearly
everywhere, would drown the organ. The region exists, and with it every value, where one of the masks holds
voxels, so also for a missed organ and for a false alarm; with both masks empty every value is undefined (NaN).
"""

from dataclasses import dataclass

import numpy as np

from weakseg3d.evaluation.metrics import ROUNDING, UNDEFINED, Described
from weakseg3d.evaluation.surfaces import bounding_box

MARGIN = 10.0
"""Width in mm by which the bounding box is widened."""

BINS = 15
"""Bins of equal width over the probabilities from 0 to 1."""


@dataclass(frozen=True)
class Region:
    """What the metrics are computed from: the voxels of the region, as arrays (z, y, x) of one shape.

    The probability of foreground, its entropy in bits and its variance over stochastic passes; the reference is
    boolean.
    """

    probability: np.ndarray
    entropy: np.ndarray
    variance: np.ndarray
    reference: np.ndarray


def expected_calibration_error(probability, reference, bins=BINS):
    """Return the sum over bins of n_b / N |mean probability - share of foreground|.

    ``probability`` is an array in [0, 1], ``reference`` a boolean one of its shape. A bin holds its lower edge;
    the last one holds 1 as well. Guo et al. 2017, arXiv 1706.04599, with the probability of foreground in place of
    the confidence.
    """
    p, reference = np.asarray(probability, np.float64).ravel(), np.asarray(reference).ravel()
    bin_of = np.clip((p * bins).astype(int), 0, bins - 1)
    # n_b times a bin's gap between means is the gap between its sums.
    gaps = np.bincount(bin_of, weights=p - reference, minlength=bins)
    return np.abs(gaps).sum() / p.size


def ece(region):
    """Return the `expected_calibration_error` within the region."""
    return expected_calibration_error(region.probability, region.reference)


def mean_entropy(region):
    """Return the mean entropy in bits within the region."""
    return region.entropy.mean(dtype=np.float64)


def mean_variance(region):
    """Return the mean variance within the region."""
    return region.variance.mean(dtype=np.float64)


WHERE = f"within the bounding box of reference and prediction widened by {MARGIN:g} mm"

UNCERTAINTY = {
    "ece": Described(
        ece,
        title="ECE",
        unit="1",
        range=(0, 1),
        higher_is_better=False,
        definition="expected calibration error: mean distance between foreground probability and share of "
        f"foreground over {BINS} equal bins of the probability, weighted by their voxels, {WHERE}",
        source="Guo et al. 2017, arXiv 1706.04599",
    ),
    "mean_entropy": Described(
        mean_entropy,
        title="Mean entropy",
        unit="bit",
        range=(0, 1),
        higher_is_better=None,
        definition=f"mean entropy of the foreground probability {WHERE}",
        source="Shannon 1948, doi:10.1002/j.1538-7305.1948.tb01338.x",
    ),
    "mean_variance": Described(
        mean_variance,
        title="Mean variance",
        unit="1",
        range=(0, 0.25),
        higher_is_better=None,
        definition=f"mean variance of the foreground probability over the network's stochastic passes {WHERE}; 0 "
        "for a deterministic network",
        source="after Gal and Ghahramani 2016, arXiv 1506.02142",
    ),
}
"""All uncertainty metrics, computed from a `Region`, by the name they have in tables."""


def uncertainty_values(maps, prediction, reference, spacing):
    """Return the metrics of one case as ``{name: value}``, NaN where both masks are empty.

    ``maps`` holds the arrays ``probability``, ``entropy`` (bits) and ``variance``, ``prediction`` and ``reference``
    are arrays in which non-zero is organ, all (z, y, x) of one shape; ``spacing`` is (z, y, x) in mm.
    """
    prediction, reference = np.asarray(prediction) != 0, np.asarray(reference) != 0
    box = region_box(prediction | reference, spacing)
    if box is None:
        return dict.fromkeys(UNCERTAINTY, UNDEFINED)
    region = Region(**{name: values[box] for name, values in maps.items()}, reference=reference[box])
    return {name: float(metric.function(region)) for name, metric in UNCERTAINTY.items()}


def region_box(mask, spacing, margin=MARGIN):
    """Return the slices of the bounding box of a boolean ``mask`` (z, y, x), widened and cut at its border.

    The box gains the voxels whose centres lie within ``margin`` mm of it along each axis; ``spacing`` is (z, y, x)
    in mm. Without a voxel in the mask the result is None.
    """
    if not mask.any():
        return None
    # The slack of all distances: 10 mm must be 10 steps of 1 mm, whatever single precision made of the spacing.
    steps = [int((margin + ROUNDING) / step) for step in spacing]
    return tuple(slice(max(0, s.start - n), s.stop + n) for s, n in zip(bounding_box(mask), steps, strict=True))
