"""What a pseudo label in a file of the user's must return, checked before it is written."""

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from weakseg3d.errors import UserError
from weakseg3d.images.labels import IGNORE
from weakseg3d.pseudo_labels import is_soft, is_sparse
from weakseg3d.registry.registry import Entry


def checked_label(array: object, label: Entry, grid: sitk.Image) -> NDArray[np.float32] | NDArray[np.uint8]:
    """Return the ``array`` that a pseudo label made on ``grid``, as the type in which it is written.

    Raises UserError, which names the user's file, unless it is an array (z, y, x) of the grid with the values that the
    label says it has.
    """
    size = grid.GetSize()[::-1]
    if not isinstance(array, np.ndarray) or array.shape != size:
        found = f"an array {array.shape}" if isinstance(array, np.ndarray) else f"a {type(array).__name__}"
        raise UserError(f"{label.path}: '{label.function}' returned {found}; return an array {size} (z, y, x)")
    if is_soft(label):
        if array.dtype.kind not in "fiub" or not (array.min() >= 0 and array.max() <= 1):
            raise UserError(f"{label.path}: '{label.function}' returned values outside [0, 1]; scale them")
        return array.astype(np.float32, copy=False)
    allowed = [0, 1, IGNORE] if is_sparse(label) else [0, 1]
    if not np.isin(array, allowed).all():
        raise UserError(f"{label.path}: '{label.function}' returned values other than {allowed}; use those alone")
    return array.astype(np.uint8, copy=False)
