"""The intensities in [0, 1] of an image of which only the slices at hand are held."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from weakseg3d.images.order_statistics import percentiles
from weakseg3d.images.preprocessing import scaled_intensity


class SomeSlices(Protocol):
    """The slices (z, y, x) of a volume, which are read when they are asked for."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The size (z, y, x) in voxels."""

    def between(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return the slices from ``start`` up to but without ``stop``."""

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        """Yield the slices (y, x) in their order."""


class ScaledSlices:
    """Slices (z, y, x) in [0, 1] by the ``intensity`` of a dataset, as `scaled_intensity` has them of the whole."""

    def __init__(self, slices: SomeSlices, intensity: Mapping[str, Any]) -> None:
        """Percentiles are taken over all slices, which are read twice for that."""
        self.slices, self.shape, self.size = slices, slices.shape, math.prod(slices.shape)
        if "percentiles" in intensity:
            # Numbers of NumPy, with which `scaled_intensity` computes in double precision as it does of the whole.
            intensity = {"window": np.array(percentiles(slices, intensity["percentiles"]))}
        self.intensity = intensity

    def between(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return the slices from ``start`` up to but without ``stop``."""
        return scaled_intensity(self.slices.between(start, stop), self.intensity)

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        """Yield the slices (y, x) in their order."""
        return (scaled_intensity(section, self.intensity) for section in self.slices)
