"""Distillation: the divergence of a student's output from the soft labels of a teacher."""

import torch
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from weakseg3d.losses.two_class import foreground_logit


def distillation_kl(student: torch.Tensor, teacher: torch.Tensor, temperature: float = 4.0) -> torch.Tensor:
    """Return T^2 KL(teacher || student) of the class probabilities at temperature T, averaged over all voxels.

    ``student`` and ``teacher`` are logits (B, 1 or 2, *spatial); the teacher receives no gradient. Hinton et al. 2015
    (arXiv 1503.02531) as PA-Seg's second stage uses it (arXiv 2208.05669).
    """
    student = foreground_logit(student) / temperature
    teacher = foreground_logit(teacher).detach() / temperature
    probability = torch.sigmoid(teacher)
    # The divergence is the cross-entropy minus the teacher's entropy. Neither term takes the log of a probability.
    return temperature**2 * (bce(student, probability) - bce(teacher, probability))
