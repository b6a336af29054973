"""What a network sees of a scan of any size: some slices at a time."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from weakseg3d.images.isotropic_slices import IsotropicSlices
from weakseg3d.images.normalisation import moments
from weakseg3d.images.oriented_slices import OrientedSlices
from weakseg3d.images.scaled_slices import ScaledSlices

KEYS = ("spacing", "intensity", "normalisation")
"""Of a recipe: what its network's input depends on."""


class NetworkInput:
    """The ``slices`` (z, y, x) of a scan at the spacing of ``recipe``, as the recipe's network sees them.

    Whatever follows from the scan as a whole, such as percentiles, is computed once.
    """

    def __init__(self, slices: IsotropicSlices | OrientedSlices, recipe: Mapping[str, Any]) -> None:
        """Read the scan as a whole, as far as the recipe makes that necessary."""
        self.settings = {key: recipe[key] for key in KEYS}
        self.slices = slices
        self.scaled = ScaledSlices(self.slices, recipe["intensity"])
        self.mean, self.std = moments(self.scaled, recipe["normalisation"])

    @property
    def shape(self) -> tuple[int, ...]:
        """The size (z, y, x) in voxels."""
        return self.slices.shape

    def serves(self, recipe: Mapping[str, Any]) -> bool:
        """Return whether the network of another ``recipe`` sees the same."""
        return self.settings == {key: recipe[key] for key in KEYS}

    @property
    def air(self) -> float:
        """What the network sees of voxels at or below the lower end of the intensity window."""
        return float(self._normalised(np.zeros(1, np.float32)))

    def between(self, start: int, stop: int) -> torch.Tensor:
        """Return the slices from ``start`` up to but without ``stop``."""
        return self._normalised(self.scaled.between(start, stop))

    def _normalised(self, scaled: NDArray[np.float32]) -> torch.Tensor:
        return torch.from_numpy((scaled - self.mean) / self.std).float()
