"""Prediction: a sliding window over the image, the logits of several stochastic passes averaged."""

import SimpleITK as sitk
import torch

from weakseg3d.accelerator import computing, make_deterministic, precision
from weakseg3d.images.normalisation import normalised
from weakseg3d.images.preprocessing import oriented, oriented_like, scaled_intensity
from weakseg3d.images.volumes import like
from weakseg3d.inference.sliding_window import blended
from weakseg3d.networks import passes


@torch.inference_mode()
def predict(network, recipe, image, with_variance=False):
    """Return the foreground probability as a float32 image on the grid of ``image``, and its variance or None.

    Windows have the training patch's size; the logits of the recipe's passes are averaged. The noise of
    stochastic attention is drawn from the recipe's seed, the same for every image. The variance is that of the
    probability over the passes (divided by their number), taken in every window and blended as the logits are. A GPU
    computes logits as precisely and as deterministically as in training.
    """
    torch.set_num_threads(recipe["threads"])
    torch.manual_seed(recipe["seed"])
    if recipe["training"].get("deterministic"):
        make_deterministic()
    prediction, patch_size = recipe["prediction"], recipe["training"]["patch_size"]
    turned = oriented(image)
    scaled = scaled_intensity(sitk.GetArrayFromImage(turned), recipe["intensity"])
    array = torch.from_numpy(normalised(scaled, recipe["normalisation"]))
    summary = mean_and_variance if with_variance else mean_logit

    halves = computing(precision(recipe["training"]["mixed_precision"]))

    def predictor(windows):
        with halves:
            logits = passes(network, windows, prediction["passes"])
            return summary((logit.float() for logit in logits), prediction["passes"])

    device = next(network.parameters()).device
    summaries = blended(predictor, array.to(device), patch_size, prediction["overlap"])
    probability = _on_grid(summaries[0, 0].float().sigmoid(), turned, image)
    return probability, _on_grid(summaries[0, 1].float(), turned, image) if with_variance else None


def mean_logit(logits, number):
    """Return the mean (B, 1, *spatial) of an iterable of ``number`` logits of that shape."""
    return sum(logits) / number


def mean_and_variance(logits, number):
    """Return the mean of ``number`` logits (B, 1, *spatial) and, as second channel, the variance of their sigmoids.

    Only running sums are held. The variance is updated as Welford did (doi:10.1080/00401706.1962.10490022), which
    keeps it at 0 exactly where the passes agree.
    """
    total, mean, squares = 0, 0.0, 0.0
    for count, logit in enumerate(logits, start=1):
        total = total + logit
        probability = logit.float().sigmoid()
        deviation = probability - mean
        mean = mean + deviation / count
        squares = squares + deviation * (probability - mean)
    return torch.cat([total / number, squares / number], dim=1)


def _on_grid(values, turned, image):
    """Return a tensor (z, y, x) on the grid of ``turned`` as an image on that of ``image``."""
    return oriented_like(like(values.cpu().numpy(), turned), image)
