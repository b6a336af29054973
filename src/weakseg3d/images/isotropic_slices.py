"""A large image at isotropic spacing, of which only the slices at hand are computed and held."""

import math
from collections.abc import Iterator

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from weakseg3d.images.preprocessing import oriented, oriented_slices
from weakseg3d.images.resampling import isotropic_grid, resampled_part, smoothing_sigma, smoothing_sigmas
from weakseg3d.images.volumes import grid_of, placed, voxel_of

AT_ONCE = 64
"""Slices of the image that are resampled at a time."""

REACH = 10
"""Standard deviations after which a slice no longer changes the smoothed one: the response of ITK's recursive filter
(Deriche's of fourth order) falls by exp(-1.7) in each, so to 4e-8."""


class IsotropicSlices:
    """The slices (z, y, x) of the `oriented` ``image`` at ``spacing`` mm, those of `resample_image` to rounding.

    The image is not copied as a whole, neither to orient nor to smooth it. Raises UserError as `isotropic_grid` does.
    """

    def __init__(self, image: sitk.Image, spacing: float) -> None:
        """Nothing is computed yet."""
        self.image, self.spacing = image, spacing
        self.whole = oriented(grid_of(image))
        """The grid of the oriented image."""
        (width, height, depth), origin = isotropic_grid(self.whole, spacing)
        self.shape = depth, height, width
        self.sigmas = smoothing_sigmas(self.whole, spacing)
        self.grid = voxel_of(self.whole)
        self.grid.SetSpacing([spacing] * 3)
        self.grid.SetOrigin(origin)

    def between(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return the slices from ``start`` up to but without ``stop``."""
        step = slices_together(self.whole.GetSpacing()[2], self.spacing)
        return np.concatenate([self._part(first, min(first + step, stop)) for first in range(start, stop, step)])

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        """Yield the slices (y, x) in their order."""
        for start in range(0, self.shape[0], AT_ONCE):
            yield from self.between(start, min(start + AT_ONCE, self.shape[0]))

    def placed(self, values: NDArray[np.float32], start: int) -> sitk.Image:
        """Return ``values`` (z, y, x) of the slices from ``start`` on as an image in its place in the patient."""
        return placed(sitk.GetImageFromArray(values), self.grid, start)

    def _part(self, start: int, stop: int) -> NDArray[np.float32]:
        margin, count = slices_around(self.whole.GetSpacing()[2], self.spacing), self.whole.GetSize()[2]
        ends = [self.whole.TransformPhysicalPointToContinuousIndex(self._origin(k))[2] for k in (start, stop - 1)]
        low, high = max(0, math.floor(ends[0]) - margin), min(count, math.ceil(ends[1]) + margin + 1)
        size = [self.shape[2], self.shape[1], stop - start]
        part = oriented_slices(self.image, low, high)
        return sitk.GetArrayFromImage(resampled_part(part, self.spacing, self.sigmas, size, self._origin(start)))

    def _origin(self, start: int) -> tuple[float, ...]:
        """Return the place in the patient, in mm, of the first voxel of a slice."""
        return self.grid.TransformIndexToPhysicalPoint([0, 0, start])


def slices_together(thickness: float, spacing: float) -> int:
    """Return how many slices of ``spacing`` mm are computed together from slices of ``thickness`` mm."""
    return max(1, int(AT_ONCE * thickness / spacing))


def slices_around(thickness: float, spacing: float) -> int:
    """Return how many slices of ``thickness`` mm beyond a part of ``spacing`` mm are read, on either side."""
    return 2 + math.ceil(REACH * smoothing_sigma(thickness, spacing) / thickness)
