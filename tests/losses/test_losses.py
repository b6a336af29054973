"""PW4MedSeg's losses equal the published code; partial cross-entropy sees annotated voxels only."""

from pathlib import Path

import numpy as np
import pytest
import torch

from weakseg3d.losses import LOSSES

GOLDEN = np.load(Path(__file__).parents[1] / "data" / "pw4medseg_losses.npz")


@pytest.mark.parametrize("name", ["weighted_ce_dice", "soft_ce_dice", "focal", "ce", "dice", "soft_dice"])
@pytest.mark.parametrize("weight", [0.0, 0.3])
def test_values_and_gradients_equal_the_published_code(name, weight):
    logits = torch.tensor(GOLDEN["logits"], requires_grad=True)
    divergence = torch.tensor(GOLDEN["nll_per_layer"]).sum(dim=0).mean()
    total = LOSSES[name](logits, torch.tensor(GOLDEN["target"])) + weight * divergence
    (gradient,) = torch.autograd.grad(total, logits)
    golden = GOLDEN[f"{name}__w_nll_{weight}__grad"]
    assert total.item() == pytest.approx(float(GOLDEN[f"{name}__w_nll_{weight}__total"]), rel=1e-5)
    np.testing.assert_allclose(gradient, golden, rtol=1e-5, atol=1e-5 * np.abs(golden).max())


def test_partial_cross_entropy_by_hand():
    target = torch.tensor([1.0, 0.0, 2.0, 2.0]).view(1, 1, 1, 2, 2)
    logits = torch.tensor([0.0, 3.0, 9.0, -9.0]).view(1, 1, 1, 2, 2).requires_grad_()
    loss = LOSSES["partial_ce"](logits, target)
    assert loss.item() == pytest.approx((np.log(2) + np.log1p(np.exp(3))) / 2, rel=1e-6)
    loss.backward()
    assert logits.grad.flatten()[2:].tolist() == [0, 0]


def test_partial_cross_entropy_without_any_annotated_voxel():
    logits = torch.randn(1, 1, 2, 2, 2, requires_grad=True)
    loss = LOSSES["partial_ce"](logits, torch.full((1, 1, 2, 2, 2), 2.0))
    loss.backward()
    assert loss.item() == 0
    assert not logits.grad.any()


def test_dense_loss_of_a_perfect_prediction_vanishes():
    target = (torch.arange(64.0).view(1, 1, 4, 4, 4) > 40).float()
    assert LOSSES["dice_ce"](40 * (target - 0.5), target).item() == pytest.approx(0, abs=1e-3)
