"""Images as real life gives them: noisy, blurred, on another intensity scale, or of thick slices.

Every function returns float32 on the grid of its image. Strengths of intensity are relative to the image's own
`intensity_range`.
"""

import math

import numpy as np
import SimpleITK as sitk
from scipy.ndimage import gaussian_filter

from weakseg3d.errors import UserError
from weakseg3d.images.volumes import GRID_TOLERANCE, like, long_axis

PERCENTILES = (1, 99)


def intensity_range(image):
    """Return the difference of the 99th and the 1st percentile of ``image``, in its unit."""
    low, high = np.percentile(sitk.GetArrayViewFromImage(image), PERCENTILES)
    return float(high - low)


def add_noise(image, std, seed=0):
    """Return ``image`` with white Gaussian noise of standard deviation ``std`` times its `intensity_range`.

    Raises UserError for a ``std`` that is negative or not finite, and for a negative ``seed``.
    """
    if not 0 <= std < math.inf:
        raise UserError(f"--std {std}: must be a share of the intensity range, 0 or more")
    if seed < 0:
        raise UserError(f"--seed {seed}: must not be negative")
    noise = np.random.default_rng(seed).standard_normal(image.GetSize()[::-1], dtype=np.float32)
    return _plus(image, noise, std, f"--std {std}")


def blur(image, sigma):
    """Return ``image`` smoothed by an isotropic Gaussian of ``sigma`` mm; beyond its edges it repeats them.

    Raises UserError unless ``sigma`` lies above 0 and not above the image's largest extent.
    """
    extent = max(n * s for n, s in zip(image.GetSize(), image.GetSpacing(), strict=True))
    if not 0 < sigma <= extent:
        raise UserError(f"--sigma {sigma}: must lie above 0 and not above the image's extent of {extent:g} mm")
    sigmas = sigma / np.array(image.GetSpacing())[::-1]
    return like(gaussian_filter(_float_array(image), sigmas, mode="nearest"), image)


def shift(image, offset):
    """Return ``image`` with ``offset`` times its `intensity_range` added to every voxel.

    Raises UserError for an ``offset`` that is not finite.
    """
    if not math.isfinite(offset):
        raise UserError(f"--offset {offset}: must be a share of the intensity range, a finite number")
    return _plus(image, np.float32(1), offset, f"--offset {offset}")


def thick_slices(image, thickness):
    """Return ``image`` as if its axial slices were ``thickness`` mm thick, interpolated back to its own slices.

    The thick slices average along the `long_axis`. They lie side by side round the image's centre, as many as
    fit; between their centres the interpolation is linear, beyond the outermost it repeats these.
    Raises UserError unless ``thickness`` lies between the spacing and the extent on that axis.
    """
    axis = long_axis(image)
    number, spacing = image.GetSize()[2 - axis], image.GetSpacing()[2 - axis]
    # Spacings come from headers in single precision, hence the tolerance.
    if not spacing - GRID_TOLERANCE <= thickness <= number * spacing + GRID_TOLERANCE:
        raise UserError(
            f"--thickness {thickness}: must lie between the slice spacing of {spacing:g} mm and the image's extent"
            f" of {number * spacing:g} mm"
        )
    weights = _thick_slice_weights(number, spacing, thickness).astype(np.float32)
    mixed = np.tensordot(weights, _float_array(image), axes=(1, axis))
    return like(np.ascontiguousarray(np.moveaxis(mixed, 0, axis)), image)


def _thick_slice_weights(number, spacing, thickness):
    """Return (``number``, ``number``): the share of each old slice (column) in each new one (row)."""
    blocks = max(1, math.floor((number * spacing + GRID_TOLERANCE) / thickness))
    slices = (np.arange(number) - (number - 1) / 2) * spacing
    centres = (np.arange(blocks) - (blocks - 1) / 2) * thickness
    upper = np.minimum(slices + spacing / 2, centres[:, None] + thickness / 2)
    lower = np.maximum(slices - spacing / 2, centres[:, None] - thickness / 2)
    averages = np.maximum(upper - lower, 0)
    averages /= averages.sum(axis=1, keepdims=True)
    interpolation = np.column_stack([np.interp(slices, centres, unit) for unit in np.eye(blocks)])
    return interpolation @ averages


def _float_array(image):
    return sitk.GetArrayFromImage(image).astype(np.float32, copy=False)


def _plus(image, pattern, share, option):
    """Return ``image`` plus ``pattern`` times ``share`` of its range, or raise a UserError naming ``option``."""
    with np.errstate(over="ignore", invalid="ignore"):
        array = _float_array(image) + pattern * np.float32(share * intensity_range(image))
    if not np.isfinite(array).all():
        raise UserError(f"{option}: the intensities leave single precision; choose a number nearer to 0")
    return like(array, image)
