"""The probability of a model over a scan of any size, section by section."""

from collections.abc import Iterator, Mapping
from typing import Any

import SimpleITK as sitk
import torch
from torch import nn

from weakseg3d.errors import UserError
from weakseg3d.images.isotropic_slices import IsotropicSlices, ScaledSlices
from weakseg3d.images.normalisation import moments
from weakseg3d.inference.prediction import mean_logit, set_up, windows_predictor
from weakseg3d.inference.sections import predicted_sections


@torch.inference_mode()
def probability_sections(network: nn.Module, recipe: Mapping[str, Any], scan: sitk.Image) -> Iterator[sitk.Image]:
    """Yield the foreground probability (float32) of a ``scan`` at the recipe's spacing, some slices at a time.

    The sections follow one another from the first slice of the `oriented` scan on, each in its place in the patient;
    together they are the probability that `predict` returns of the resampled scan, to rounding. Raises UserError if
    it is not a number.
    """
    set_up(recipe)
    device = next(network.parameters()).device
    isotropic = IsotropicSlices(scan, recipe["spacing"])
    scaled = ScaledSlices(isotropic, recipe["intensity"])
    mean, std = moments(scaled, recipe["normalisation"])

    def network_input(start: int, stop: int) -> torch.Tensor:
        return torch.from_numpy((scaled.between(start, stop) - mean) / std).float().to(device)

    predictor = windows_predictor(network, recipe, mean_logit)
    prediction, patch_size = recipe["prediction"], recipe["training"]["patch_size"]
    windows = patch_size, prediction["overlap"], prediction["blending"]
    start = 0
    for section in predicted_sections(predictor, network_input, scaled.shape, *windows):
        probability = section[0].float().sigmoid()
        if not torch.isfinite(probability).all():
            raise UserError("its probabilities are not numbers, as its weights are too large")
        yield isotropic.placed(probability.cpu().numpy(), start)
        start += len(probability)
