"""The probability of a model over a whole image, computed section by section."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import SimpleITK as sitk
import torch
from torch import nn

from weakseg3d.errors import UserError
from weakseg3d.images.preprocessing import oriented, oriented_like
from weakseg3d.images.volumes import like
from weakseg3d.inference.prediction import mean_logit, network_input, set_up, windows_predictor
from weakseg3d.inference.sections import predicted_sections


@torch.inference_mode()
def probability_map(
    network: nn.Module, recipe: Mapping[str, Any], image: sitk.Image
) -> tuple[sitk.Image, tuple[float, float]]:
    """Return the foreground probability as a float32 image on the grid of ``image``, which has the recipe's spacing.

    Also returned are its mean entropy in bits over the voxels above the recipe's threshold, NaN if there are none, and
    its largest value. Raises UserError if they are not numbers.
    """
    set_up(recipe)
    reoriented = oriented(image)
    array = network_input(reoriented, recipe).to(next(network.parameters()).device)
    prediction, patch_size = recipe["prediction"], recipe["training"]["patch_size"]
    values = np.empty(array.shape, np.float32)
    start, bits, voxels, largest = 0, 0.0, 0, 0.0
    predictor = windows_predictor(network, recipe, mean_logit)
    windows = patch_size, prediction["overlap"], prediction["blending"]
    for section in predicted_sections(predictor, array, *windows):
        probability = section[0].float().sigmoid()
        if not torch.isfinite(probability).all():
            raise UserError("its probabilities are not numbers, as its weights are too large")
        values[start : start + len(probability)] = probability.cpu().numpy()
        start += len(probability)
        inside = probability[probability > prediction["threshold"]].double()
        bits += float(torch.distributions.Bernoulli(probs=inside).entropy().sum()) / math.log(2)
        voxels += inside.numel()
        largest = max(largest, float(probability.max()))
    on_grid = oriented_like(like(values, reoriented), image)
    return on_grid, (bits / voxels if voxels else math.nan, largest)
