"""The probability of a model over a scan of any size, section by section."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import SimpleITK as sitk
import torch
from numpy.typing import NDArray
from torch import nn

from weakseg3d.errors import UserError
from weakseg3d.inference.network_input import NetworkInput
from weakseg3d.inference.passes import mean_and_variance, mean_logit, set_up, windows_predictor
from weakseg3d.inference.sliding_window import Skipped, predicted_sections
from weakseg3d.networks import is_stochastic

CERTAIN_BACKGROUND = (-math.inf, 0.0)
"""The logit of the probability 0, and its variance."""


@torch.inference_mode()
def sections_of_maps(
    network: nn.Module, recipe: Mapping[str, Any], seen: NetworkInput, with_variance: bool = False
) -> Iterator[NDArray[np.float32]]:
    """Yield the foreground probability of a scan, and its variance if asked for, in sections (maps, slices, y, x).

    The network sees the scan as ``seen``; the sections follow one another from its first slice on. Windows have the
    size of the training patches, and the logits of the recipe's passes are averaged. Windows of air have the same
    output unless the network draws noise, and are predicted once, or not at all where the recipe skips air. Noise is
    drawn with the recipe's seed and is the same for every image. The variance is the variance of the probability over
    the passes (divided by their number), computed in every window and blended like the logits. On a GPU, the precision
    is single unless the recipe says otherwise, and determinism is the same as in training. Raises UserError if a
    probability is not a number.
    """
    set_up(recipe)
    device = next(network.parameters()).device
    predictor = windows_predictor(network, recipe, mean_and_variance if with_variance else mean_logit)
    prediction = recipe["prediction"]
    for section in predicted_sections(
        predictor,
        lambda *part: seen.between(*part).to(device),
        seen.shape,
        recipe["training"]["patch_size"],
        prediction["overlap"],
        prediction["blending"],
        repeats=not is_stochastic(recipe["network"]),
        skipped=Skipped(seen.air, CERTAIN_BACKGROUND[: 2 if with_variance else 1]) if prediction["skip_air"] else None,
    ):
        section[0].sigmoid_()
        if not torch.isfinite(section[0]).all():
            raise UserError(
                "its probabilities are not numbers, as its weights are too large; train it again with a lower learning"
                " rate"
            )
        yield section.cpu().numpy()


def probability_sections(network: nn.Module, recipe: Mapping[str, Any], seen: NetworkInput) -> Iterator[sitk.Image]:
    """Yield the foreground probability (float32) of a scan, some slices at a time, each in its place in the patient.

    Together they are the probability that `predict` returns of the resampled scan. Raises UserError as
    `sections_of_maps` does.
    """
    start = 0
    for (probability,) in sections_of_maps(network, recipe, seen):
        yield seen.slices.placed(probability, start)
        start += len(probability)
