"""What a function of the user's that makes an image must return, checked before it is written."""

import SimpleITK as sitk

from weakseg3d.errors import UserError
from weakseg3d.images.volumes import check_same_grid
from weakseg3d.registry.registry import Entry


def checked_image(made: object, entry: Entry, grid: sitk.Image) -> sitk.Image:
    """Return what the function of an ``entry`` made; raise UserError unless it is an image on ``grid``, its input's."""
    function = f"{entry.path}: '{entry.function}'"
    if not isinstance(made, sitk.Image):
        raise UserError(f"{function} returned a {type(made).__name__}; return an image, such as like(array, image)")
    check_same_grid(made, grid, f"{function}: its result", "its input")
    return made
