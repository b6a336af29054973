"""Networks by their name in a recipe: images (B, 1, *spatial) in, one logit per voxel (B, 1, *spatial) out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from weakseg3d.networks.paseg import build_attention_unet, build_unet2d5, build_unet3d
from weakseg3d.networks.ptn import build_ptn, build_unetr, forward_passes
from weakseg3d.networks.unet import build_unet

if TYPE_CHECKING:
    from torch import nn

__all__ = ["NETWORKS", "build_network", "forward_passes"]

NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "attention_unet": build_attention_unet,
    "ptn": build_ptn,
    "unet": build_unet,
    "unet2d5": build_unet2d5,
    "unet3d": build_unet3d,
    "unetr": build_unetr,
}


def build_network(network: Mapping[str, Mapping[str, Any]], patch_size: Sequence[int]) -> nn.Module:
    """Return the network of a recipe's ``network`` entry, ``{name: {parameter: value}}``.

    ``patch_size`` (z, y, x) is the spatial size of its input, both in training and in prediction.
    """
    ((name, parameters),) = network.items()
    return NETWORKS[name](patch_size=patch_size, **parameters)
