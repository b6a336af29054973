"""What follows a dataset's intensity scaling, as a method asks for it; needs nothing but NumPy."""

import numpy as np


def moments(image, normalisation):
    """Return what to subtract from ``image`` (z, y, x) and what to divide it by, for a ``normalisation``.

    ``z_score`` gives the mean and the standard deviation over the volume (1 for a constant one), ``none`` 0 and 1.
    Sections are read one by one, so that no memory map is copied as a whole.
    """
    if normalisation == "none":
        return 0.0, 1.0
    mean = sum(section.sum(dtype=np.float64) for section in image) / image.size
    variance = sum(((section - mean) ** 2).sum(dtype=np.float64) for section in image) / image.size
    return float(mean), float(np.sqrt(variance)) or 1.0


def normalised(image, normalisation):
    """Return ``image`` (z, y, x) normalised, float32."""
    if normalisation == "none":
        return image
    mean, std = moments(image, normalisation)
    return ((image - mean) / std).astype(np.float32)
