"""The same offset for every voxel."""

from collections.abc import Callable
from typing import Annotated

import numpy as np
import SimpleITK as sitk

from weakseg3d.annotations.notes import silent
from weakseg3d.perturbations.intensities import plus_share
from weakseg3d.registry.parameters import Parameter, Perturbed


def shift(
    image: sitk.Image,
    offset: Annotated[float, Parameter("Amount as a share of the image's 1st to 99th percentile range.")],
    note: Callable[[str], None] = silent,
) -> Annotated[sitk.Image, Perturbed()]:
    """Return the image with the same amount added to every intensity.

    ``note`` is told if the range is zero, so that nothing changes.
    """
    return plus_share(image, np.float32(1), offset, "offset", note)
