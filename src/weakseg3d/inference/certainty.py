"""How certain a model is of the organ that it found in a scan."""

import math
from collections.abc import Iterable, Iterator

import SimpleITK as sitk

from weakseg3d.inference.uncertainty_maps import entropy_bits


class Certainty:
    """Sums over the sections of a probability while they pass."""

    def __init__(self, threshold: float) -> None:
        """The organ is where the probability exceeds ``threshold``."""
        self.threshold = threshold
        self.largest = 0.0
        """Probability; it tells how far the model was from finding anything."""
        self._bits, self._voxels = 0.0, 0

    @property
    def mean_bits(self) -> float:
        """Mean entropy in bits over the voxels of the organ, or NaN if there are none."""
        return self._bits / self._voxels if self._voxels else math.nan

    def counted(self, sections: Iterable[sitk.Image]) -> Iterator[sitk.Image]:
        """Yield the ``sections`` (float32) unchanged, and count them."""
        for section in sections:
            values = sitk.GetArrayViewFromImage(section)
            inside = values[values > self.threshold]
            self._bits += float(entropy_bits(inside).sum())
            self._voxels += inside.size
            self.largest = max(self.largest, float(values.max()))
            yield section
