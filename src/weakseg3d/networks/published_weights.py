"""Weights of PW4MedSeg's released code in our network: by order and shape, as the names differ."""

import re
from collections.abc import Mapping

import torch
from torch import nn

from weakseg3d.errors import UserError

CLASS_TOKEN = "cls_token"
SHORTCUT = re.compile(r"\.conv3\.conv\.weight\Z")
"""Kernels of a residual block's shortcut, which the pinned MONAI 0.7 makes even where the shortcut is the identity."""


def load_published_ptn(network: nn.Module, state: Mapping[str, torch.Tensor]) -> None:
    """Copy the ``state`` of the PTN that PW4MedSeg's code saves (arXiv 2403.02566) into our ``network`` of that size.

    ``state`` is its ``state_dict``, or what its checkpoints hold under ``state_dict``. Its class token and the three
    kernels of shortcuts that add a block's input as it is take part in no computation; ours has none of them. Raises
    UserError for a state with other tensors, which then belongs to another network.
    """
    published = [(name, tensor) for name, tensor in state.items() if not _is_unused(name, tensor)]
    ours = network.state_dict()
    if len(published) != len(ours):
        raise UserError(f"the weights hold {len(published)} tensors in use and the network has {len(ours)}; {SIZES}")
    for (name, tensor), (own_name, own) in zip(published, ours.items(), strict=True):
        if tensor.shape != own.shape:
            theirs, wanted = tuple(tensor.shape), tuple(own.shape)
            raise UserError(f"'{name}' is {theirs}, and '{own_name}', in its place, is {wanted}; {SIZES}")
    network.load_state_dict(dict(zip(ours, (tensor for _, tensor in published), strict=True)))


SIZES = "build the network with the sizes with which the weights were trained"


def _is_unused(name: str, tensor: torch.Tensor) -> bool:
    return name.endswith(CLASS_TOKEN) or (bool(SHORTCUT.search(name)) and tensor.shape[0] == tensor.shape[1])
