"""Networks by their name in a recipe: images (B, 1, *spatial) in, one logit per voxel (B, 1, *spatial) out.

A file that defines a function of its own name is a network: ``unet.py`` with ``unet``. Importing this package loads
neither torch nor a network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from weakseg3d.registry.parameters import Stochastic
from weakseg3d.registry.registry import Registry
from weakseg3d.registry.signatures import call_with_known

if TYPE_CHECKING:
    from torch import nn

NETWORKS = Registry("networks", "network", inputs=("patch_size",))


def build_network(network: Mapping[str, Any], patch_size: Sequence[int]) -> nn.Module:
    """Return the network of a recipe's ``network`` entry, ``{name: {parameter: value}}``.

    ``patch_size`` (z, y, x) is the spatial size of its input, both in training and in prediction.
    """
    return NETWORKS.choice(network).call(patch_size=patch_size)


def is_stochastic(network: Mapping[str, Any]) -> bool:
    """Return whether the network of a recipe draws noise, which also gives it a KL divergence."""
    choice = NETWORKS.choice(network)
    stochastic = choice.entry.signature.returns.note(Stochastic)
    return stochastic is not None and call_with_known(stochastic.when, choice.entry.with_defaults(choice.values))
