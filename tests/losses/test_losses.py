"""PW4MedSeg's losses by hand; partial cross-entropy uses annotated voxels only."""

import numpy as np
import pytest
import torch

from weakseg3d.losses import build_loss


def loss_of(name, logits, target, threshold=0.5):
    return build_loss({name: {}})(logits=logits, target=target, threshold=threshold)


def test_boundary_loss_by_hand():
    """Two organ voxels in a row of five: distances 3 2 1 to the organ outside it, 1 2 to the background inside it."""
    target = torch.tensor([0.0, 0.2, 0.5, 0.6, 1.0]).view(1, 1, 1, 1, 5)
    logits = torch.tensor([-1.0, 0.5, 0.0, 2.0, -0.5]).view(1, 1, 1, 1, 5)
    y, p = np.array([0, 0, 0, 1, 1]), 1 / (1 + np.exp(-logits.numpy().ravel()))
    t = target.numpy().ravel()
    cross_entropy = -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))
    dice = 1 - 2 * (p * p * y).sum() / ((p * p).sum() + y.sum())
    foreground = 1 / (1 + np.exp(-2 * logits.numpy().ravel()))  # softmax over (-logit, logit)
    distance = np.array([3, 2, 1, 1, 2])
    boundary = np.sum(np.where(y == 1, foreground, 1 - foreground) * distance) / 10
    loss = loss_of("ce_dice_boundary", logits, target).item()
    assert loss == pytest.approx(cross_entropy + dice + 0.01 * boundary, rel=1e-5)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_boundary_loss_of_a_patch_without_boundary_is_finite(value):
    logits = torch.zeros(1, 1, 4, 4, 4, requires_grad=True)
    loss_of("ce_dice_boundary", logits, torch.full((1, 1, 4, 4, 4), value)).backward()
    assert torch.isfinite(logits.grad).all()


def test_the_threshold_decides_what_is_foreground():
    target, logits = torch.rand(2, 1, 4, 4, 4), torch.randn(2, 1, 4, 4, 4)
    hard = (target > 0.3).float()
    for name in ("ce", "dice", "dice_ce"):
        assert torch.equal(loss_of(name, logits, target, 0.3), loss_of(name, logits, hard)), name
    confidence = torch.where(target > 0.3, target, 1 - target)
    bce = torch.nn.functional.binary_cross_entropy_with_logits(logits, hard, reduction="none")
    expected = (confidence * bce).mean() + loss_of("dice", logits, hard)
    torch.testing.assert_close(loss_of("weighted_ce_dice", logits, target, 0.3), expected)


def test_partial_cross_entropy_by_hand():
    target = torch.tensor([1.0, 0.0, 2.0, 2.0]).view(1, 1, 1, 2, 2)
    logits = torch.tensor([0.0, 3.0, 9.0, -9.0]).view(1, 1, 1, 2, 2).requires_grad_()
    loss = loss_of("partial_ce", logits, target)
    assert loss.item() == pytest.approx((np.log(2) + np.log1p(np.exp(3))) / 2, rel=1e-6)
    loss.backward()
    assert logits.grad.flatten()[2:].tolist() == [0, 0]


def test_partial_cross_entropy_without_any_annotated_voxel():
    logits = torch.randn(1, 1, 2, 2, 2, requires_grad=True)
    loss = loss_of("partial_ce", logits, torch.full((1, 1, 2, 2, 2), 2.0))
    loss.backward()
    assert loss.item() == 0
    assert not logits.grad.any()


def test_dense_loss_of_a_perfect_prediction_vanishes():
    target = (torch.arange(64.0).view(1, 1, 4, 4, 4) > 40).float()
    assert loss_of("dice_ce", 40 * (target - 0.5), target).item() == pytest.approx(0, abs=1e-3)
