"""The normalisation a method applies after the dataset's intensity scaling; this module needs only NumPy."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Slices(Protocol):
    """A volume of which the slices can be read in their order, such as an array (z, y, x)."""

    @property
    def size(self) -> int:
        """The number of voxels."""

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        """Yield the slices (y, x)."""


def moments(image: Slices, normalisation: str) -> tuple[float, float]:
    """Return the number to subtract from ``image`` (z, y, x) and the number to divide it by.

    The ``normalisation`` "z_score" gives the mean and the standard deviation over the volume (1 for a constant
    volume), "none" gives 0 and 1. Slices are read one by one, so that a memory map is never copied as a whole.
    """
    if normalisation == "none":
        return 0.0, 1.0
    mean = sum(each.sum(dtype=np.float64) for each in image) / image.size
    variance = sum(((each - mean) ** 2).sum(dtype=np.float64) for each in image) / image.size
    return float(mean), float(np.sqrt(variance)) or 1.0


def normalised(image: NDArray[np.float32], normalisation: str) -> NDArray[np.float32]:
    """Return ``image`` (z, y, x) after the ``normalisation`` ("z_score" or "none")."""
    if normalisation == "none":
        return image
    mean, std = moments(image, normalisation)
    return ((image - mean) / std).astype(np.float32)
