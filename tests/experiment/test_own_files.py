"""Networks, losses and regularisers in a user's own file: their signatures are checked before anything runs."""

import pytest
import torch

from weakseg3d.errors import UserError
from weakseg3d.experiment.recipes import checked_recipe
from weakseg3d.networks import build_network
from weakseg3d.training.objective import Objective

NETWORK = """
from collections.abc import Sequence
from typing import Annotated

from torch import nn
from weakseg3d.registry.parameters import DivisibleBy, Parameter, Stochastic


class Net(nn.Module):
    def __init__(
        self,
        patch_size: Annotated[Sequence[int], DivisibleBy(lambda width: 4 * width)],
        width: Annotated[int, Parameter("Width.", at_least=1)] = 4,
    ):
        super().__init__()
        self.layer = nn.Conv3d(1, 1, 1)
        self.patch_size = patch_size

    def forward(self, x):
        return self.layer(x)


def two_channels(width: int = 1):
    return nn.Conv3d(1, 2, 1)
"""
LOSS = """
from weakseg3d.registry.parameters import SparseTarget


def known_only(logits, target: SparseTarget, image, power: float = 2.0):
    return ((logits - target).abs() ** power)[target < 2].mean() + 0 * image.sum()


def smoothness(logits):
    return logits.diff(dim=-1).abs().mean()


def undeclared(logits, target):
    return logits.mean()
"""
RECIPE = {
    "method": "mine",
    "spacing": 2.0,
    "intensity": {"window": [0, 100]},
    "network": {"file": "net.py", "name": "Net"},
    "loss": {"file": "loss.py", "name": "known_only"},
    "training": {"patch_size": [16, 16, 16], "steps": 2, "optimizer": {"adamw": {"learning_rate": 0.01}}},
}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(NETWORK, encoding="utf-8")
    (tmp_path / "loss.py").write_text(LOSS, encoding="utf-8")
    return tmp_path


def test_they_are_built_and_called_with_what_they_ask_for():
    recipe = checked_recipe(RECIPE | {"regularisers": {"smoothness": {"file": "loss.py", "weight": 0.5}}}, "r.yaml")
    assert recipe["network"]["width"] == 4
    assert len(recipe["network"]["sha256"]) == 64
    network = build_network(recipe["network"], recipe["training"]["patch_size"])
    assert network.patch_size == [16, 16, 16]
    logits, image = torch.randn(2, 1, 4, 4, 4), torch.randn(2, 1, 4, 4, 4)
    target = torch.randint(0, 3, (2, 1, 4, 4, 4)).float()
    expected = ((logits - target) ** 2)[target < 2].mean() + 0.5 * logits.diff(dim=-1).abs().mean()
    torch.testing.assert_close(Objective(recipe)(logits, image, target), expected)


MISTAKES = [
    ({"network": {"file": "net.py", "name": "Nut"}}, "net.py: defines no function or class 'Nut'"),
    ({"network": {"file": "nat.py", "name": "Net"}}, "nat.py: no such file"),
    ({"network": {"file": "net.txt"}}, "'net.txt': not a file of Python"),
    (
        {"network": {"file": "net.py", "name": "Net", "widht": 2}},
        "unknown key 'widht' in 'network', did you mean 'width'?",
    ),
    ({"network": {"file": "net.py", "name": "Net", "width": 0}}, "'network.width' does not fit"),
    ({"network": {"file": "net.py", "name": "Net", "width": "4"}}, "'network.width' does not fit"),
    ({"network": {"file": "net.py", "name": "Net", "width": 3}}, "must be divisible by [12, 12, 12]"),
    ({"network": {"file": "net.py", "name": 3}}, "the name of a network must be text"),
    ({"network": {"file": 3}}, "network"),
    ({"loss": {"file": "loss.py", "name": "known_only", "power": "x"}}, "'loss.power' does not fit"),
    ({"loss": {"file": "loss.py"}}, "loss.py: defines no function or class 'loss'"),
    ({"regularisers": {"smoothness": {"file": "loss.py"}}}, "key 'weight' is missing in 'regularisers.smoothness'"),
    ({"regularisers": {"roughness": {"file": "loss.py", "weight": 1}}}, "no function or class 'roughness'"),
    (
        {"network": {"file": "net.py", "name": "Net", "sha256": "0" * 64}},
        "not the file that this was planned",
    ),
]


@pytest.mark.parametrize(("change", "message"), MISTAKES, ids=[message for _, message in MISTAKES])
def test_a_mistake_is_one_sentence(change, message):
    with pytest.raises(UserError) as raised:
        checked_recipe(RECIPE | change, "r.yaml")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(("text", "message"), [("x = 1 +\n", "net.py, line 1: not a file of Python")])
def test_a_file_that_is_not_python(here, text, message):
    (here / "net.py").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        checked_recipe(RECIPE, "r.yaml")


def test_a_file_that_fails_when_it_runs(here):
    (here / "net.py").write_text(NETWORK + "\n1 / 0\n", encoding="utf-8")
    recipe = checked_recipe(RECIPE, "r.yaml")
    with pytest.raises(UserError, match=r"net.py, line \d+: ZeroDivisionError: 'division by zero'; correct the file"):
        build_network(recipe["network"], [16, 16, 16])


def test_a_network_with_other_output_is_named():
    recipe = checked_recipe(RECIPE | {"network": {"file": "net.py", "name": "two_channels"}}, "r.yaml")
    image = torch.zeros(1, 1, 4, 4, 4)
    outputs = build_network(recipe["network"], [4, 4, 4])(image)
    with pytest.raises(UserError, match=r"gives logits of shape \(1, 2, 4, 4, 4\)"):
        Objective(recipe)(outputs, image, image)
