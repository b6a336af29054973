"""One label map of several organs, on the grid of a scan."""

import math

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from weakseg3d.images.resampling import map_on_reference_grid

SLAB = 32
"""Slices of the scan's grid that are interpolated at a time."""

STEPS = 65535
"""Steps between the probabilities 0 and 1 when organs are compared, to hold two bytes for each voxel of the scan."""

MOST_ORGANS = 255
"""A label map has one byte for each voxel."""


class LabelMap:
    """The label map of a scan while one organ after the other is added: 1 for the first, 2 for the second, and so on.

    Where several organs exceed their thresholds, the one with the highest probability is kept, of equal ones the first.
    """

    def __init__(self, scan: sitk.Image) -> None:
        """Start with no organ on the grid of ``scan``, of which only the geometry is kept."""
        shape = scan.GetSize()[::-1]
        self.grid = sitk.Image([1, 1, 1], sitk.sitkUInt8)
        self.grid.SetSpacing(scan.GetSpacing())
        self.grid.SetOrigin(scan.GetOrigin())
        self.grid.SetDirection(scan.GetDirection())
        self.labels: NDArray[np.uint8] = np.zeros(shape, np.uint8)
        self.best: NDArray[np.uint16] = np.zeros(shape, np.uint16)
        self.contested: list[int] = []

    def add(self, probability: sitk.Image, threshold: float) -> None:
        """Add the organ whose ``probability`` (float32, on any grid) exceeds ``threshold``; it is 0 off its grid."""
        self.contested.append(0)
        organ = len(self.contested)
        for start in range(0, len(self.labels), SLAB):
            labels, best = self.labels[start : start + SLAB], self.best[start : start + SLAB]
            values = self._on_grid(probability, start, len(labels))
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

    def image(self) -> sitk.Image:
        """Return the label map as uint8 on the scan's grid."""
        return self._placed(sitk.GetImageFromArray(self.labels), 0)

    def volumes_ml(self) -> list[float]:
        """Return the volume of every organ in the label map in ml."""
        voxels = np.bincount(self.labels.ravel(), minlength=len(self.contested) + 1)
        return [self._millilitres(count) for count in voxels[1:]]

    def overlaps_ml(self) -> list[float]:
        """Return, for every organ, the volume in ml where another organ exceeded its threshold as well."""
        return [self._millilitres(count) for count in self.contested]

    def _millilitres(self, voxels: int) -> float:
        return float(voxels * math.prod(self.grid.GetSpacing()) / 1000)

    def _on_grid(self, probability: sitk.Image, start: int, slices: int) -> NDArray[np.float32]:
        slab = self._placed(sitk.Image([*self.labels.shape[:0:-1], slices], sitk.sitkUInt8), start)
        return sitk.GetArrayFromImage(map_on_reference_grid(probability, slab))

    def _placed(self, slab: sitk.Image, start: int) -> sitk.Image:
        """Return ``slab``, some slices of the scan from ``start`` on, with their place in the patient."""
        slab.SetSpacing(self.grid.GetSpacing())
        slab.SetDirection(self.grid.GetDirection())
        slab.SetOrigin(self.grid.TransformIndexToPhysicalPoint([0, 0, start]))
        return slab
