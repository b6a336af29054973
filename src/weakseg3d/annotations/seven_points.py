"""PA-Seg's seven points: one inside the target, six on the background, one beyond each of its faces."""

import numpy as np
import SimpleITK as sitk
from scipy.ndimage import distance_transform_edt

from weakseg3d.annotations.markups import Annotation
from weakseg3d.annotations.world import to_world


def annotate_seven_points(mask, margin=3.0):
    """Return the deepest voxel of ``mask`` and, per axis, its two extreme voxels moved out by ``margin`` mm.

    Depth is the distance to the boundary in mm. Of several extreme voxels the one nearest to their middle is
    taken, and points stay inside the image. An empty mask gives no points. PA-Seg, arXiv 2208.05669.
    """
    array = np.pad(sitk.GetArrayViewFromImage(mask) > 0, 1)
    if not array.any():
        return Annotation()
    spacing = np.array(mask.GetSpacing())[::-1]
    depth = distance_transform_edt(array, sampling=spacing)[1:-1, 1:-1, 1:-1]
    deepest = np.unravel_index(depth.argmax(), depth.shape)
    voxels = np.argwhere(depth > 0)
    outside = []
    for axis in range(3):
        for step, extreme in ((-1, voxels[:, axis].min()), (1, voxels[:, axis].max())):
            face = voxels[voxels[:, axis] == extreme]
            point = face[((face - face.mean(axis=0)) ** 2).sum(axis=1).argmin()].astype(float)
            point[axis] = np.clip(extreme + step * margin / spacing[axis], 0, depth.shape[axis] - 1)
            outside.append(point)
    return Annotation({"organ": to_world(deepest, mask), "background": to_world(outside, mask)})
