"""The objective of a training: the recipe's loss on the labels and the regularisers that apply to every voxel."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from weakseg3d.losses import build_loss
from weakseg3d.losses.gated_crf import halve_in_plane, multi_view_gated_crf
from weakseg3d.losses.variance import variance_minimization
from weakseg3d.networks.deep_supervision import deep_supervision_loss, full_resolution

if TYPE_CHECKING:
    import torch


class Objective:
    """The loss of a recipe as a function of a network's outputs, the image, the target and the progress of training.

    PA-Seg's regularisers need no labels: the multi-view gated CRF at half the in-plane resolution, and the variance of
    intensity, which is minimised. Their weights grow over the first steps (arXiv 2208.05669, section on contextual
    regularisation).
    """

    def __init__(self, recipe: Mapping[str, Any]) -> None:
        self.settings = recipe["loss"]
        self.loss = build_loss(self.settings["name"], recipe["target"]["threshold"])

    def __call__(
        self, outputs: torch.Tensor, image: torch.Tensor, target: torch.Tensor, share: float = 1.0
    ) -> torch.Tensor:
        """Return the loss after a ``share`` of all steps.

        ``outputs`` are those of a network: logits (B, 1, z, y, x), or (B, outputs, 1, z, y, x) with deep supervision.
        ``image`` and ``target`` are (B, 1, z, y, x).
        """
        loss = deep_supervision_loss(self.loss, outputs, target)
        weight = ramp(share, self.settings["ramp_up"])
        logits = full_resolution(outputs)
        if self.settings["crf_weight"]:
            crf = multi_view_gated_crf(
                halve_in_plane(logits), halve_in_plane(image), radius=self.settings["crf_radius"]
            )
            loss = loss + weight * self.settings["crf_weight"] * crf
        if self.settings["variance_weight"]:
            loss = loss + weight * self.settings["variance_weight"] * variance_minimization(logits, image)
        return loss


def ramp(share: float, length: float) -> float:
    """Return exp(-5 (1 - min(t, T) / T)^2), where t is the ``share`` of all steps and T the ``length`` of the ramp.

    The published code counts epochs, whereas here the weight grows with every step. It is 1 from T on.
    """
    if share >= length:
        return 1.0
    return math.exp(-5 * (1 - share / length) ** 2)
