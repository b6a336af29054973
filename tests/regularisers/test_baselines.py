"""Entropy, total variation, Mumford-Shah, generalised cross-entropy, DMPLS and DMSPS agree with PyMIC 0.6.2.

Values and gradients come from its classes and, for DMPLS and DMSPS, from the lines of their training loops; the logits
have two channels there, and the share of the mixture is given.
"""

from pathlib import Path

import numpy as np
import pytest
import torch

from weakseg3d.losses import build_loss
from weakseg3d.networks import build_network
from weakseg3d.regularisers import regulariser

GOLDEN = np.load(Path(__file__).parents[1] / "data" / "pymic_baselines.npz")
CASES = sorted({name.partition("__")[0] for name in GOLDEN})


def golden(case, name):
    return torch.tensor(GOLDEN[f"{case}__{name}"])


def check(value, name, inputs):
    case, quantity = name
    assert value.item() == pytest.approx(golden(case, quantity).item(), rel=1e-5)
    gradients = torch.autograd.grad(value, inputs)
    for gradient, suffix in zip(gradients, ("grad", "grad_second"), strict=False):
        expected = golden(case, f"{quantity}__{suffix}")
        torch.testing.assert_close(gradient, expected, rtol=1e-4, atol=1e-5 * expected.abs().max().item())


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    ("name", "parameters", "quantity"),
    [
        ("entropy", {}, "entropy"),
        ("total_variation", {}, "total_variation"),
        ("mumford_shah", {"length_weight": 0.7}, "mumford_shah_l1"),
        ("mumford_shah", {"length_weight": 0.7, "penalty": "l2"}, "mumford_shah_l2"),
    ],
)
def test_regularisers_of_one_output(case, name, parameters, quantity):
    logits = golden(case, "logits").requires_grad_()
    value = regulariser(name, parameters).call(logits=logits, image=golden(case, "image"), outputs=None)
    check(value, (case, quantity), [logits])


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("q", [0.5, 0.7])
def test_generalised_cross_entropy(case, q):
    logits = golden(case, "logits").requires_grad_()
    value = build_loss({"generalised_cross_entropy": {"q": q}})(logits=logits, target=golden(case, "target"))
    check(value, (case, f"generalised_cross_entropy_{q}"), [logits])


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    ("name", "parameters", "quantity"),
    [("dmpls", {}, "dmpls"), ("dmsps", {}, "dmsps_twice"), ("dmsps", {"softmax": "once"}, "dmsps_once")],
)
def test_mixed_pseudo_labels(monkeypatch, case, name, parameters, quantity):
    monkeypatch.setattr(torch, "rand", lambda *size, **options: golden(case, "alpha"))
    heads = [golden(case, f"logits{which}").requires_grad_() for which in ("", "_second")]
    value = regulariser(name, parameters).call(outputs=torch.stack(heads, dim=1), logits=heads[0], image=None)
    check(value, (case, quantity), heads)


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
