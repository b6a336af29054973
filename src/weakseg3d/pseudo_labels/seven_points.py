"""What can be wrong with seven points: one inside the target, six on the background, one beyond each face."""

import numpy as np
import SimpleITK as sitk

from weakseg3d.errors import UserError
from weakseg3d.pseudo_labels.targets import ROUNDING, nearest_voxels

DIRECTIONS = {"L": "left", "R": "right", "A": "anterior", "P": "posterior", "S": "superior", "I": "inferior"}
OPPOSITE = dict(zip("LRAPSI", "RLPAIS", strict=True))

ON_A_FACE = 0.5
"""Voxels by which a background point may lie inside the face it belongs to.

One of six may lie as far inside as half-way to the organ's clicks: an unsteady hand can put another one further out.
"""


def check_seven_points(targets, image):
    """Raise a UserError unless each of ``targets`` with background points has its organ clicks in a box of them.

    ``targets`` are `weakseg3d.pseudo_labels.targets.Target` s on the grid of ``image``. Each face of the box has a
    background point of its own, beyond the organ's clicks; at the image's edge, where there is no beyond, beside them.
    """
    for number, target in enumerate(targets, start=1):
        try:
            if len(target.background):
                _check(target, image)
        except UserError as error:
            raise UserError(f"target {number}: {error}" if len(targets) > 1 else str(error)) from None


def _check(target, image):
    organ, background = target.organ, target.background
    if not len(organ):
        raise UserError("background points but no organ point; click once inside the organ")
    shape = image.GetSize()[::-1]
    top = np.array(shape) - 1
    clicked, known = (np.column_stack(nearest_voxels(points, shape)) for points in (organ, background))
    at_edge = ((known == 0) | (known == top)).any(axis=1)
    in_a_click = (known[:, None] == clicked).all(axis=2).any(axis=1) & ~at_edge
    if in_a_click.any():
        number = in_a_click.argmax() + 1
        raise UserError(f"background point {number} lies on a click inside the organ; move it beyond the organ's face")

    low, high = background.min(axis=0), background.max(axis=0)
    below, above = low < organ.min(axis=0) - ROUNDING, high > organ.max(axis=0) + ROUNDING
    missing = [(axis, 0) for axis in range(3) if not below[axis] and known[:, axis].min() > 0]
    missing += [(axis, 1) for axis in range(3) if not above[axis] and known[:, axis].max() < top[axis]]
    faces = " and ".join(_direction(axis, side, image) for axis, side in missing)
    every_face_has_its_own = len({*background.argmin(axis=0), *background.argmax(axis=0)}) == 6
    if missing and every_face_has_its_own:
        raise UserError(
            f"an organ point lies outside the box of the background points, on or beyond its {faces} face; click inside"
        )
    if missing:
        raise UserError(f"no background point on the {faces} face; click one just beyond each face of the organ")
    if len(background) < 6:
        raise UserError(f"{len(background)} background points; click six, one just beyond each face of the organ")
    half_way = 0.5 if len(background) == 6 else 0.0
    inside = (background > low + np.maximum(ON_A_FACE, half_way * (organ.min(axis=0) - low))).all(axis=1)
    inside &= (background < high - np.maximum(ON_A_FACE, half_way * (high - organ.max(axis=0)))).all(axis=1)
    if inside.any():
        raise UserError(
            f"background point {inside.argmax() + 1} lies inside the box of the others, not on one of its faces;"
            " move it to one or remove it"
        )


def _direction(axis, side, image):
    """Return where in the patient an array's ``axis`` (z, y, x) begins (``side`` 0) or ends (1)."""
    ends = sitk.DICOMOrientImageFilter.GetOrientationFromDirectionCosines(image.GetDirection())
    letter = ends[2 - axis]
    return DIRECTIONS[letter if side else OPPOSITE[letter]]
