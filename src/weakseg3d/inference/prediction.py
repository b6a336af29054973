"""Prediction: a sliding window over the image, with the logits of several stochastic passes averaged."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import SimpleITK as sitk
import torch
from torch import nn

from weakseg3d.accelerator import autocast_context, make_deterministic, precision
from weakseg3d.images.normalisation import normalised
from weakseg3d.images.preprocessing import oriented, oriented_like, scaled_intensity
from weakseg3d.images.volumes import grid_of, like
from weakseg3d.inference.sliding_window import sliding_window_prediction
from weakseg3d.networks.noise import forward_passes


@torch.inference_mode()
def predict(
    network: nn.Module, recipe: Mapping[str, Any], image: sitk.Image, with_variance: bool = False
) -> tuple[sitk.Image, sitk.Image | None]:
    """Return the foreground probability as a float32 image on the grid of ``image``, and its variance or None.

    Windows have the size of the training patches, and the logits of the recipe's passes are averaged. The noise of
    stochastic attention is drawn with the recipe's seed and is the same for every image. The variance is the variance
    of the probability over the passes (divided by their number), computed in every window and blended like the logits.
    On a GPU, the precision is single unless the recipe says otherwise, and determinism is the same as in training.
    """
    set_up(recipe)
    prediction, patch_size = recipe["prediction"], recipe["training"]["patch_size"]
    reoriented = oriented(image)
    array, grid = network_input(reoriented, recipe), grid_of(reoriented)
    del reoriented
    predictor = windows_predictor(network, recipe, mean_and_variance if with_variance else mean_logit)
    device = next(network.parameters()).device
    windows = patch_size, prediction["overlap"], prediction["blending"]
    summaries = sliding_window_prediction(predictor, array.to(device), *windows)
    probability = _on_grid(summaries[0, 0].float().sigmoid(), grid, image)
    return probability, _on_grid(summaries[0, 1].float(), grid, image) if with_variance else None


def set_up(recipe: Mapping[str, Any]) -> None:
    """Set up torch for a prediction with the model of ``recipe``: threads, seed, determinism."""
    torch.set_num_threads(recipe["threads"])
    torch.manual_seed(recipe["seed"])
    if recipe["training"].get("deterministic"):
        make_deterministic()


def network_input(reoriented: sitk.Image, recipe: Mapping[str, Any]) -> torch.Tensor:
    """Return an image, already `oriented`, as the network of ``recipe`` sees it, (z, y, x)."""
    scaled = scaled_intensity(sitk.GetArrayViewFromImage(reoriented), recipe["intensity"])
    return torch.from_numpy(normalised(scaled, recipe["normalisation"]))


def windows_predictor(
    network: nn.Module, recipe: Mapping[str, Any], summary: Callable[[Iterable[torch.Tensor], int], torch.Tensor]
) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return a function from windows (B, 1, z, y, x) to the ``summary`` of the logits of the recipe's passes.

    On a GPU, its precision is half if the recipe's ``prediction.mixed_precision`` is set.
    """
    passes = recipe["prediction"]["passes"]
    autocast = autocast_context(precision(recipe["prediction"]["mixed_precision"]))

    def predictor(windows: torch.Tensor) -> torch.Tensor:
        with autocast:
            return summary((logit.float() for logit in forward_passes(network, windows, passes)), passes)

    return predictor


def mean_logit(logits: Iterable[torch.Tensor], number: int) -> torch.Tensor:
    """Return the mean of ``number`` logits (B, 1, *spatial)."""
    return sum(logits, start=torch.zeros(())) / number


def mean_and_variance(logits: Iterable[torch.Tensor], number: int) -> torch.Tensor:
    """Return the mean of ``number`` logits (B, 1, *spatial) and, as second channel, the variance of their sigmoids.

    Only running sums are kept in memory. The variance is updated as by Welford (doi:10.1080/00401706.1962.10490022),
    so that it is exactly 0 where the passes agree.
    """
    total = mean = squares = torch.zeros(())
    for count, logit in enumerate(logits, start=1):
        total = total + logit
        probability = logit.float().sigmoid()
        deviation = probability - mean
        mean = mean + deviation / count
        squares = squares + deviation * (probability - mean)
    return torch.cat([total / number, squares / number], dim=1)


def _on_grid(values: torch.Tensor, grid: sitk.Image, image: sitk.Image) -> sitk.Image:
    """Return ``values`` (z, y, x), which lie on the ``grid`` of the `oriented` image, as an image on its own grid."""
    return oriented_like(like(values.cpu().numpy(), grid), image)
