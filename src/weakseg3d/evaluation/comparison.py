"""A prediction and its reference, measured once for all metrics, and only as far as a metric asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from weakseg3d.evaluation.lesions import Lesions, matched_lesions
from weakseg3d.evaluation.surface_elements import surface_area_within
from weakseg3d.evaluation.surfaces import surface_distances


@dataclass(frozen=True)
class Comparison:
    """The quantities from which the metrics are computed, each computed when a metric first needs it.

    Counts are in voxels; the distances (1-D arrays, mm) run from each surface voxel of one mask to the
    nearest surface voxel of the other. The areas in mm² are sums over both surfaces: the whole area, and the part
    within the tolerance of the other surface. Distances and areas exist only if neither mask is empty.
    """

    predicted_mask: NDArray[np.bool_]
    reference_mask: NDArray[np.bool_]
    """The masks (z, y, x), cut to the bounding box of their union, which saves time and changes no value."""
    spacing: Sequence[float] | NDArray[np.floating]
    """(z, y, x) in mm."""
    tolerance: float
    """Distance in mm up to which surfaces count as agreeing."""

    @cached_property
    def overlap(self) -> int:
        """The number of voxels in both masks."""
        return int(np.count_nonzero(self.predicted_mask & self.reference_mask))

    @cached_property
    def prediction(self) -> int:
        """The number of voxels of the prediction."""
        return int(np.count_nonzero(self.predicted_mask))

    @cached_property
    def reference(self) -> int:
        """The number of voxels of the reference."""
        return int(np.count_nonzero(self.reference_mask))

    @property
    def prediction_to_reference(self) -> NDArray[np.float64]:
        """The distances in mm from the surface of the prediction to that of the reference."""
        return self._distances[0]

    @property
    def reference_to_prediction(self) -> NDArray[np.float64]:
        """The distances in mm from the surface of the reference to that of the prediction."""
        return self._distances[1]

    @cached_property
    def pooled_distances(self) -> NDArray[np.float64]:
        """The distances in both directions as one array, in mm."""
        return np.concatenate(self._distances)

    @property
    def surface_area(self) -> float:
        """The area of both surfaces in mm²."""
        return self._areas[0]

    @property
    def surface_area_within(self) -> float:
        """The area in mm² of the parts of both surfaces that are within the tolerance of the other surface."""
        return self._areas[1]

    @cached_property
    def lesions(self) -> Lesions:
        """The connected components of both masks, matched one to one; also of an empty mask."""
        return matched_lesions(self.predicted_mask, self.reference_mask)

    @cached_property
    def _distances(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return surface_distances(self.predicted_mask, self.reference_mask, self.spacing)

    @cached_property
    def _areas(self) -> tuple[float, float]:
        return surface_area_within(self.predicted_mask, self.reference_mask, self.spacing, self.tolerance)
