"""``model.pt``: the weights of a network and the recipe with which it was trained."""

import os
import pickle
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from weakseg3d.errors import UserError
from weakseg3d.files import existing_file, whole_file
from weakseg3d.networks import build_network


def write_model(weights: Mapping[str, torch.Tensor], recipe: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Write the ``weights`` (a state dict) of a network together with its ``recipe``.

    The file appears under its name only when it is complete.
    """
    with whole_file(path) as partial:
        torch.save({"recipe": recipe, "weights": weights}, partial)


def load_model(path: str | os.PathLike[str]) -> tuple[nn.Module, dict[str, Any]]:
    """Return the network in ``model.pt``, ready to predict, and its recipe.

    Raises UserError when the file is not a model written by ``train`` or ``distill``.
    """
    path = existing_file(path)
    try:
        model = torch.load(path, map_location="cpu", weights_only=True)
        recipe = model["recipe"]
        network = build_network(recipe["network"], recipe["training"]["patch_size"])
        network.load_state_dict(model["weights"])
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, TypeError, ValueError, AttributeError):
        raise UserError(f"{path}: not a model written by 'train', or a damaged one; train the model again") from None
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    # torch's types of Module.to lack memory_format.
    return network.eval().to(device, memory_format=torch.channels_last_3d), recipe  # type: ignore[call-overload]
