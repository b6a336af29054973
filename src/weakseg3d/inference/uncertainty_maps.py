"""The folder of a prediction's uncertainty: maps of probability, entropy and variance on the image's grid."""

import os
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from weakseg3d.errors import UserError
from weakseg3d.files import existing_folder
from weakseg3d.images.volumes import check_same_grid, like, read_image, write_volume
from weakseg3d.ownership import claim

LARGEST = {"probability": 1.0, "entropy": 1.0, "variance": 0.25}
"""The maps and their largest possible values; entropy is in bits, the others have no unit, and no value is negative.
A map's file is called ``{map}.nii.gz``."""

ROUNDING = 1e-5
"""How far a stored value may lie outside its range, since voxels have single precision."""


def entropy(probability: sitk.Image) -> sitk.Image:
    """Return the binary entropy in bits, a float32 image, of a foreground probability image."""
    values = sitk.GetArrayViewFromImage(probability)
    bits = np.empty(values.shape, np.float32)
    # In double precision, slice by slice, so that not all of it is held.
    for before, after in zip(values, bits, strict=True):
        after[:] = entropy_bits(before)
    return like(bits, probability)


def entropy_bits(probability: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the binary entropy in bits of every value of ``probability``."""
    p = probability.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(-(p * np.log2(p) + (1 - p) * np.log2(1 - p)))


def write_uncertainty(probability: sitk.Image, variance: sitk.Image, folder: str | os.PathLike[str]) -> None:
    """Write the maps of one prediction, including its `entropy`, into ``folder``, which is created if necessary.

    Raises UserError if ``folder`` has files of these names that are not ours.
    """
    claim(folder, [f"{name}.nii.gz" for name in LARGEST])
    for name, image in (("probability", probability), ("entropy", entropy(probability)), ("variance", variance)):
        write_volume(image, Path(folder) / f"{name}.nii.gz")


def read_uncertainty(
    folder: str | os.PathLike[str], grid: sitk.Image, grid_name: str | os.PathLike[str]
) -> dict[str, sitk.Image]:
    """Return the maps in ``folder`` as ``{map: image}``; they must lie on the grid of the image ``grid``.

    Raises UserError for a missing folder or map, for a map on another grid than ``grid``, which the message calls
    ``grid_name``, and for values outside a map's range.
    """
    maps = {}
    for name, largest in LARGEST.items():
        path = existing_folder(folder) / f"{name}.nii.gz"
        maps[name] = read_image(path)
        check_same_grid(maps[name], grid, path, grid_name)
        values = sitk.GetArrayViewFromImage(maps[name])
        if values.min() < -ROUNDING or values.max() > largest + ROUNDING:
            raise UserError(
                f"{path}: a map of {name} must have values within [0, {largest:g}]; run 'predict --uncertainty' again"
            )
    return maps
