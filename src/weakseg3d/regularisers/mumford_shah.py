"""The Mumford-Shah functional: classes of even intensity with short outlines."""

from typing import Annotated, Literal

import torch

from weakseg3d.losses.two_class import class_probabilities
from weakseg3d.registry.parameters import Parameter

IN_PLANE = (-2, -1)


def mumford_shah(
    logits: torch.Tensor,
    image: torch.Tensor,
    length_weight: Annotated[
        float, Parameter("Weight of the outlines' length against the variance.", at_least=0)
    ] = 1.0,
    penalty: Annotated[
        Literal["l1", "l2"], Parameter("Whether differences of probability count by their size or its square.")
    ] = "l1",
) -> torch.Tensor:
    """Return the Mumford-Shah functional on axial slices: variance of intensity per class, and length of the outline.

    ``logits`` are (B, 1 or 2, z, y, x), ``image`` is (B, 1, z, y, x); the result is a scalar, divided by the number of
    voxels and classes. Each class has a mean intensity of its own on each slice. Kim and Ye 2019,
    doi:10.1109/TIP.2019.2941265, with PyMIC's slices.
    """
    p = class_probabilities(logits)
    image = image.to(p.dtype)
    mass = p.sum(IN_PLANE, keepdim=True).clamp(min=torch.finfo(p.dtype).tiny)
    mean = (image * p).sum(IN_PLANE, keepdim=True) / mass
    variance = ((image - mean) ** 2 * p).sum()
    steps = [p.diff(dim=axis).abs() for axis in IN_PLANE]
    length = sum((step if penalty == "l1" else step**2).sum() for step in steps)
    return (variance + length_weight * length) / p.numel()
