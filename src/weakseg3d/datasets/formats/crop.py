"""A window of fixed size around the target, as PA-Seg crops its vestibular schwannoma scans."""

from collections.abc import Sequence

import numpy as np
import SimpleITK as sitk


def crop_around(image: sitk.Image, label: sitk.Image, size: Sequence[int]) -> tuple[sitk.Image, sitk.Image]:
    """Return ``image`` and ``label`` cropped to ``size`` (x, y, z) voxels around the label's bounding box.

    The window is centred on the middle of the box (rounded down) and moved back inside the scan if it extends
    beyond it (https://doi.org/10.1109/TMI.2023.3245068). A scan smaller than the window is first padded with 0,
    half of the padding on either side. Every voxel keeps its world coordinates. ``label`` must not be empty.
    """
    padding = [max(0, target - current) for target, current in zip(size, label.GetSize(), strict=True)]
    before = [number // 2 for number in padding]
    after = [number - first for number, first in zip(padding, before, strict=True)]
    image, label = (sitk.ConstantPad(volume, before, after, 0) for volume in (image, label))
    inside = np.argwhere(sitk.GetArrayViewFromImage(label))[:, ::-1]
    middle = (inside.min(axis=0) + inside.max(axis=0)) // 2
    start = np.clip(middle - np.array(size) // 2, 0, np.array(label.GetSize()) - size)
    cropped_image, cropped_label = (sitk.RegionOfInterest(v, list(size), start.tolist()) for v in (image, label))
    return cropped_image, cropped_label
