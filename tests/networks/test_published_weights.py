"""Weights that PW4MedSeg's code saved fit our network: every tensor finds its place, and those without use are left.

``pw4medseg_state.json`` has the names and shapes of the released network under its pinned MONAI 0.7, in small.
"""

import json
from pathlib import Path

import pytest
import torch

from weakseg3d.errors import UserError
from weakseg3d.networks import build_network
from weakseg3d.networks.published_weights import load_published_ptn

SHAPES = json.loads((Path(__file__).parents[1] / "data" / "pw4medseg_state.json").read_text(encoding="utf-8"))
SIZES = {"feature_size": 2, "hidden_size": 24, "mlp_size": 24, "heads": 2}


def state():
    generator = torch.Generator().manual_seed(0)
    return {name: torch.randn(shape, generator=generator) for name, shape in SHAPES.items()}


def network(**sizes):
    return build_network({"ptn": SIZES | sizes}, (96, 96, 96))


def test_every_tensor_in_use_finds_its_place():
    loaded, published = network(), state()
    load_published_ptn(loaded, published)
    ours = loaded.state_dict()
    assert len(published) - len(ours) == 4  # the class token and three shortcuts
    for name in ours.keys() & published.keys():
        assert torch.equal(ours[name], published[name]), name
    other_names = sorted(ours.keys() - published.keys())
    assert [name for name in other_names if "mu_logvar" not in name and "norm" not in name] == []
    for block in range(12):
        for kind in ("weight", "bias"):
            theirs = published[f"vit.blocks.{block}.attn.fc_mu_var.{kind}"]
            assert torch.equal(ours[f"vit.blocks.{block}.attn.mu_logvar.{kind}"], theirs)


@pytest.mark.parametrize("sizes", [{"feature_size": 4}, {"hidden_size": 48}, {"mlp_size": 48}])
def test_another_size_is_an_error_and_changes_nothing(sizes):
    loaded = network(**sizes)
    before = {name: tensor.clone() for name, tensor in loaded.state_dict().items()}
    with pytest.raises(UserError, match="with the sizes with which the weights were trained"):
        load_published_ptn(loaded, state())
    assert all(torch.equal(tensor, before[name]) for name, tensor in loaded.state_dict().items())


def test_weights_of_another_network_are_an_error():
    with pytest.raises(UserError, match="hold 1 tensors in use and the network has 194"):
        load_published_ptn(network(), {"weight": torch.zeros(1)})
