"""The normalisation a method applies after the dataset's intensity scaling; this module needs only NumPy."""

import numpy as np
from numpy.typing import NDArray


def moments(image: NDArray[np.float32], normalisation: str) -> tuple[float, float]:
    """Return the number to subtract from ``image`` (z, y, x) and the number to divide it by.

    The ``normalisation`` "z_score" gives the mean and the standard deviation over the volume (1 for a constant
    volume), "none" gives 0 and 1. Sections are read one by one, so that a memory map is never copied as a whole.
    """
    if normalisation == "none":
        return 0.0, 1.0
    mean = sum(section.sum(dtype=np.float64) for section in image) / image.size
    variance = sum(((section - mean) ** 2).sum(dtype=np.float64) for section in image) / image.size
    return float(mean), float(np.sqrt(variance)) or 1.0


def normalised(image: NDArray[np.float32], normalisation: str) -> NDArray[np.float32]:
    """Return ``image`` (z, y, x) after the ``normalisation`` ("z_score" or "none")."""
    if normalisation == "none":
        return image
    mean, std = moments(image, normalisation)
    return ((image - mean) / std).astype(np.float32)
