"""The objective: the loss on the labels and the regularisers, whose weights grow."""

import math

import pytest
import torch

from weakseg3d.losses.gated_crf import halve_in_plane, multi_view_gated_crf
from weakseg3d.losses.partial import partial_dice_ce
from weakseg3d.losses.variance import variance_minimization
from weakseg3d.training.objective import Objective, ramp


def settings(**loss):
    values = {"name": "partial_dice_ce", "crf_weight": 0.0, "crf_radius": 2, "variance_weight": 0.0, "ramp_up": 0.0}
    return {"loss": values | loss, "target": {"form": "soft", "threshold": 0.5}}


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 1, 8, 10, 12, generator=generator)
    image = torch.randn(2, 1, 8, 10, 12, generator=generator)
    return logits, image, torch.randint(0, 3, logits.shape, generator=generator).float()


@pytest.mark.parametrize(("share", "expected"), [(0.0, math.exp(-5)), (0.05, math.exp(-1.25)), (0.1, 1), (0.7, 1)])
def test_the_ramp_follows_the_published_formula(share, expected):
    assert ramp(share, 0.1) == pytest.approx(expected)


def test_without_a_ramp_the_weights_are_full_from_the_start():
    assert ramp(0.0, 0.0) == 1


def test_the_regularisers_are_added_with_their_weights_and_grow_with_the_ramp(batch):
    logits, image, target = batch
    objective = Objective(settings(crf_weight=2.0, variance_weight=0.1, ramp_up=0.5))
    labels = partial_dice_ce(logits, target)
    crf = multi_view_gated_crf(halve_in_plane(logits), halve_in_plane(image), radius=2)
    regularisers = 2.0 * crf + 0.1 * variance_minimization(logits, image)
    torch.testing.assert_close(objective(logits, image, target), labels + regularisers)
    torch.testing.assert_close(objective(logits, image, target, 0.25), labels + math.exp(-1.25) * regularisers)


def test_with_deep_supervision_the_regularisers_use_only_the_full_resolution(batch):
    logits, image, target = batch
    deep = torch.stack([logits, -logits], dim=1)
    plain, regularised = Objective(settings()), Objective(settings(crf_weight=1.0))
    crf = multi_view_gated_crf(halve_in_plane(logits), halve_in_plane(image), radius=2)
    torch.testing.assert_close(regularised(deep, image, target) - plain(deep, image, target), crf)
