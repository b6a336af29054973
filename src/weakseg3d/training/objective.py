"""What a training minimises: the recipe's loss on the labels, and what it asks of every voxel beside it."""

import math

from weakseg3d.losses import build_loss
from weakseg3d.losses.gated_crf import halved_in_plane, multi_view_gated_crf
from weakseg3d.losses.variance import variance_minimization
from weakseg3d.networks.deep_supervision import deep_supervision_loss, full_resolution


class Objective:
    """The loss of a recipe as a function of a network's outputs, the image, the target and the time.

    PA-Seg's regularisers, the multi-view gated CRF at half resolution in the slice and the minimised variance of
    intensity, need no label; their weights grow over the first steps (arXiv 2208.05669, section on contextual
    regularisation).
    """

    def __init__(self, recipe):
        self.settings = recipe["loss"]
        self.loss = build_loss(self.settings["name"], recipe["target"]["threshold"])

    def __call__(self, outputs, image, target, share=1.0):
        """Return the loss after a ``share`` of the steps.

        ``outputs`` is what a network returned: logits (B, 1, z, y, x), or (B, outputs, 1, z, y, x) under deep
        supervision. ``image`` and ``target`` are (B, 1, z, y, x).
        """
        loss = deep_supervision_loss(self.loss, outputs, target)
        weight = ramp(share, self.settings["ramp_up"])
        logits = full_resolution(outputs)
        if self.settings["crf_weight"]:
            crf = multi_view_gated_crf(
                halved_in_plane(logits), halved_in_plane(image), radius=self.settings["crf_radius"]
            )
            loss = loss + weight * self.settings["crf_weight"] * crf
        if self.settings["variance_weight"]:
            loss = loss + weight * self.settings["variance_weight"] * variance_minimization(logits, image)
        return loss


def ramp(share, length):
    """Return exp(-5 (1 - min(t, T) / T)^2), 1 from T on, for the ``share`` t of all steps and the ``length`` T.

    The published code counts epochs, here the weight grows with every step.
    """
    if share >= length:
        return 1.0
    return math.exp(-5 * (1 - share / length) ** 2)
