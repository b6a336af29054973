"""Guards for trainings on few labels, on patches and voxels that can be counted."""

import json
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from weakseg3d.experiment.recipes import checked_recipe
from weakseg3d.images.labels import IGNORE
from weakseg3d.training.arrays import write_array
from weakseg3d.training.few_labels import (
    few_label_warnings,
    lost_foreground,
    rare_patches,
    reached_positions,
    share_with_foreground,
)
from weakseg3d.training.found_foreground import found_and_labelled
from weakseg3d.training.run import train


def case(*voxels, shape=(1, 1, 10), value=1):
    target = np.full(shape, IGNORE, np.uint8)
    target[:, :, 0] = 0
    for voxel in voxels:
        target[voxel] = value
    return {"target": target}


def share(cases, foreground_share="none", patch_size=(1, 1, 4)):
    return share_with_foreground(cases, {"foreground_share": foreground_share, "patch_size": patch_size}, 0.5)


def test_one_click_is_in_as_many_patches_as_reach_it():
    # Ten voxels hold seven patches of four; those that start at 2 to 5 hold voxel 5, and only one holds voxel 9.
    assert share([case((0, 0, 5))]) == pytest.approx(4 / 7)
    assert share([case((0, 0, 9))]) == pytest.approx(1 / 7)
    assert share([case((0, 0, 5)), case((0, 0, 9))]) == pytest.approx(5 / 14)


def test_unknown_voxels_and_background_are_no_labelled_foreground():
    assert share([case()]) == 0
    assert share([case((0, 0, 5), value=0)]) == 0


def test_a_patch_longer_than_the_volume_holds_all_of_it():
    assert share([case((0, 0, 5))], patch_size=(3, 3, 30)) == 1


def test_patches_centred_on_foreground_all_hold_some():
    assert share([case((0, 0, 9))], 0.5) == 0.5
    assert share([case((0, 0, 9))], 0.05) == pytest.approx(0.05 + 0.95 / 7)


@settings(max_examples=50)
@given(arrays(bool, st.tuples(*[st.integers(1, 6)] * 3)), st.tuples(*[st.integers(1, 7)] * 3))
def test_the_reached_positions_are_those_whose_patch_holds_foreground(mask, patch_size):
    reached = reached_positions(mask, patch_size)
    for start in np.ndindex(reached.shape):
        patch = mask[tuple(slice(at, at + size) for at, size in zip(start, patch_size, strict=True))]
        assert reached[start] == patch.any()
    assert reached.shape == tuple(max(1, n - p + 1) for n, p in zip(mask.shape, patch_size, strict=True))


def test_found_voxels_are_counted_among_the_labelled_ones_alone():
    target = torch.tensor([1.0, 1, 0.4, 0, 2, 0.6]).reshape(1, 1, 1, 1, 6)
    logits = torch.tensor([3.0, -1, 2, 2, 2, 0.1]).reshape(1, 1, 1, 1, 6)
    # Labelled are the first two and the last; unknown is the fifth. The first and the last are found.
    assert found_and_labelled(logits, target, 0.5).tolist() == [2, 3]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ([0.2, 0.5, 0.8, 0.9, 0.9, 0.9, 0.9, 0.8, 0.3, 0.08], "collapsed: .*found 90 % at best and 8 %"),
        ([0.2, 0.5, 0.8, 0.9, 0.9, 0.9, 0.9, 0.8, 0.3, 0.0], "collapsed: .*found 90 % at best and 0 %"),
        ([0.005] * 10, "never found more than 0.5 %"),
        ([0.0] * 10, "never found more than 0 %"),
    ],
)
def test_a_lost_foreground_is_reported_with_a_remedy(found, words):
    (warning,) = lost_foreground(found)
    assert re.search(words, warning)
    assert re.search("; (lower|train)", warning)


@pytest.mark.parametrize(
    "found",
    [
        [0.2, 0.5, 0.8, 0.9, 0.9, 0.9, 0.9, 0.8, 0.3, 0.1],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5],
        [0.9] * 10,
        [None, *[0.0] * 9],
        [],
    ],
)
def test_a_network_that_keeps_or_learns_the_foreground_is_not(found):
    assert lost_foreground(found) == []


def test_rare_patches_are_reported_and_frequent_ones_are_not():
    assert "only 4 % of the patches hold labelled foreground; raise" in rare_patches(0.04)[0]
    assert "only 0.25 %" in rare_patches(0.0025)[0]
    assert rare_patches(0.1) == rare_patches(0.5) == rare_patches(None) == []


def trained(folder, *voxels, **settings):
    """Train 20 steps on a volume of which ``voxels`` are clicked, and return the record."""
    target = np.full((12, 12, 64), IGNORE, np.uint8)
    target[:, :, 3] = 0
    for voxel in voxels:
        target[voxel] = 1
    image = np.random.default_rng(0).random(target.shape).astype(np.float32)
    image[target == 1] += 5
    for name, array in (("image", image), ("target", target)):
        write_array(array, (1, 1, 1), folder / f"{name}.npy")
    (folder / "cases.csv").write_text("case,image,target\na,image.npy,target.npy\n", encoding="utf-8")
    content = {
        "method": "test",
        "spacing": 1.0,
        "intensity": {"window": [0, 1]},
        "network": {"unet": {"channels": [2, 4, 8]}},
        "loss": {"partial_ce": {}},
        "training": {
            "patch_size": [8, 8, 8],
            "steps": 20,
            "patches_per_volume": 2,
            "optimizer": {"adamw": {"learning_rate": 0.02}},
            **settings,
        },
    }
    train(checked_recipe(content, "recipe.yaml"), folder / "cases.csv", folder / "model")
    return json.loads((folder / "model/run.json").read_text(encoding="utf-8"))


def test_a_training_on_rare_clicks_warns_and_records_how_rare_they_are(tmp_path, capsys):
    # Of 5 x 5 x 57 positions, those from (0, 0, 0) alone hold the corner.
    run = trained(tmp_path, (0, 0, 0), foreground_share="none")
    assert run["patches_with_foreground"] == pytest.approx(1 / (5 * 5 * 57))
    warnings = [line for line in capsys.readouterr().err.splitlines() if ": warning: " in line]
    assert warnings[0].startswith(f"weakseg3d train: warning: {tmp_path / 'model'}: only 0.07 % of the patches")
    assert few_label_warnings(run)[0] in warnings[0]


def test_a_training_that_finds_its_clicks_is_silent(tmp_path, capsys):
    run = trained(tmp_path, (5, 5, 20), (6, 6, 30), foreground_share=0.5)
    assert run["patches_with_foreground"] == 0.5
    assert len(run["foreground_found"]) == 10
    assert run["foreground_found"][-1] > 0.5
    assert few_label_warnings(run) == []
    assert ": warning: " not in capsys.readouterr().err
