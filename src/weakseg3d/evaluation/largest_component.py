"""The usual clean-up of a prediction: the largest of its parts."""

import SimpleITK as sitk


def keep_largest_component(mask):
    """Return the image ``mask`` (uint8, 0 or 1) reduced to its largest connected component.

    Voxels are connected through their faces. Of several equally large components the one with the first voxel in
    the order of the array (z, y, x) stays; an empty mask stays empty.
    """
    return sitk.RelabelComponent(sitk.ConnectedComponent(mask)) == 1
