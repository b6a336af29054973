"""What an annotation in a file of the user's must return, checked before it is written."""

import numpy as np
import SimpleITK as sitk

from weakseg3d.annotations import is_drawn
from weakseg3d.annotations.markups import Annotation
from weakseg3d.errors import UserError
from weakseg3d.images.labels import IGNORE
from weakseg3d.images.own_images import checked_image
from weakseg3d.registry.registry import Entry


def check_made(made: object, annotation: Entry, mask: sitk.Image) -> None:
    """Raise UserError, which names the user's file, unless an ``annotation`` of ``mask`` made what it says it makes.

    That is an `Annotation`, or an image of 0, 1 and `IGNORE` on the grid of the mask.
    """
    function = f"{annotation.path}: '{annotation.function}'"
    if not is_drawn(annotation):
        if not isinstance(made, Annotation):
            raise UserError(f"{function} returned a {type(made).__name__}; return an Annotation")
        return
    array = sitk.GetArrayViewFromImage(checked_image(made, annotation, mask))
    values = sorted({*np.unique(array).tolist()} - {0, 1, IGNORE})
    if values:
        raise UserError(f"{function} returned the value {values[0]}; use 0, 1 and {IGNORE} alone")
