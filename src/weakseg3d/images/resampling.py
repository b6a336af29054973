"""Isotropic resampling that preserves the physical box, its orientation and the shapes of organs."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
import SimpleITK as sitk

from weakseg3d.errors import UserError
from weakseg3d.images.integrity.header import LARGEST_SPACING, LARGEST_VOLUME, SMALLEST_SPACING

FWHM_PER_SIGMA = 2 * math.sqrt(2 * math.log(2))


def isotropic_grid(image: sitk.Image, spacing: float) -> tuple[list[int], list[float]]:
    """Return ``(size, origin)`` of the isotropic grid over the physical box of ``image``.

    ``spacing`` is in mm, ``size`` and ``origin`` are (x, y, z). The grid keeps the direction cosines and the
    centre of the box; its extent is that of the box, rounded up to whole voxels on each axis.

    Raises UserError with the size of the grid if it has more than `LARGEST_VOLUME` voxels, and for a spacing with which
    no volume can be read.
    """
    extents = [n * s for n, s in zip(image.GetSize(), image.GetSpacing(), strict=True)]
    counts = np.maximum(1.0, np.ceil([extent / spacing - 1e-6 for extent in extents])).tolist()
    if math.prod(counts) > LARGEST_VOLUME:
        raise UserError(
            f"a spacing of {spacing:g} mm over a volume of {_times(extents)} mm gives {_times(counts)} voxels,"
            f" more than the {LARGEST_VOLUME:.1e} that can be processed; choose a larger spacing, or crop the volume"
        )
    if not SMALLEST_SPACING <= spacing <= LARGEST_SPACING:
        raise UserError(
            f"a spacing of {spacing:g} mm is not supported; choose {SMALLEST_SPACING:g} to {LARGEST_SPACING:g} mm"
        )
    size = [int(count) for count in counts]
    centre = image.TransformContinuousIndexToPhysicalPoint([(n - 1) / 2 for n in image.GetSize()])
    # One voxel is enough for the arithmetic, which is ITK's as in the resampling itself, to the last bit.
    target = sitk.Image([1, 1, 1], sitk.sitkUInt8)
    target.SetSpacing([spacing] * 3)
    target.SetDirection(image.GetDirection())
    offset = target.TransformContinuousIndexToPhysicalPoint([(n - 1) / 2 for n in size])
    return size, [c - o for c, o in zip(centre, offset, strict=True)]


def _times(numbers: Iterable[float]) -> str:
    return " x ".join(f"{number:.5g}" for number in numbers)


def resample_image(image: sitk.Image, spacing: float) -> sitk.Image:
    """Return ``image`` as float32 on the isotropic grid of ``spacing`` mm, linearly interpolated.

    Along axes that become coarser, the image is first smoothed by the Gaussian that turns the point spread function
    of the old voxel into that of the new voxel (Cardoso et al., MICCAI 2015, doi:10.1007/978-3-319-24571-3_81).
    """
    size, origin = isotropic_grid(image, spacing)
    return resampled_part(image, spacing, smoothing_sigmas(image, spacing), size, origin)


def smoothing_sigmas(image: sitk.Image, spacing: float) -> list[float]:
    """Return the standard deviations in mm, in x, y and z, by which `resample_image` smooths ``image`` first."""
    # ITK's recursive filter needs at least four samples along its axis.
    sizes = zip(image.GetSize(), image.GetSpacing(), strict=True)
    return [smoothing_sigma(old, spacing) if count >= 4 else 0.0 for count, old in sizes]


def smoothing_sigma(old: float, spacing: float) -> float:
    """Return the standard deviation in mm of the Gaussian that widens voxels of ``old`` mm to ``spacing`` mm, or 0."""
    return math.sqrt(spacing**2 - old**2) / FWHM_PER_SIGMA if spacing > old else 0.0


def resampled_part(
    image: sitk.Image, spacing: float, sigmas: Sequence[float], size: Sequence[int], origin: Sequence[float]
) -> sitk.Image:
    """Return a part of an isotropic grid, of ``size`` voxels from ``origin`` (mm) on, of ``image``, as float32.

    ``sigmas`` are those of `smoothing_sigmas` for the whole.
    """
    image = sitk.Cast(image, sitk.sitkFloat32)
    for axis, sigma in enumerate(sigmas):
        if sigma:
            image = sitk.RecursiveGaussian(image, sigma=sigma, direction=axis)
    return _resample(image, spacing, size, origin, sitk.sitkLinear)


def resample_label(label: sitk.Image, spacing: float) -> sitk.Image:
    """Return ``label`` (uint8) on the isotropic grid of ``spacing`` mm.

    Each voxel takes the class with the largest linear interpolation weight, so that thick slices result in smooth
    shapes instead of steps.
    """
    return _resample(label, spacing, *isotropic_grid(label, spacing), sitk.sitkLabelLinear)


def map_on_reference_grid(image: sitk.Image, reference: sitk.Image) -> sitk.Image:
    """Return a float image on the grid of the image ``reference``, interpolated linearly, 0 beyond its volume."""
    return sitk.Resample(image, reference, sitk.Transform(), sitk.sitkLinear, 0.0, image.GetPixelID())


def _resample(
    image: sitk.Image, spacing: float, size: Sequence[int], origin: Sequence[float], interpolator: int
) -> sitk.Image:
    resampler = sitk.ResampleImageFilter()
    resampler.SetSize(size)
    resampler.SetOutputSpacing([spacing] * 3)
    resampler.SetOutputOrigin(origin)
    resampler.SetOutputDirection(image.GetDirection())
    resampler.SetInterpolator(interpolator)
    # As the extent is rounded up, the rim lies up to half a voxel outside the box; it repeats the outermost voxels.
    resampler.SetUseNearestNeighborExtrapolator(True)
    return resampler.Execute(image)
