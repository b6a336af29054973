"""One binary mask per organ."""

import numpy as np
import SimpleITK as sitk

from weakseg3d.errors import UserError
from weakseg3d.images.volumes import like


def organ_mask(label, ids, label_name, allow_absent=False):
    """Return the uint8 mask (0 or 1) of the voxels whose label is one of ``ids``.

    ``label_name`` is the file named in the UserError raised when no voxel has such a label; with
    ``allow_absent`` the mask is then all zero.
    """
    array = sitk.GetArrayViewFromImage(label)
    mask = np.isin(array, ids)
    if not mask.any() and not allow_absent:
        present = [int(i) for i in np.unique(array) if i > 0]
        wanted = ", ".join(str(i) for i in ids)
        raise UserError(
            f"{label_name}: no voxel has label {wanted}, present are {present or 'none'}; choose one of these"
        )
    return like(mask.astype(np.uint8), label)
