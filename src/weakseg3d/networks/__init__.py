"""Networks by the name a recipe gives them: one logit per voxel, (B, 1, *spatial) in and out."""

from weakseg3d.networks.paseg import build_attention_unet, build_unet2d5, build_unet3d
from weakseg3d.networks.ptn import build_ptn, build_unetr, passes
from weakseg3d.networks.unet import build_unet

__all__ = ["NETWORKS", "build_network", "passes"]

NETWORKS = {
    "attention_unet": build_attention_unet,
    "ptn": build_ptn,
    "unet": build_unet,
    "unet2d5": build_unet2d5,
    "unet3d": build_unet3d,
    "unetr": build_unetr,
}


def build_network(network, patch_size):
    """Return the network of a recipe's ``network`` entry, ``{name: {parameter: value}}``.

    ``patch_size`` (z, y, x) is the spatial size of its input, in training as in prediction.
    """
    ((name, parameters),) = network.items()
    return NETWORKS[name](patch_size=patch_size, **parameters)
