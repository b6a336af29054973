"""``model.pt``: the weights of a network and the recipe with which it was trained."""

import os
import pickle
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from weakseg3d.errors import UserError
from weakseg3d.experiment.recipes import checked_model_recipe
from weakseg3d.files import existing_file, whole_file
from weakseg3d.networks import build_network

STEPS_OF_A_DRAW = (torch.Tensor.normal_, torch.Tensor.erfinv_, torch.Tensor.clamp_)
"""Of values from a normal distribution, which may be truncated, into a tensor."""


def write_model(
    weights: Mapping[str, torch.Tensor],
    recipe: Mapping[str, Any],
    path: str | os.PathLike[str],
    card: Mapping[str, Any] | None = None,
) -> None:
    """Write the ``weights`` (a state dict) of a network together with its ``recipe`` and, if given, its ``card``.

    The file appears under its name only when it is complete.
    """
    with whole_file(path) as partial:
        torch.save({"recipe": recipe, "weights": weights} | ({"card": card} if card else {}), partial)


def load_model(path: str | os.PathLike[str]) -> tuple[nn.Module, dict[str, Any]]:
    """Return the network in ``model.pt``, ready to predict, and its recipe.

    Raises UserError when the file is not a model written by ``train`` or ``distill``, when its recipe is not one that
    they accept, and when its weights do not fit the recipe's network or are not finite.
    """
    path = existing_file(path)
    try:
        model = torch.load(path, map_location="cpu", weights_only=True)
        recipe = checked_model_recipe(model["recipe"], f"{path}: its recipe")
        weights = model["weights"]
        # On the device "meta", no memory is needed, whatever size the recipe asks for.
        with torch.device("meta"), _NoFirstWeights():
            expected = build_network(recipe["network"], recipe["training"]["patch_size"]).state_dict()
        if _shapes(weights) != _shapes(expected):
            raise UserError(f"{path}: the weights do not fit the network of its recipe; train the model again")
        network = build_network(recipe["network"], recipe["training"]["patch_size"])
        network.load_state_dict(weights)
        # Both: a layer may have several names, and a number may be finite only in double precision.
        finite = all_finite(weights) and all_finite(network.state_dict())
    except (
        *(pickle.UnpicklingError, RuntimeError, EOFError, LookupError, TypeError, ValueError, AttributeError),
        *(ArithmeticError, MemoryError, AssertionError),
    ):
        raise UserError(f"{path}: not a model written by 'train', or a damaged one; train the model again") from None
    if not finite:
        raise UserError(f"{path}: some of the weights are NaN or infinite; train the model again")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    # torch's types of Module.to lack memory_format.
    return network.eval().to(device, memory_format=torch.channels_last_3d), recipe  # type: ignore[call-overload]


class _NoFirstWeights(TorchFunctionMode):
    """Leaves tensors as they are where a network draws its first weights from a (truncated) normal distribution.

    For tensors on the device "meta", torch imports its compiler to do so, which takes a second and 90 MB.
    """

    def __torch_function__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        """Call ``func``, unless it is a step of the draw."""
        return args[0] if func in STEPS_OF_A_DRAW else func(*args, **(kwargs or {}))


def all_finite(weights: Mapping[str, torch.Tensor]) -> bool:
    """Return whether no value in a state dict is NaN or infinite."""
    return all(bool(torch.isfinite(tensor).all()) for tensor in weights.values())


def _shapes(weights: Mapping[str, torch.Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in weights.items()}
