"""Prediction: a sliding window over the image, the logits of several stochastic passes averaged."""

import pickle

import numpy as np
import SimpleITK as sitk
import torch
from monai.inferers.utils import sliding_window_inference

from weakseg3d.errors import UserError
from weakseg3d.files import existing_file
from weakseg3d.networks import build_network
from weakseg3d.preprocessing import oriented, oriented_like, scaled_intensity
from weakseg3d.volumes import like

WINDOWS_AT_ONCE = 4


def load_model(path):
    """Return the network in ``model.pt``, ready to predict, and its recipe.

    Raises UserError when the file is not a model that ``train`` wrote.
    """
    path = existing_file(path)
    try:
        model = torch.load(path, map_location="cpu", weights_only=True)
        recipe = model["recipe"]
        network = build_network(recipe["network"], recipe["training"]["patch_size"])
        network.load_state_dict(model["weights"])
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, TypeError, ValueError, AttributeError):
        raise UserError(f"{path}: not a model written by 'train', or a damaged one; train it again") from None
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return network.eval().to(device, memory_format=torch.channels_last_3d), recipe


@torch.inference_mode()
def predict_probability(network, recipe, image):
    """Return the foreground probability as a float32 image on the grid of ``image``.

    Windows have the training patch's size; the logits of the recipe's passes are averaged. The noise of
    stochastic attention is drawn from the recipe's seed, the same for every image.
    """
    torch.set_num_threads(recipe["threads"])
    torch.manual_seed(recipe["seed"])
    prediction, patch_size = recipe["prediction"], recipe["training"]["patch_size"]
    turned = oriented(image)
    array = scaled_intensity(sitk.GetArrayFromImage(turned), recipe["intensity"])
    device = next(network.parameters()).device

    def averaged(windows):
        windows = windows.contiguous(memory_format=torch.channels_last_3d)
        return sum(network(windows) for _ in range(prediction["passes"])) / prediction["passes"]

    logits = sliding_window_inference(
        torch.from_numpy(array[None, None]).to(device),
        patch_size,
        WINDOWS_AT_ONCE,
        averaged,
        overlap=prediction["overlap"],
        mode="gaussian",
    )
    probability = logits[0, 0].float().sigmoid().cpu().numpy()
    return oriented_like(like(probability, turned), image)


def entropy(probability):
    """Return the binary entropy in bits, (z, y, x) float32, of a foreground probability image."""
    p = sitk.GetArrayFromImage(probability).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        bits = -(p * np.log2(p) + (1 - p) * np.log2(1 - p))
    return like(np.nan_to_num(bits).astype(np.float32), probability)
