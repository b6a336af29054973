"""PMSA and its limits; networks have the published size and one logit per voxel."""

from pathlib import Path

import numpy as np
import pytest
import torch
from monai.networks.blocks.selfattention import SABlock
from monai.networks.nets.unetr import UNETR

from weakseg3d.networks import build_network
from weakseg3d.networks.noise import divergence, forward_passes
from weakseg3d.networks.pmsa import PMSA

SMALL = {"feature_size": 2, "hidden_size": 24, "mlp_size": 24, "heads": 2}
DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(params=[0.5, 1.0])
def golden(request):
    path = DATA / f"pmsa_prior_std_{request.param}.npz"
    return {key: torch.tensor(value) for key, value in np.load(path).items()}


def attention_of(golden, mean="learned"):
    attention = PMSA(golden["x"].shape[-1], int(golden["num_heads"]), float(golden["prior_std"]), mean)
    weights = {
        "qkv.weight": "qkv_weight",
        "mu_logvar.weight": "mu_logvar_weight",
        "mu_logvar.bias": "mu_logvar_bias",
        "out_proj.weight": "out_weight",
        "out_proj.bias": "out_bias",
    }
    attention.load_state_dict({ours: golden[theirs] for ours, theirs in weights.items()})
    return attention


def test_attention_is_sampled_again_in_every_pass(golden):
    attention = attention_of(golden).eval()
    with torch.no_grad():
        assert not torch.equal(attention(golden["x"]), attention(golden["x"]))


def without_noise(attention):
    """Return the attention with its log-variance set to minus infinity."""
    with torch.no_grad():
        attention.mu_logvar.weight[1] = 0
        attention.mu_logvar.bias[1] = -float("inf")
    return attention


def test_without_variance_it_is_deterministic_attention(golden):
    attention = without_noise(attention_of(golden))
    x = golden["x"]
    q, k, v = attention.input_rearrange(attention.qkv(x))
    mu = torch.stack(
        [
            attention.mu_logvar(torch.cat([q, k[:, :, j : j + 1].expand_as(q)], dim=-1))[..., 0]
            for j in range(k.shape[2])
        ],
        dim=-1,
    )
    expected = attention.out_proj(attention.out_rearrange(torch.softmax(mu, dim=-1) @ v))
    torch.testing.assert_close(attention(x), expected, rtol=1e-5, atol=1e-6)


def test_without_variance_and_with_the_dot_product_as_mean_it_is_monais_attention(golden):
    attention = without_noise(attention_of(golden, "dot_product"))
    plain = SABlock(golden["x"].shape[-1], int(golden["num_heads"]))
    plain.load_state_dict({key: value for key, value in attention.state_dict().items() if "mu_logvar" not in key})
    torch.testing.assert_close(attention(golden["x"]), plain(golden["x"]), rtol=1e-5, atol=1e-6)


def test_divergence_from_the_prior_vanishes_at_the_prior(golden):
    attention = attention_of(golden, "dot_product")
    with torch.no_grad():
        attention.mu_logvar.weight.zero_()
        attention.mu_logvar.bias[1] = 2 * np.log(float(golden["prior_std"]))
    attention(golden["x"])
    torch.testing.assert_close(attention.kl, torch.zeros_like(attention.kl), rtol=0, atol=1e-6)


@pytest.mark.parametrize("mean", ["learned", "dot_product"])
def test_attention_stays_finite_in_half_precision(mean):
    attention = PMSA(24, 2, mean=mean)
    with torch.autocast("cpu", torch.bfloat16):
        y = attention(torch.randn(2, 9, 24))
    (y.float().square().mean() + attention.kl.mean()).backward()
    assert attention.kl.dtype == torch.float32
    assert all(torch.isfinite(p.grad).all() for p in attention.parameters() if p.grad is not None)


