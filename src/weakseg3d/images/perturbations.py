"""Images of lower quality, as they occur in practice: noisy, blurred, with shifted intensities, or with thick slices.

Every function returns a float32 image on the grid of its input. Changes of intensity are relative to the
`intensity_range` of the image.
"""

import math

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from weakseg3d.errors import UserError
from weakseg3d.images.volumes import GRID_TOLERANCE, like, long_axis

PERCENTILES = (1, 99)


def intensity_range(image: sitk.Image) -> float:
    """Return the difference between the 99th and the 1st percentile of ``image``, in its unit."""
    low, high = np.percentile(sitk.GetArrayViewFromImage(image), PERCENTILES)
    return float(high - low)


def add_noise(image: sitk.Image, std: float, seed: int = 0) -> sitk.Image:
    """Return ``image`` with white Gaussian noise of standard deviation ``std`` times its `intensity_range`.

    Raises UserError for a ``std`` that is negative or not finite, and for a negative ``seed``.
    """
    if not 0 <= std < math.inf:
        raise UserError(f"--std {std}: must be a share of the intensity range, 0 or more")
    if seed < 0:
        raise UserError(f"--seed {seed}: must not be negative")
    noise = np.random.default_rng(seed).standard_normal(image.GetSize()[::-1], dtype=np.float32)
    return _plus(image, noise, std, f"--std {std}")


def blur(image: sitk.Image, sigma: float) -> sitk.Image:
    """Return ``image`` smoothed by an isotropic Gaussian of ``sigma`` mm; the edge voxels are repeated outside.

    Raises UserError unless ``sigma`` is above 0 and at most the largest extent of the image.
    """
    extent = max(n * s for n, s in zip(image.GetSize(), image.GetSpacing(), strict=True))
    if not 0 < sigma <= extent:
        raise UserError(f"--sigma {sigma}: must be above 0 and at most the image's extent of {extent:g} mm")
    sigmas = sigma / np.array(image.GetSpacing())[::-1]
    return like(gaussian_filter(_float_array(image), sigmas, mode="nearest"), image)


def shift(image: sitk.Image, offset: float) -> sitk.Image:
    """Return ``image`` with ``offset`` times its `intensity_range` added to every voxel.

    Raises UserError for an ``offset`` that is not finite.
    """
    if not math.isfinite(offset):
        raise UserError(f"--offset {offset}: must be a finite number, as a share of the intensity range")
    return _plus(image, np.float32(1), offset, f"--offset {offset}")


def thick_slices(image: sitk.Image, thickness: float) -> sitk.Image:
    """Return ``image`` as if its axial slices were ``thickness`` mm thick, interpolated back to the original slices.

    The thick slices are averages along the `long_axis`. As many as fit are placed side by side around the image's
    centre. Between their centres the interpolation is linear; beyond the outermost centres, these slices are repeated.
    Raises UserError unless ``thickness`` lies between the spacing and the extent along that axis.
    """
    axis = long_axis(image)
    number, spacing = image.GetSize()[2 - axis], image.GetSpacing()[2 - axis]
    # Headers store the spacing in single precision, hence the tolerance.
    if not spacing - GRID_TOLERANCE <= thickness <= number * spacing + GRID_TOLERANCE:
        raise UserError(
            f"--thickness {thickness}: must lie between the slice spacing of {spacing:g} mm and the image's extent"
            f" of {number * spacing:g} mm"
        )
    weights = _thick_slice_weights(number, spacing, thickness).astype(np.float32)
    mixed = np.tensordot(weights, _float_array(image), axes=(1, axis))
    return like(np.ascontiguousarray(np.moveaxis(mixed, 0, axis)), image)


def _thick_slice_weights(number: int, spacing: float, thickness: float) -> NDArray[np.float64]:
    """Return a (``number``, ``number``) matrix: the share of each old slice (column) in each new slice (row)."""
    blocks = max(1, math.floor((number * spacing + GRID_TOLERANCE) / thickness))
    slices = (np.arange(number) - (number - 1) / 2) * spacing
    centres = (np.arange(blocks) - (blocks - 1) / 2) * thickness
    upper = np.minimum(slices + spacing / 2, centres[:, None] + thickness / 2)
    lower = np.maximum(slices - spacing / 2, centres[:, None] - thickness / 2)
    averages = np.maximum(upper - lower, 0)
    averages /= averages.sum(axis=1, keepdims=True)
    interpolation = np.column_stack([np.interp(slices, centres, unit) for unit in np.eye(blocks)])
    return interpolation @ averages


def _float_array(image: sitk.Image) -> NDArray[np.float32]:
    return sitk.GetArrayFromImage(image).astype(np.float32, copy=False)


def _plus(image: sitk.Image, pattern: NDArray[np.float32] | np.float32, share: float, option: str) -> sitk.Image:
    """Return ``image`` plus ``pattern`` times ``share`` of its intensity range.

    Raises UserError that names ``option`` if the result is not finite.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        array = _float_array(image) + pattern * np.float32(share * intensity_range(image))
    if not np.isfinite(array).all():
        raise UserError(f"{option}: the intensities exceed single precision; choose a number closer to 0")
    return like(array, image)
