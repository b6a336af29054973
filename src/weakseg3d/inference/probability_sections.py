"""The probability of a model over a scan of any size, section by section."""

from collections.abc import Iterator, Mapping
from typing import Any

import SimpleITK as sitk
import torch
from torch import nn

from weakseg3d.errors import UserError
from weakseg3d.inference.network_input import NetworkInput
from weakseg3d.inference.prediction import mean_logit, set_up, windows_predictor
from weakseg3d.inference.sections import predicted_sections


@torch.inference_mode()
def probability_sections(network: nn.Module, recipe: Mapping[str, Any], seen: NetworkInput) -> Iterator[sitk.Image]:
    """Yield the foreground probability (float32) of a scan at the recipe's spacing, some slices at a time.

    The network sees the scan as ``seen``. The sections follow one another from the first slice of the `oriented` scan
    on, each in its place in the patient; together they are the probability that `predict` returns of the resampled
    scan, to rounding. Raises UserError if it is not a number.
    """
    set_up(recipe)
    device = next(network.parameters()).device
    predictor = windows_predictor(network, recipe, mean_logit)
    prediction, patch_size = recipe["prediction"], recipe["training"]["patch_size"]
    windows = patch_size, prediction["overlap"], prediction["blending"]
    start = 0
    for section in predicted_sections(predictor, lambda *part: seen.between(*part).to(device), seen.shape, *windows):
        probability = section[0].float().sigmoid()
        if not torch.isfinite(probability).all():
            raise UserError("its probabilities are not numbers, as its weights are too large")
        yield seen.slices.placed(probability.cpu().numpy(), start)
        start += len(probability)