@pytest.mark.parametrize(
    "network", [{"ptn": SMALL}, {"unetr": SMALL}, {"unet": {"channels": [2, 4, 8]}}], ids=["ptn", "unetr", "unet"]
)
def test_one_logit_per_voxel(network):
    patch = (32, 16, 48)
    assert build_network(network, patch)(torch.randn(2, 1, *patch)).shape == (2, 1, *patch)


@pytest.mark.parametrize("token_size", [(8, 8, 8), (16, 8, 24), (32, 16, 16)])
def test_tokens_of_any_size_that_divides_the_patch(token_size):
    patch = (32, 16, 48)
    network = build_network({"ptn": SMALL | {"token_size": token_size}}, patch)
    assert network(torch.randn(1, 1, *patch)).shape == (1, 1, *patch)
    tokens = network.vit.patch_embedding(torch.randn(1, 1, *patch)).shape[1]
    assert tokens == np.prod([n // t for n, t in zip(patch, token_size, strict=True)])


def test_an_unrolled_unetr_computes_what_monai_does():
    network, x = build_network({"unetr": SMALL}, (32, 16, 48)), torch.randn(2, 1, 32, 16, 48)
    torch.testing.assert_close(network(x), UNETR.forward(network, x))


@pytest.mark.parametrize("name", ["ptn", "unet"])
def test_shared_passes_equal_whole_forward_passes(name):
    patch = (16, 16, 32)
    network = build_network({"ptn": SMALL} if name == "ptn" else {"unet": {"channels": [2, 4, 8]}}, patch)
    x = torch.randn(2, 1, *patch)
    with torch.no_grad():
        torch.manual_seed(0)
        shared = list(forward_passes(network, x, 3))
        torch.manual_seed(0)
        assert all(torch.equal(network(x), logits) for logits in shared)
    assert torch.equal(shared[0], shared[1]) == (name == "unet")


@pytest.mark.parametrize("attention", ["pmsa", "pmsa_dot_product", "deterministic"])
def test_every_attention_learns(attention):
    network = build_network({"ptn": SMALL | {"attention": attention}}, (16, 16, 16))
    loss = network(torch.randn(2, 1, 16, 16, 16)).square().mean() + divergence(network).mean()
    loss.backward()
    assert network.vit.blocks[0].attn.qkv.weight.grad.abs().sum() > 0


def test_divergence_is_summed_over_all_twelve_layers():
    network = build_network({"ptn": SMALL}, (16, 16, 16))
    network(torch.randn(3, 1, 16, 16, 16))
    assert divergence(network).shape == (3,)
    assert sum(isinstance(module, PMSA) for module in network.modules()) == 12
    assert divergence(build_network({"unetr": SMALL}, (16, 16, 16))) == 0


def test_a_divergence_of_nothing_is_on_the_networks_device():
    network = build_network({"ptn": SMALL | {"attention": "deterministic"}}, (16, 16, 16)).to("meta")
    assert divergence(network).device.type == "meta"


def test_published_layout():
    """12 blocks of MLP, norm, attention (out, qkv, mu and logvar), norm; then the norm, encoders and decoders."""
    with torch.device("meta"):
        network = build_network({"ptn": {}}, (96, 96, 96))
    block = [(3072, 768), (3072,), (768, 3072), (768,), (768,), (768,)]
    block += [(768, 768), (768,), (2304, 768), (2, 128), (2,), (768,), (768,)]
    shapes = [tuple(p.shape) for p in network.state_dict().values()]
    embedding = [(1, 216, 768), (768, 4096), (768,)]
    assert shapes[: 3 + 12 * len(block) + 2] == embedding + 12 * block + [(768,), (768,)]
    assert shapes[3 + 12 * len(block) + 2] == (16, 1, 3, 3, 3)
    assert shapes[-2:] == [(1, 16, 1, 1, 1), (1,)]
    assert sum(p.numel() for p in network.parameters()) / 1e6 == pytest.approx(92.8, abs=0.05)
