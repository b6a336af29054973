"""The baselines of the field: certain predictions, and the two decoders of the dual-branch network."""

import pytest
import torch

from weakseg3d.losses import build_loss
from weakseg3d.networks import build_network
from weakseg3d.regularisers import regulariser


@pytest.mark.parametrize("name", ["entropy", "total_variation", "mumford_shah", "dmpls", "dmsps"])
@pytest.mark.parametrize("size", [300.0, -300.0])
def test_certain_predictions_have_finite_gradients(name, size):
    outputs = torch.full((1, 2, 1, 4, 4, 4), size, requires_grad=True)
    image = torch.randn(1, 1, 4, 4, 4)
    value = regulariser(name, {}).call(outputs=outputs, logits=outputs[:, 0], image=image)
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(outputs.grad).all()


@pytest.mark.parametrize("size", [300.0, -300.0])
def test_generalised_cross_entropy_of_a_certain_prediction(size):
    logits = torch.full((1, 1, 4, 4, 4), size, requires_grad=True)
    build_loss({"generalised_cross_entropy": {"q": 0.7}})(logits=logits, target=torch.rand(1, 1, 4, 4, 4)).backward()
    assert torch.isfinite(logits.grad).all()


def test_the_dual_branch_network_has_two_heads_in_training_and_predicts_with_the_main_one():
    network = build_network({"dual_branch_unet": {"channels": [2, 4, 8]}}, (16, 16, 16))
    x = torch.randn(2, 1, 16, 16, 16)
    both = network(x)
    assert both.shape == (2, 2, 1, 16, 16, 16)
    torch.testing.assert_close(network.eval()(x), both[:, 0], rtol=1e-4, atol=1e-5)


def test_the_auxiliary_decoder_equals_the_main_one_without_dropout_and_with_its_weights():
    network = build_network({"dual_branch_unet": {"channels": [2, 4, 8], "dropout": 0.0}}, (16, 16, 16))
    network.auxiliary_decoder.load_state_dict(network.main_decoder.state_dict())
    network.auxiliary_head.load_state_dict(network.main_head.state_dict())
    main, auxiliary = network(torch.randn(1, 1, 16, 16, 16)).unbind(dim=1)
    torch.testing.assert_close(main, auxiliary)


def test_every_head_counts_alike():
    outputs, target = torch.randn(2, 2, 1, 4, 4, 4), torch.randint(0, 3, (2, 1, 4, 4, 4)).float()
    each = [build_loss({"partial_ce": {}})(logits=head, target=target) for head in outputs.unbind(dim=1)]
    value = build_loss({"partial_ce_of_heads": {}})(outputs=outputs, target=target)
    torch.testing.assert_close(value, (each[0] + each[1]) / 2)
