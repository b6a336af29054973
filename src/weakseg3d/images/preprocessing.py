"""What a network sees of a volume: one orientation, intensities in [0, 1]."""

import numpy as np
import SimpleITK as sitk

ORIENTATION = "RAS"
"""Direction in which voxel indices (x, y, z) grow, before a network sees a volume."""


def oriented(image):
    """Return ``image`` with its axes permuted and flipped to `ORIENTATION`; no voxel is interpolated."""
    return sitk.DICOMOrient(image, ORIENTATION)


def oriented_like(image, reference):
    """Return ``image``, which `oriented` turned, on the grid of ``reference``, which it came from."""
    original = sitk.DICOMOrientImageFilter.GetOrientationFromDirectionCosines(reference.GetDirection())
    restored = sitk.DICOMOrient(image, original)
    restored.CopyInformation(reference)
    return restored


def image_array(image, intensity):
    """Return what a network sees of ``image``, (z, y, x) float32: `oriented`, then `scaled_intensity`."""
    return scaled_intensity(sitk.GetArrayFromImage(oriented(image)), intensity)


def target_array(target):
    """Return what a network learns from ``target``, (z, y, x): `oriented`, the values and their type as they are."""
    return sitk.GetArrayFromImage(oriented(target))


def scaled_intensity(array, intensity):
    """Return ``array`` clipped and scaled to [0, 1], float32.

    ``intensity`` is a dataset's entry: ``{window: [low, high]}`` in the image's unit, or ``{percentiles: [low,
    high]}`` of the whole volume. A constant volume becomes zero.
    """
    if "window" in intensity:
        low, high = intensity["window"]
    else:
        low, high = np.percentile(array, intensity["percentiles"])
    if high <= low:
        return np.zeros(array.shape, np.float32)
    return ((np.clip(array, low, high) - low) / (high - low)).astype(np.float32)
