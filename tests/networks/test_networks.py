"""PMSA equals the published code; networks have the published size and one logit per voxel."""

from pathlib import Path

import numpy as np
import pytest
import torch

from weakseg3d.networks import build_network
from weakseg3d.networks.pmsa import PMSA
from weakseg3d.networks.ptn import kl_divergence

SMALL = {"feature_size": 2, "hidden_size": 24, "mlp_size": 24, "heads": 2}


@pytest.fixture
def golden():
    return {
        key: torch.tensor(value)
        for key, value in np.load(Path(__file__).parents[1] / "data" / "pmsa_prior_std_0.5.npz").items()
    }


def attention_of(golden):
    attention = PMSA(golden["x"].shape[-1], int(golden["num_heads"]), float(golden["prior_std"]))
    weights = {
        "qkv.weight": "qkv_weight",
        "mu_logvar.weight": "mu_logvar_weight",
        "mu_logvar.bias": "mu_logvar_bias",
        "out_proj.weight": "out_weight",
        "out_proj.bias": "out_bias",
    }
    attention.load_state_dict({ours: golden[theirs] for ours, theirs in weights.items()})
    return attention


def test_attention_equals_the_published_code(golden):
    attention, x = attention_of(golden), golden["x"].requires_grad_()
    y = attention(x, noise=golden["eps"])
    torch.testing.assert_close(y, golden["y"], rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(attention.kl, golden["kl"], rtol=1e-5, atol=1e-6)
    (gradient,) = torch.autograd.grad(y.square().mean() + attention.kl.mean(), x)
    expected = golden["grad_x_of_mean_y2_plus_mean_kl"]
    torch.testing.assert_close(gradient, expected, rtol=1e-5, atol=1e-5 * expected.abs().max().item())


def test_attention_is_drawn_anew_each_time(golden):
    attention = attention_of(golden).eval()
    with torch.no_grad():
        assert not torch.equal(attention(golden["x"]), attention(golden["x"]))


@pytest.mark.parametrize(
    "network", [{"ptn": SMALL}, {"unetr": SMALL}, {"unet": {"channels": [2, 4, 8]}}], ids=["ptn", "unetr", "unet"]
)
def test_one_logit_per_voxel(network):
    patch = (32, 16, 48)
    assert build_network(network, patch)(torch.randn(2, 1, *patch)).shape == (2, 1, *patch)


def test_divergence_is_that_of_all_twelve_layers():
    network = build_network({"ptn": SMALL}, (16, 16, 16))
    network(torch.randn(3, 1, 16, 16, 16))
    assert kl_divergence(network).shape == (3,)
    assert sum(isinstance(module, PMSA) for module in network.modules()) == 12
    assert kl_divergence(build_network({"unetr": SMALL}, (16, 16, 16))) == 0


def test_published_size():
    with torch.device("meta"):
        network = build_network({"ptn": {}}, (96, 96, 96))
    assert sum(p.numel() for p in network.parameters()) / 1e6 == pytest.approx(92.8, abs=0.05)
