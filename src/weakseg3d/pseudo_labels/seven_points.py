"""Checks of seven points: one inside the target and six on the background, one beyond each face of the target."""

from collections.abc import Sequence

import numpy as np
import SimpleITK as sitk

from weakseg3d.errors import UserError
from weakseg3d.pseudo_labels.targets import ROUNDING, Target, nearest_voxels

DIRECTIONS = {"L": "left", "R": "right", "A": "anterior", "P": "posterior", "S": "superior", "I": "inferior"}
OPPOSITE = dict(zip("LRAPSI", "RLPAIS", strict=True))

ON_A_FACE = 0.5
"""Distance in voxels by which a background point may lie inside the face it belongs to.

If there are exactly six, a point may lie inside by up to half the distance from its face to the clicks on the organ:
an unsteady hand can place another point further out.
"""


def check_seven_points(targets: Sequence[Target], image: sitk.Image) -> None:
    """Raise a UserError unless the background points of each target form a box around its clicks on the organ.

    ``targets`` lie on the grid of ``image``; those without background points are not checked. Each face of the box
    needs its own background point, beyond the clicks on the organ or, at the image's edge, next to them.
    """
    for number, target in enumerate(targets, start=1):
        try:
            if len(target.background):
                _check(target, image)
        except UserError as error:
            raise UserError(f"target {number}: {error}" if len(targets) > 1 else str(error)) from None


def _check(target: Target, image: sitk.Image) -> None:
    organ, background = target.organ, target.background
    if not len(organ):
        raise UserError("background points but no organ point; click once inside the organ")
    shape = image.GetSize()[::-1]
    top = np.array(shape) - 1
    clicked_voxels = np.column_stack(nearest_voxels(organ, shape))
    background_voxels = np.column_stack(nearest_voxels(background, shape))
    at_edge = ((background_voxels == 0) | (background_voxels == top)).any(axis=1)
    on_click = (background_voxels[:, None] == clicked_voxels).all(axis=2).any(axis=1) & ~at_edge
    if on_click.any():
        number = on_click.argmax() + 1
        raise UserError(f"background point {number} lies on a click inside the organ; move it beyond the organ's face")

    low, high = background.min(axis=0), background.max(axis=0)
    below, above = low < organ.min(axis=0) - ROUNDING, high > organ.max(axis=0) + ROUNDING
    missing = [(axis, 0) for axis in range(3) if not below[axis] and background_voxels[:, axis].min() > 0]
    missing += [(axis, 1) for axis in range(3) if not above[axis] and background_voxels[:, axis].max() < top[axis]]
    faces = " and ".join(_direction(axis, side, image) for axis, side in missing)
    every_face_has_a_point = len({*background.argmin(axis=0), *background.argmax(axis=0)}) == 6
    if missing and every_face_has_a_point:
        raise UserError(
            f"an organ point lies on or beyond the {faces} face of the box of the background points; click inside the"
            " box"
        )
    if missing:
        raise UserError(f"no background point on the {faces} face; click one just beyond each face of the organ")
    if len(background) < 6:
        raise UserError(f"only {len(background)} background points; click six, one just beyond each face of the organ")
    half_way = 0.5 if len(background) == 6 else 0.0
    inside = (background > low + np.maximum(ON_A_FACE, half_way * (organ.min(axis=0) - low))).all(axis=1)
    inside &= (background < high - np.maximum(ON_A_FACE, half_way * (high - organ.max(axis=0)))).all(axis=1)
    if inside.any():
        raise UserError(
            f"background point {inside.argmax() + 1} lies inside the box of the others, not on one of its faces;"
            " move it to a face or remove it"
        )


def _direction(axis: int, side: int, image: sitk.Image) -> str:
    """Return the direction in the patient, such as "left", of the start (``side`` 0) or end (1) of an array axis."""
    ends = sitk.DICOMOrientImageFilter.GetOrientationFromDirectionCosines(image.GetDirection())
    letter = ends[2 - axis]
    return DIRECTIONS[letter if side else OPPOSITE[letter]]
