"""White noise."""

from collections.abc import Callable
from typing import Annotated

import numpy as np
import SimpleITK as sitk

from weakseg3d.annotations.notes import silent
from weakseg3d.perturbations.intensities import plus_share
from weakseg3d.registry.parameters import Parameter, Perturbed


def noise(
    image: sitk.Image,
    std: Annotated[
        float, Parameter("Standard deviation, as a share of the image's 1st to 99th percentile range.", at_least=0)
    ],
    seed: int = 0,
    note: Callable[[str], None] = silent,
) -> Annotated[sitk.Image, Perturbed()]:
    """Return the image with white Gaussian noise.

    ``note`` is told if the range is zero, so that nothing changes.
    """
    pattern = np.random.default_rng(seed).standard_normal(image.GetSize()[::-1], dtype=np.float32)
    return plus_share(image, pattern, std, "std", note)
