"""A box filled with the organ's label."""

import numpy as np

from weakseg3d.annotations.world import to_voxels, voxel_axes


def box_label(boxes, image):
    """Return a mask (z, y, x), uint8: 1 at voxels whose centre lies in one of ``boxes``, 0 elsewhere.

    The boxes may be turned against the grid of ``image``.
    """
    shape = image.GetSize()[::-1]
    label = np.zeros(shape, bool)
    for box in boxes:
        center = to_voxels(box.center, image)[0]
        # One voxel step along z, y, x in the box's own coordinates.
        steps = box.axes.T @ voxel_axes(image)
        offsets = [np.arange(n) - c for n, c in zip(shape, center, strict=True)]
        inside = np.ones(shape, bool)
        for step, size in zip(steps, box.size, strict=True):
            along = step[0] * offsets[0][:, None, None] + step[1] * offsets[1][:, None] + step[2] * offsets[2]
            inside &= np.abs(along) <= size / 2
        label |= inside
    return label.astype(np.uint8)
