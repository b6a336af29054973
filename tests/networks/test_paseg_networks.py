"""PA-Seg's networks have the published layout: widths, kernels, norms, gates, initial weights."""

import pytest
import torch
from monai.networks.nets.attentionunet import AttentionBlock
from torch import nn

from weakseg3d.networks import build_network

NAMES = ["unet2d5", "unet3d", "attention_unet"]
FLAT, CUBE, POINT = (1, 3, 3), (3, 3, 3), (1, 1, 1)
SMALL = {"base_features": 2, "levels": 3}
PATCH = (8, 12, 16)


def small(name, patch=PATCH):
    torch.manual_seed(0)
    return build_network({name: SMALL}, patch)


def kernels(module):
    return [convolution.kernel_size for convolution in module.modules() if isinstance(convolution, nn.Conv3d)]


def shapes(module):
    return [tuple(m.weight.shape[:2]) for m in module.modules() if isinstance(m, nn.Conv3d)]


def weights(inputs, outputs, voxels=27):
    """Return the number of weights of a convolution, biases included."""
    return outputs * (voxels * inputs + 1)


def two_convolutions(inputs, outputs, voxels=27):
    return weights(inputs, outputs, voxels) + weights(outputs, outputs, voxels)


UNET3D = (
    sum(two_convolutions(i, o) for i, o in [(1, 16), (16, 32), (32, 64), (64, 128), (128, 256)])
    + sum(weights(2 * o, o) + two_convolutions(2 * o, o) for o in (128, 64, 32, 16))
    + weights(16, 2, voxels=1)
)
GATES = sum(2 * weights(o, o // 2, voxels=1) + weights(o // 2, 1, voxels=1) for o in (128, 64, 32, 16))
# Two affine norms of two values per channel follow the convolutions; the last one has no bias.
UNET2D5 = (
    sum(two_convolutions(i, o, voxels) + 4 * o for i, o, voxels in [(1, 16, 9), (16, 32, 9)])
    + sum(two_convolutions(i, o) + 4 * o for i, o in [(32, 64), (64, 128), (128, 128)])
    + sum(two_convolutions(i, o) + 4 * o for i, o in [(256, 64), (128, 32), (64, 16)])
    + two_convolutions(32, 16, voxels=9)
    + 4 * 16
    + 2 * 16
)


@pytest.mark.parametrize(
    ("name", "derived", "published"),
    [
        ("unet2d5", UNET2D5, 2466128),
        ("unet3d", UNET3D, 6471810),
        ("attention_unet", UNET3D + GATES, 6493934),
    ],
)
def test_as_many_weights_as_published(name, derived, published):
    """``published`` was counted in the published networks with one input channel and two classes."""
    network = build_network({name: {}}, (32, 32, 32))
    assert sum(p.numel() for p in network.parameters()) == derived == published


def test_flat_kernels_of_the_unet2d5():
    network = build_network({"unet2d5": {}}, (32, 32, 32))
    assert [kernels(level) for level in network.encoder] == [[FLAT] * 2] * 2 + [[CUBE] * 2] * 3
    assert [kernels(level) for level in network.decoder] == [[CUBE] * 2] * 3 + [[FLAT] * 2]
    assert kernels(network.head) == [POINT]


def test_widths_of_the_unet2d5():
    network = build_network({"unet2d5": {}}, (32, 32, 32))
    down = [(1, 16), (16, 32), (32, 64), (64, 128), (128, 128)]
    assert [shapes(level) for level in network.encoder] == [[(o, i), (o, o)] for i, o in down]
    up = [(256, 64), (128, 32), (64, 16), (32, 16)]
    assert [shapes(level) for level in network.decoder] == [[(o, i), (o, o)] for i, o in up]
    assert shapes(network.head) == [(2, 16)]


@pytest.mark.parametrize("name", ["unet3d", "attention_unet"])
def test_widths_and_kernels_of_the_others(name):
    network = build_network({name: {}}, (32, 32, 32))
    down = [(1, 16), (16, 32), (32, 64), (64, 128), (128, 256)]
    assert [shapes(level) for level in network.encoder] == [[(o, i), (o, o)] for i, o in down]
    for level, o in zip(network.decoder, (128, 64, 32, 16), strict=True):
        assert shapes(level)[:3] == [(o, 2 * o), (o, 2 * o), (o, o)]
        assert kernels(level)[:3] == [CUBE] * 3
        inner = o // 2
        assert shapes(level)[3:] == ([(inner, o), (inner, o), (1, inner)] if name == "attention_unet" else [])
        assert set(kernels(level)[3:]) <= {POINT}


@pytest.mark.parametrize("name", NAMES)
def test_every_norm_is_an_instance_norm(name):
    modules = list(build_network({name: {}}, (32, 32, 32)).modules())
    norms = [m for m in modules if isinstance(m, nn.InstanceNorm3d)]
    assert len(norms) == len([m for m in modules if isinstance(m, nn.Conv3d)]) - 1
    assert {norm.affine for norm in norms} == {name == "unet2d5"}
    assert not any(isinstance(m, nn.modules.batchnorm._BatchNorm | nn.modules.dropout._DropoutNd) for m in modules)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("patch", [(8, 12, 16), (16, 4, 4), (4, 4, 8)])
def test_one_logit_per_voxel(name, patch):
    assert small(name, patch)(torch.randn(2, 1, *patch)).shape == (2, 1, *patch)


@pytest.mark.parametrize("name", NAMES)
def test_the_logit_is_the_difference_of_two_classes(name):
    network, logits = small(name), []
    network.head.register_forward_hook(lambda module, inputs, output: logits.append(output))
    difference = network(torch.randn(2, 1, *PATCH))
    torch.testing.assert_close(torch.sigmoid(difference), torch.softmax(logits[0], dim=1)[:, 1:])


@pytest.mark.parametrize("name", NAMES)
def test_the_coarsest_level_needs_more_than_one_voxel(name):
    network = small(name, (4, 4, 4))
    with pytest.raises(ValueError, match="more than 1 spatial element"):
        network(torch.randn(1, 1, 4, 4, 4))


def test_flat_levels_do_not_mix_slices():
    """The statistics of a norm do not depend on the order of slices, so reordered slices give reordered features."""
    order = torch.tensor([3, 0, 7, 1, 6, 2, 5, 4])
    for name in ("unet2d5", "unet3d"):
        features = torch.randn(1, 1, 8, 16, 16, dtype=torch.float64)
        for level in small(name, (8, 16, 16)).double().encoder[:2]:
            reordered = level(features[:, :, order])
            features = level(features)
            assert torch.allclose(features[:, :, order], reordered) == (name == "unet2d5")


@pytest.mark.parametrize("name", NAMES)
def test_only_the_attention_unet_has_gates_and_they_matter(name):
    network, x = small(name), torch.randn(1, 1, *PATCH)
    gates = [module for module in network.modules() if isinstance(module, AttentionBlock)]
    assert len(gates) == (len(network.decoder) if name == "attention_unet" else 0)
    before = network(x)
    for gate in gates:
        with torch.no_grad():
            gate.W_x[0].conv.weight.mul_(-1)
    assert torch.equal(network(x), before) == (not gates)


def test_weights_of_the_unet2d5_are_initialised_as_by_he():
    """The standard deviation is sqrt(2 / ((1 + 0.01^2) fan-in)), and biases are 0."""
    torch.manual_seed(0)
    network = build_network({"unet2d5": {}}, (32, 32, 32))
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv3d)]
    for convolution in convolutions[:-1]:
        fan_in = convolution.weight[0].numel()
        expected = (2 / (1.0001 * fan_in)) ** 0.5
        tolerance = 4 / (2 * convolution.weight.numel()) ** 0.5
        assert convolution.weight.std().item() == pytest.approx(expected, rel=tolerance)
        assert not convolution.bias.any()
    assert convolutions[-1].bias is None


