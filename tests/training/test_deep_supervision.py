"""Deep supervision: nnU-Net's weights, MONAI's outputs, and no change when it is off."""

import pytest
import torch
from monai.networks.nets.dynunet import DynUNet

from weakseg3d.losses import build_loss
from weakseg3d.networks import build_network
from weakseg3d.training.deep_supervision import deep_supervision_loss, full_resolution

CHANNELS = [2, 4, 8, 16]
PATCH = (16, 8, 24)


def unet(deep_supervision):
    torch.manual_seed(0)
    return build_network({"unet": {"channels": CHANNELS, "deep_supervision": deep_supervision}}, PATCH)


def absolute_error(logits, target):
    return (logits - target).abs().mean()


def test_each_output_weighs_half_as_much_as_the_finer_one():
    outputs = torch.stack([torch.full((2, 1, 4, 4, 4), value) for value in (1.0, 2.0, 4.0)], dim=1)
    loss = deep_supervision_loss(absolute_error, outputs, torch.zeros(2, 1, 4, 4, 4))
    assert loss.item() == pytest.approx((1 + 2 / 2 + 4 / 4) / (1 + 1 / 2 + 1 / 4))


def test_the_loss_of_a_single_output_is_that_loss():
    logits, target = torch.randn(2, 1, 4, 4, 4, requires_grad=True), torch.rand(2, 1, 4, 4, 4)
    plain, deep = absolute_error(logits, target), deep_supervision_loss(absolute_error, logits, target)
    assert torch.equal(plain, deep)
    gradients = [torch.autograd.grad(loss, logits)[0] for loss in (plain, deep)]
    assert torch.equal(*gradients)


def test_without_deep_supervision_the_network_is_unchanged():
    torch.manual_seed(0)
    plain = DynUNet(3, 1, 1, [3] * 4, [1, 2, 2, 2], [2] * 3, CHANNELS, norm_name=("INSTANCE", {"affine": True}))
    torch.manual_seed(0)
    default = build_network({"unet": {"channels": CHANNELS}}, PATCH)
    for network in (unet(0), default):
        assert network.state_dict().keys() == plain.state_dict().keys()
        assert all(torch.equal(value, plain.state_dict()[key]) for key, value in network.state_dict().items())
        assert network(torch.randn(2, 1, *PATCH)).shape == (2, 1, *PATCH)


@pytest.mark.parametrize("number", [1, 2])
def test_a_network_in_training_returns_its_coarser_levels_as_well(number):
    network, x = unet(number), torch.randn(2, 1, *PATCH)
    outputs = network(x)
    assert outputs.shape == (2, 1 + number, 1, *PATCH)
    logits = network.eval()(x)
    assert logits.shape == (2, 1, *PATCH)
    assert torch.equal(full_resolution(outputs), logits)
    assert torch.equal(full_resolution(logits), logits)
    for level in range(1, 1 + number):
        coarse = outputs[:, level, :, :: 2**level, :: 2**level, :: 2**level]
        repeated = torch.nn.functional.interpolate(coarse, scale_factor=2**level)
        assert torch.equal(outputs[:, level], repeated)
        assert not torch.equal(full_resolution(outputs), repeated)


def test_the_finest_and_the_coarsest_level_cannot_be_supervised():
    """This is the limit that the check of recipes enforces."""
    unet(len(CHANNELS) - 2)
    with pytest.raises(ValueError, match="less than the number of up sample layers"):
        unet(len(CHANNELS) - 1)


@pytest.mark.parametrize("name", ["dice_ce", "weighted_ce_dice", "partial_ce"])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last_3d])
def test_every_output_learns_in_any_memory_format(name, layout):
    network = unet(2).to(memory_format=layout)
    target = torch.randint(0, 2, (2, 1, *PATCH)).float()
    outputs = network(torch.randn(2, 1, *PATCH).contiguous(memory_format=layout))

    def loss_of(logits, target):
        return build_loss({name: {}})(logits=logits, target=target, threshold=0.5)

    loss = deep_supervision_loss(loss_of, outputs, target)
    expected = sum(w * loss_of(outputs[:, k], target) for k, w in enumerate((4 / 7, 2 / 7, 1 / 7)))
    torch.testing.assert_close(loss, expected)
    loss.backward()
    for head in (network.output_block, *network.deep_supervision_heads):
        assert head.conv.conv.weight.grad.abs().sum() > 0
