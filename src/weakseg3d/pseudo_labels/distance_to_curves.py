"""The distance in space to the nearest curve, slice by slice, as curves are drawn on few slices of a scan."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt


def squared_distances(
    labels: NDArray[np.uint8], value: int, spacing: Sequence[float] | NDArray[np.float64]
) -> Iterator[NDArray[np.float64]]:
    """Yield for each slice of ``labels`` (z, y, x) the squared distances (y, x) in mm^2 to the nearest ``value``.

    ``spacing`` (z, y, x) is in mm; at least one voxel has the value. The nearest voxel is sought among those that are
    nearest within each slice that has any, so that time grows with the number of such slices. A distance transform of
    the whole volume would take some 50 bytes of memory per voxel.
    """
    drawn = [z for z, plane in enumerate(labels) if (plane == value).any()]
    within = [_squared_within(labels[z] == value, spacing[1:]) for z in drawn]
    for z in range(len(labels)):
        across = [((z - other) * spacing[0]) ** 2 for other in drawn]
        nearest = within[0] + across[0]
        for squares, offset in zip(within[1:], across[1:], strict=True):
            np.minimum(nearest, squares + offset, out=nearest)
        yield nearest


def fewest_slices(curves: NDArray[np.bool_]) -> int:
    """Return the axis (0, 1 or 2) across which ``curves`` lie on the fewest slices."""
    across = [np.count_nonzero(curves.any(axis=others)) for others in ((1, 2), (0, 2), (0, 1))]
    return int(np.argmin(across))


def _squared_within(curves: NDArray[np.bool_], spacing: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the squared distances (y, x) in mm^2 within a slice of ``curves`` (y, x); ``spacing`` is (y, x)."""
    # Squares of distances would have been rounded twice.
    nearest = distance_transform_edt(~curves, sampling=spacing, return_distances=False, return_indices=True)
    (dy, dx) = ((there - here) * s for there, here, s in zip(nearest, np.indices(curves.shape), spacing, strict=True))
    return dy**2 + dx**2
