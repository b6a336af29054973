"""The folder of a prediction's uncertainty: maps of probability, entropy and variance on the image's grid."""

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from weakseg3d.errors import UserError
from weakseg3d.files import existing_folder
from weakseg3d.images.volumes import check_same_grid, like, read_image, write_volume

LARGEST = {"probability": 1.0, "entropy": 1.0, "variance": 0.25}
"""The maps and their largest possible values; entropy is in bits, the others have no unit, and none is below 0.
The file of a map is ``{map}.nii.gz``."""

ROUNDING = 1e-5
"""How far a stored value may lie outside its range: voxels have single precision."""


def entropy(probability):
    """Return the binary entropy in bits, (z, y, x) float32, of a foreground probability image."""
    p = sitk.GetArrayFromImage(probability).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        bits = -(p * np.log2(p) + (1 - p) * np.log2(1 - p))
    return like(np.nan_to_num(bits).astype(np.float32), probability)


def write_uncertainty(probability, variance, folder):
    """Write the maps of one prediction, its `entropy` with them, into ``folder``, which is made where it lacks."""
    for name, image in (("probability", probability), ("entropy", entropy(probability)), ("variance", variance)):
        write_volume(image, Path(folder) / f"{name}.nii.gz")


def read_uncertainty(folder, grid, grid_name):
    """Return ``{map: image}`` of the maps in ``folder``, which lie on the grid of the image ``grid``.

    Raises UserError for a missing folder or map, for one on another grid, where ``grid_name`` names the image,
    and for values outside the map's range.
    """
    maps = {}
    for name, largest in LARGEST.items():
        path = existing_folder(folder) / f"{name}.nii.gz"
        maps[name] = read_image(path)
        check_same_grid(maps[name], grid, path, grid_name)
        values = sitk.GetArrayViewFromImage(maps[name])
        if values.min() < -ROUNDING or values.max() > largest + ROUNDING:
            raise UserError(f"{path}: values outside [0, {largest:g}] are no {name}; run 'predict --uncertainty' again")
    return maps
