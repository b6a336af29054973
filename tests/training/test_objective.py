"""The objective: the loss on the labels and the regularisers, whose weights grow."""

import math

import pytest
import torch

from weakseg3d.losses.partial_dice_ce import partial_dice_ce
from weakseg3d.regularisers.multi_view_crf import halve_in_plane, multi_view_gated_crf
from weakseg3d.regularisers.variance import variance
from weakseg3d.training.objective import Objective, ramp


def settings(**regularisers):
    return {
        "loss": {"partial_dice_ce": {}},
        "regularisers": {name: {"ramp_up": 0.0} | values for name, values in regularisers.items()},
        "target": {"form": "soft", "threshold": 0.5},
    }


CRF = {"weight": 2.0, "radius": 2}


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
    objective = Objective(settings(gated_crf=CRF | {"ramp_up": 0.5}, variance={"weight": 0.1, "ramp_up": 0.5}))
    labels = partial_dice_ce(logits, target)
    crf = multi_view_gated_crf(halve_in_plane(logits), halve_in_plane(image), radius=2)
    regularisers = 2.0 * crf + 0.1 * variance(logits, image)
    torch.testing.assert_close(objective(logits, image, target), labels + regularisers)
    torch.testing.assert_close(objective(logits, image, target, 0.25), labels + math.exp(-1.25) * regularisers)


def test_with_deep_supervision_the_regularisers_use_only_the_full_resolution(batch):
    logits, image, target = batch
    deep = torch.stack([logits, -logits], dim=1)
    plain, regularised = Objective(settings()), Objective(settings(gated_crf=CRF | {"weight": 1.0}))
    crf = multi_view_gated_crf(halve_in_plane(logits), halve_in_plane(image), radius=2)
    torch.testing.assert_close(regularised(deep, image, target) - plain(deep, image, target), crf)
