"""A window of fixed size round the target, as PA-Seg cuts its vestibular schwannoma scans."""

import numpy as np
import SimpleITK as sitk


def crop_around(image, label, size):
    """Return ``image`` and ``label`` cut to ``size`` (x, y, z) voxels round the label's bounding box.

    The window is centred on the middle of the box (rounded down) and pushed back inside the scan where it would
    stick out (https://doi.org/10.1109/TMI.2023.3245068). A scan smaller than the window is padded with 0 first,
    half on either side. Every voxel keeps its place in the world. ``label`` must not be empty.
    """
    missing = [max(0, wanted - has) for wanted, has in zip(size, label.GetSize(), strict=True)]
    before = [part // 2 for part in missing]
    after = [part - first for part, first in zip(missing, before, strict=True)]
    image, label = (sitk.ConstantPad(volume, before, after, 0) for volume in (image, label))
    inside = np.argwhere(sitk.GetArrayViewFromImage(label))[:, ::-1]
    middle = (inside.min(axis=0) + inside.max(axis=0)) // 2
    start = np.clip(middle - np.array(size) // 2, 0, np.array(label.GetSize()) - size)
    return tuple(sitk.RegionOfInterest(volume, list(size), start.tolist()) for volume in (image, label))
