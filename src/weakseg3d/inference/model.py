"""``model.pt``: the weights of a network and the recipe that made them."""

import pickle

import torch

from weakseg3d.errors import UserError
from weakseg3d.files import existing_file, whole_file
from weakseg3d.networks import build_network


def write_model(weights, recipe, path):
    """Write the ``weights`` (a state dict) of the network of ``recipe``, visible only when whole."""
    with whole_file(path) as partial:
        torch.save({"recipe": recipe, "weights": weights}, partial)


def load_model(path):
    """Return the network in ``model.pt``, ready to predict, and its recipe.

    Raises UserError when the file is not a model that ``train`` or ``distill`` wrote.
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
