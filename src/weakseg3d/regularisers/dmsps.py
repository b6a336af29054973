"""DMSPS: two decoders learn from the soft mixture of their own predictions."""

from typing import Annotated, Literal

import torch

from weakseg3d.losses.two_class import class_probabilities, log_probabilities, mixture
from weakseg3d.registry.parameters import Parameter


def dmsps(
    outputs: torch.Tensor,
    softmax: Annotated[
        Literal["twice", "once"],
        Parameter("Twice as in PyMIC, whose cross-entropy takes the probabilities for logits; once as in the paper."),
    ] = "twice",
) -> torch.Tensor:
    """Return the cross-entropy of two decoders against a random mixture of their probabilities.

    ``outputs`` (B, 2, 1, *spatial) are the logits of a network with two decoders; the result is a scalar, averaged over
    both. Han et al. 2024, Dynamically Mixed Soft Pseudo-label Supervision, doi:10.1016/j.media.2024.103274.
    """
    heads = outputs[:, 0], outputs[:, -1]
    probabilities = [class_probabilities(logits) for logits in heads]
    label = mixture(*probabilities, torch.rand((), device=outputs.device))
    if softmax == "twice":
        logarithms = [p.log_softmax(dim=1) for p in probabilities]
    else:
        logarithms = [log_probabilities(logits) for logits in heads]
    return -torch.stack([(label * each).sum(dim=1).mean() for each in logarithms]).mean()
