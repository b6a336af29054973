"""Total variation: outlines should be short."""

import torch
from torch.nn.functional import max_pool3d

from weakseg3d.losses.two_class import class_probabilities


def total_variation(logits: torch.Tensor) -> torch.Tensor:
    """Return the mean length of the outline, as the difference between an eroded probability and its dilation.

    ``logits`` are (B, 1 or 2, z, y, x); the result is a scalar, the mean over voxels and both classes of
    relu(max(m) - m) with m the minimum over 3^3 voxels, as in PyMIC.
    """
    p = class_probabilities(logits) * 0.999
    eroded = -max_pool3d(-p, kernel_size=3, stride=1, padding=1)
    dilated = max_pool3d(eroded, kernel_size=3, stride=1, padding=1)
    return torch.relu(dilated - eroded).mean()
