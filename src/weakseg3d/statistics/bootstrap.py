"""Resampling of cases, the basis of the stability of rankings."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 10_000
"""Default number of resamples."""

FEWEST_CASES = 3
"""With fewer cases nothing is resampled, since their resamples contain little more than the cases themselves."""


@lru_cache(maxsize=8)
def case_counts(cases: int, resamples: int = RESAMPLES, seed: int = 0) -> NDArray[np.int64]:
    """Return how often each of ``cases`` cases is drawn in each resample, (resamples, cases).

    Every resample draws as many cases as there are, with replacement. The same ``seed`` gives the same draws for
    the same number of cases, whatever else is computed. The result is cached for the next cell and read-only.
    """
    counts = np.random.default_rng(seed).multinomial(cases, np.full(cases, 1 / cases), size=resamples)
    counts.flags.writeable = False
    return counts
