"""The usual clean-up of a prediction: only its largest connected component is kept."""

import SimpleITK as sitk

from weakseg3d.evaluation.surfaces import bounding_box


def keep_largest_component(mask: sitk.Image) -> sitk.Image:
    """Return the image ``mask`` (uint8, 0 or 1) reduced to its largest connected component.

    Voxels are connected through their faces. Of several equally large components, the one whose first voxel comes first
    in the array (z, y, x) is kept; an empty mask stays empty.
    """
    array = sitk.GetArrayViewFromImage(mask)
    if not array.any():
        return mask
    # The numbers of the components take eight bytes per voxel, and outside their box there is none.
    box = bounding_box(array)[::-1]
    largest = sitk.RelabelComponent(sitk.ConnectedComponent(mask[box])) == 1
    return sitk.Paste(mask, largest, largest.GetSize(), destinationIndex=[axis.start for axis in box])
