"""A box as a mask, as a core with unknown surroundings, and as a Gaussian; it may be turned against the grid."""

import itertools

import numpy as np

from weakseg3d.annotations.markups import RAS_TO_LPS, Box
from weakseg3d.annotations.world import to_voxels, to_world, voxel_axes
from weakseg3d.errors import UserError
from weakseg3d.images.labels import IGNORE
from weakseg3d.pseudo_labels.merging import merged
from weakseg3d.pseudo_labels.targets import IN_RAS, spanned_voxels

TOLERANCE = 1e-5
"""A voxel centre on a face of a box lies inside; by so many half sizes of the box files round where the face is."""


def box_label(boxes, image):
    """Return a mask (z, y, x), uint8: 1 at voxels whose centre lies in one of ``boxes``, 0 elsewhere.

    Raises UserError for a box without size and for one that holds no voxel of ``image``; so do the other functions.
    """
    label = np.zeros(image.GetSize()[::-1], np.uint8)
    for region, inside, _ in _located(boxes, image):
        label[region] |= inside
    return label


def box_core_label(boxes, image, core=0.5):
    """Return a label map (z, y, x), uint8: 0 outside all ``boxes``, 1 in their cores, 2 in the rest of them.

    A core is the ellipsoid that the box just holds, shrunk to the share ``core`` of its size.
    """
    shape = image.GetSize()[::-1]
    labels = []
    for region, inside, squared in _located(boxes, image):
        label = np.zeros(shape, np.uint8)
        label[region] = np.where(inside, np.where(squared <= (core * (1 + TOLERANCE)) ** 2, 1, IGNORE), 0)
        labels.append(label)
    return merged(labels, shape)


def box_gaussian_label(boxes, image, width=1.0):
    """Return a soft label (z, y, x), float32 in [0, 1]: a Gaussian along each box's axes, zero outside the boxes.

    It is 1 at the centre of the box and 0.5 on the ellipsoid that the box just holds, scaled by ``width``: its
    standard deviations are the half sizes times ``width`` / sqrt(2 ln 2). Where boxes overlap the largest counts.
    """
    label = np.zeros(image.GetSize()[::-1], np.float32)
    for region, inside, squared in _located(boxes, image):
        gaussian = np.where(inside, 0.5 ** (squared / width**2), 0)
        label[region] = np.maximum(label[region], gaussian)
    return label


def box_of_points(target, image):
    """Return the `Box` of the voxels, along the grid of ``image``, that the points of a seven-points target span.

    Raises UserError for a target without background points.
    """
    if not len(target.background):
        raise UserError("no background points to span a box; click six, one just beyond each face, or draw a box")
    low, high = spanned_voxels(np.concatenate([target.organ, target.background]), image.GetSize()[::-1])
    size = (high - low + 1)[::-1] * np.array(image.GetSpacing())
    return Box(to_world((low + high) / 2, image)[0], size, np.array(image.GetDirection()).reshape(3, 3))


def _located(boxes, image):
    """Yield per box: its region of the grid, which voxels of it are inside, and squared radii, 1 on the ellipsoid."""
    for number, box in enumerate(boxes, start=1):
        name = f"box {number}" if len(boxes) > 1 else "the box"
        if not (np.isfinite(box.size).all() and (np.asarray(box.size) > 0).all()):
            size = " x ".join(f"{side:g}" for side in box.size)
            raise UserError(f"{name} is {size} mm large; give it a size above 0 along each of its axes")
        region, inside, squared = _locate(box, image)
        if not inside.any():
            turned = Box(box.center * RAS_TO_LPS, box.size, RAS_TO_LPS[:, None] * box.axes)
            if _locate(turned, image)[1].any():
                raise UserError(f"{name} lies outside the image, {IN_RAS}")
            raise UserError(f"{name} holds no voxel of the image; is it the image that was annotated?")
        yield region, inside, squared


def _locate(box, image):
    half = np.asarray(box.size) / 2
    center = to_voxels(box.center, image)[0]
    corners = to_voxels(box.center + np.array(list(itertools.product((-1, 1), repeat=3))) * half @ box.axes.T, image)
    low, high = spanned_voxels(corners, image.GetSize()[::-1])
    region = tuple(slice(first, last + 1) for first, last in zip(low, high, strict=True))
    # One voxel step along z, y, x in the box's own coordinates, in which its faces lie at -1 and 1.
    steps = box.axes.T @ voxel_axes(image) / half[:, None]
    z, y, x = (np.arange(first, last + 1) - c for first, last, c in zip(low, high, center, strict=True))
    inside, squared = True, 0.0
    for step in steps:
        along = step[0] * z[:, None, None] + step[1] * y[:, None] + step[2] * x
        inside = inside & (np.abs(along) <= 1 + TOLERANCE)
        squared = squared + along**2
    return region, inside, squared
