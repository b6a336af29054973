"""The binary mask of an organ."""

import os
from collections.abc import Sequence

import numpy as np
import SimpleITK as sitk

from weakseg3d.errors import UserError
from weakseg3d.images.volumes import like


def organ_mask(
    label: sitk.Image, ids: Sequence[int], label_path: str | os.PathLike[str], allow_absent: bool = False
) -> sitk.Image:
    """Return the uint8 mask (0 or 1) of the voxels whose label is one of ``ids``.

    If no voxel has such a label, the mask is zero everywhere with ``allow_absent``; otherwise a UserError is raised
    that names ``label_path``, the file of the label map.
    """
    array = sitk.GetArrayViewFromImage(label)
    mask = np.isin(array, ids)
    if not mask.any() and not allow_absent:
        present = [int(i) for i in np.unique(array) if i > 0]
        names = ", ".join(str(i) for i in ids)
        raise UserError(
            f"{label_path}: no voxel has label {names}, only {present or 'background'}; choose labels that are present"
        )
    return like(mask.astype(np.uint8), label)
