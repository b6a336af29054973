"""A prediction and its reference, measured once for all metrics."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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
