"""The objective of a training: the recipe's loss on the labels, and its regularisers, which need none."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from weakseg3d.errors import UserError
from weakseg3d.losses import LOSSES
from weakseg3d.registry.registry import Choice
from weakseg3d.regularisers import COMMON, regulariser
from weakseg3d.training.deep_supervision import deep_supervision_loss, full_resolution, heads

if TYPE_CHECKING:
    import torch


class Objective:
    """The loss of a recipe as a function of a network's outputs, the image, the target and the progress of training.

    The weights of regularisers may grow over the first steps, as PA-Seg's do (arXiv 2208.05669, section on contextual
    regularisation). The terms are added in the order of their names, whatever their order in the recipe.
    """

    def __init__(self, recipe: Mapping[str, Any]) -> None:
        loss = LOSSES.choice(recipe["loss"])
        self.loss = functools.partial(loss.bound(), threshold=recipe["target"]["threshold"])
        self.takes_all_heads = loss.entry.takes("outputs")
        active = {name: settings for name, settings in sorted(recipe["regularisers"].items()) if settings["weight"]}
        self.terms = [
            Term(regulariser(name, settings), **{k: settings[k] for k in COMMON}) for name, settings in active.items()
        ]
        self.needs_divergence = any(term.takes_divergence for term in self.terms)

    def __call__(
        self,
        outputs: torch.Tensor,
        image: torch.Tensor,
        target: torch.Tensor,
        share: float = 1.0,
        divergence: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return the loss after a ``share`` of all steps.

        ``outputs`` are those of a network: logits (B, 1, z, y, x), or (B, heads, 1, z, y, x) if it has several.
        ``image`` and ``target`` are (B, 1, z, y, x). ``divergence`` (B,) is that of the network's noise from its
        prior; without it, the terms that need it are left out. Raises UserError if outputs and image do not match.
        """
        logits = full_resolution(outputs)
        if logits.shape != image.shape:
            raise UserError(
                f"the network gives logits of shape {tuple(logits.shape)} for images of shape {tuple(image.shape)};"
                " both must be (batch, 1, z, y, x)"
            )
        inputs = {"image": image, "outputs": heads(outputs)}
        if self.takes_all_heads:
            loss = self.loss(target=target, logits=logits, **inputs)
        else:
            loss = deep_supervision_loss(
                lambda logits, target: self.loss(logits=logits, target=target, **inputs), outputs, target
            )
        for term in self.terms:
            if divergence is not None or not term.takes_divergence:
                loss = loss + term(share, logits=logits, divergence=divergence, **inputs)
        return loss


class Term:
    """A regulariser with its ``weight``, which grows over the first ``ramp_up`` of the steps."""

    def __init__(self, choice: Choice, weight: float, ramp_up: float) -> None:
        self.function = choice.bound()
        self.takes_divergence = choice.entry.takes("divergence")
        self.weight = weight
        self.ramp_up = ramp_up

    def __call__(self, share: float, **inputs: torch.Tensor | None) -> torch.Tensor:
        """Return the weighted term after a ``share`` of all steps."""
        return ramp(share, self.ramp_up) * self.weight * self.function(**inputs)


def ramp(share: float, length: float) -> float:
    """Return exp(-5 (1 - min(t, T) / T)^2), where t is the ``share`` of all steps and T the ``length`` of the ramp.

    The published code counts epochs, whereas here the weight grows with every step. It is 1 from T on.
    """
    if share >= length:
        return 1.0
    return math.exp(-5 * (1 - share / length) ** 2)
