"""One label map of several organs, on the grid of a scan."""

import math
from collections.abc import Iterable, Iterator

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from weakseg3d.images.resampling import map_on_reference_grid
from weakseg3d.images.volumes import placed, voxel_of
from weakseg3d.images.voxel_counts import voxel_counts

SLAB = 32
"""Slices of the scan's grid that are interpolated at a time."""

STEPS = 65535
"""Steps between the probabilities 0 and 1 when organs are compared, to hold two bytes for each voxel of the scan."""

ON_A_SLICE = 1e-6
"""Distance, in slices, at which a slice of the scan counts as that of the probability."""

MOST_ORGANS = 255
"""A label map has one byte for each voxel."""


class LabelMap:
    """The label map of a scan while one organ after the other is added: 1 for the first, 2 for the second, and so on.

    Where several organs exceed their thresholds, the one with the highest probability is kept, of equal ones the first.
    """

    def __init__(self, scan: sitk.Image) -> None:
        """Start with no organ on the grid of ``scan``, of which only the geometry is kept."""
        shape = scan.GetSize()[::-1]
        self.grid = voxel_of(scan)
        self.labels: NDArray[np.uint8] = np.zeros(shape, np.uint8)
        self.best: NDArray[np.uint16] = np.zeros(shape, np.uint16)
        self.contested: list[int] = []

    def add(self, sections: Iterable[sitk.Image], threshold: float) -> None:
        """Add the organ whose probability exceeds ``threshold``; it is 0 off its grid.

        The probability (float32) comes in ``sections``, which follow one another from the first slice on. Their grid
        may have other voxels than the scan's, but the same axes.
        """
        self.contested.append(0)
        done = 0
        # The slices of the scan between two sections lie between the last slice of the one and the first of the other.
        for section in _chained(sections):
            end = self.grid.TransformPhysicalPointToContinuousIndex(
                section.TransformIndexToPhysicalPoint([0, 0, section.GetSize()[2] - 1])
            )
            stop = min(len(self.labels), math.floor(end[2] + ON_A_SLICE) + 1)
            done = self._take(section, threshold, done, stop)
        # Beyond the centres of the last slice, the probability stays as it is up to the end of its volume.
        self._take(section, threshold, done, len(self.labels))

    def _take(self, probability: sitk.Image, threshold: float, start: int, stop: int) -> int:
        """Add the organ in the scan's slices from ``start`` up to but without ``stop``, and return ``stop``."""
        organ = len(self.contested)
        for first in range(start, stop, SLAB):
            here = slice(first, min(first + SLAB, stop))
            labels, best = self.labels[here], self.best[here]
            values = self._on_grid(probability, first, len(labels))
            found = values > threshold
            if not found.any():
                continue
            steps = np.round(values * STEPS).astype(np.uint16)
            for other, voxels in zip(*np.unique(labels[found & (labels > 0)], return_counts=True), strict=True):
                self.contested[other - 1] += int(voxels)
                self.contested[organ - 1] += int(voxels)
            wins = found & (steps > best)
            labels[wins] = organ
            best[wins] = steps[wins]
        return max(start, stop)

    def image(self) -> sitk.Image:
        """Return the label map as uint8 on the scan's grid."""
        return placed(sitk.GetImageFromArray(self.labels), self.grid)

    def volumes_ml(self) -> list[float]:
        """Return the volume of every organ in the label map in ml."""
        counts = voxel_counts(self.labels)[1:]
        # The last organs may have lost every voxel.
        return [self._millilitres(count) for count in (*counts, *[0] * (len(self.contested) - len(counts)))]

    def overlaps_ml(self) -> list[float]:
        """Return, for every organ, the volume in ml where another organ exceeded its threshold as well."""
        return [self._millilitres(count) for count in self.contested]

    def _millilitres(self, voxels: int) -> float:
        return float(voxels * math.prod(self.grid.GetSpacing()) / 1000)

    def _on_grid(self, probability: sitk.Image, start: int, slices: int) -> NDArray[np.float32]:
        slab = placed(sitk.Image([*self.labels.shape[:0:-1], slices], sitk.sitkUInt8), self.grid, start)
        return sitk.GetArrayFromImage(map_on_reference_grid(probability, slab))


def _chained(sections: Iterable[sitk.Image]) -> Iterator[sitk.Image]:
    """Yield the ``sections``, each from the last slice of the one before on, so that nothing lies between them."""
    last = None
    for section in sections:
        joined = section
        if last is not None:
            both = [sitk.GetArrayViewFromImage(each) for each in (last, section)]
            joined = placed(sitk.GetImageFromArray(np.concatenate(both)), last)
        yield joined
        last = section[:, :, section.GetSize()[2] - 1 :]