@pytest.mark.parametrize("name", NAMES)
def test_training_and_prediction_compute_the_same(name):
    network, x = small(name), torch.randn(2, 1, *PATCH)
    assert torch.equal(network.train()(x), network.eval()(x))


@pytest.mark.parametrize("name", NAMES)
def test_a_case_does_not_depend_on_the_others_in_its_batch(name):
    network, x = small(name), torch.randn(2, 1, *PATCH)
    torch.testing.assert_close(network(x)[1:], network(x[1:]), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_memory_format_changes_nothing(name):
    network, x = small(name).double(), torch.randn(2, 1, *PATCH, dtype=torch.float64)
    logits = network(x)
    logits.square().sum().backward()
    gradient = network.encoder[0][0].conv.weight.grad.clone()
    network.zero_grad()
    network.to(memory_format=torch.channels_last_3d)
    again = network(x.contiguous(memory_format=torch.channels_last_3d))
    again.square().sum().backward()
    torch.testing.assert_close(again, logits)
    torch.testing.assert_close(network.encoder[0][0].conv.weight.grad, gradient)


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_gives_the_weights_and_weights_can_be_loaded(name):
    first, again, x = small(name), small(name), torch.randn(1, 1, *PATCH)
    assert torch.equal(first(x), again(x))
    other = build_network({name: SMALL}, PATCH)
    assert not torch.equal(first(x), other(x))
    other.load_state_dict(first.state_dict())
    assert torch.equal(first(x), other(x))


@pytest.mark.parametrize("name", NAMES)
def test_every_weight_before_a_norm_or_the_head_learns(name):
    network = small(name)
    network(torch.randn(1, 1, *PATCH)).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters() if p.ndim == 5)
