"""Preparation of volumes for a network: a common orientation and intensities in [0, 1]."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from weakseg3d.images.volumes import voxel_of

ORIENTATION = "RAS"
"""Directions in the patient in which the voxel indices (x, y, z) of a network's input increase."""


def oriented(image: sitk.Image) -> sitk.Image:
    """Return ``image`` with its axes permuted and flipped to `ORIENTATION`, without any interpolation."""
    return sitk.DICOMOrient(image, ORIENTATION)


def oriented_axes(image: sitk.Image) -> list[int]:
    """Return the axes (0 for x) of ``image`` that become x, y and z when it is `oriented`."""
    return np.abs(_cosines(image)).argmax(axis=0).tolist()


def oriented_slices(image: sitk.Image, start: int, stop: int) -> sitk.Image:
    """Return the slices from ``start`` up to but without ``stop`` of the `oriented` ``image``; only they are copied."""
    cosines = _cosines(image)[:, 2]
    axis = int(np.abs(cosines).argmax())
    if cosines[axis] < 0:
        start, stop = image.GetSize()[axis] - stop, image.GetSize()[axis] - start
    part = [slice(None)] * 3
    part[axis] = slice(start, stop)
    return oriented(image[tuple(part)])


def oriented_like(image: sitk.Image, reference: sitk.Image) -> sitk.Image:
    """Return ``image``, whose grid was made from that of ``reference`` by `oriented`, on the grid of ``reference``."""
    original = sitk.DICOMOrientImageFilter.GetOrientationFromDirectionCosines(reference.GetDirection())
    restored = sitk.DICOMOrient(image, original)
    restored.CopyInformation(reference)
    return restored


def image_array(image: sitk.Image, intensity: Mapping[str, Sequence[float]]) -> NDArray[np.float32]:
    """Return ``image`` as input for a network (z, y, x): `oriented`, with its `scaled_intensity`."""
    return scaled_intensity(sitk.GetArrayFromImage(oriented(image)), intensity)


def target_array(target: sitk.Image) -> NDArray[Any]:
    """Return ``target`` as the training target of a network (z, y, x): `oriented`, values and their type unchanged."""
    return sitk.GetArrayFromImage(oriented(target))


def scaled_intensity(array: NDArray[Any], intensity: Mapping[str, Sequence[float]]) -> NDArray[np.float32]:
    """Return ``array`` clipped and scaled to [0, 1].

    ``intensity`` is the entry of a dataset: ``{window: [low, high]}`` in the image's unit, or ``{percentiles: [low,
    high]}`` of the whole volume. A constant volume becomes zero.
    """
    if "window" in intensity:
        low, high = intensity["window"]
    else:
        low, high = np.percentile(array, intensity["percentiles"])
    if high <= low:
        return np.zeros(array.shape, np.float32)
    return ((np.clip(array, low, high) - low) / (high - low)).astype(np.float32)


def _cosines(image: sitk.Image) -> NDArray[np.float64]:
    """Return the cosines (3, 3) between the axes of ``image``, in rows, and those of the `oriented` image."""
    before, after = (np.reshape(each.GetDirection(), (3, 3)) for each in (image, oriented(voxel_of(image))))
    return before.T @ after
