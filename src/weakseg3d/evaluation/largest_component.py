"""The usual clean-up of a prediction: only its largest connected component is kept."""

import SimpleITK as sitk


def keep_largest_component(mask: sitk.Image) -> sitk.Image:
    """Return the image ``mask`` (uint8, 0 or 1) reduced to its largest connected component.

    Voxels are connected through their faces. Of several equally large components, the one whose first voxel comes first
    in the array (z, y, x) is kept; an empty mask stays empty.
    """
    return sitk.RelabelComponent(sitk.ConnectedComponent(mask)) == 1
