"""Intensities of an image: their range, and shares of it that are added to them."""

from collections.abc import Callable

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from weakseg3d.annotations.notes import silent
from weakseg3d.errors import UserError
from weakseg3d.images.volumes import like

PERCENTILES = (1, 99)


def intensity_range(image: sitk.Image) -> float:
    """Return the difference between the 99th and the 1st percentile of ``image``, in its unit."""
    low, high = np.percentile(sitk.GetArrayViewFromImage(image), PERCENTILES)
    return float(high - low)


def float_array(image: sitk.Image) -> NDArray[np.float32]:
    """Return the intensities of ``image`` (z, y, x) as float32."""
    return sitk.GetArrayFromImage(image).astype(np.float32, copy=False)


def plus_share(
    image: sitk.Image,
    pattern: NDArray[np.float32] | np.float32,
    share: float,
    parameter: str,
    note: Callable[[str], None] = silent,
) -> sitk.Image:
    """Return ``image`` plus ``pattern`` times ``share`` of its intensity range.

    ``note`` is told if the range is zero, so that nothing changes. Raises UserError that names the ``parameter`` if the
    result is not finite.
    """
    extent = intensity_range(image)
    if not extent:
        note("the 1st and the 99th percentile are equal, so nothing is changed")
    with np.errstate(over="ignore", invalid="ignore"):
        array = float_array(image) + pattern * np.float32(share * extent)
    if not np.isfinite(array).all():
        raise UserError(f"{parameter} {share}: the intensities exceed single precision; choose a number closer to 0")
    return like(array, image)
