"""An image of which the slices at hand are oriented and held, and the others are not copied."""

from collections.abc import Iterator

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from weakseg3d.images.preprocessing import oriented, oriented_slices
from weakseg3d.images.volumes import grid_of, placed, voxel_of

AT_ONCE = 16
"""Slices that are oriented at a time."""


class OrientedSlices:
    """The slices (z, y, x) of the `oriented` ``image`` (float32), whose voxels are those that a network sees."""

    def __init__(self, image: sitk.Image) -> None:
        """Nothing is copied yet."""
        self.image = image
        whole = oriented(grid_of(image))
        self.shape = whole.GetSize()[::-1]
        self.grid = voxel_of(whole)

    def between(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return the slices from ``start`` up to but without ``stop``."""
        return sitk.GetArrayFromImage(oriented_slices(self.image, start, stop))

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        """Yield the slices (y, x) in their order."""
        for start in range(0, self.shape[0], AT_ONCE):
            yield from self.between(start, min(start + AT_ONCE, self.shape[0]))

    def placed(self, values: NDArray[np.float32], start: int) -> sitk.Image:
        """Return ``values`` (z, y, x) of the slices from ``start`` on as an image in its place in the patient."""
        return placed(sitk.GetImageFromArray(values), self.grid, start)
