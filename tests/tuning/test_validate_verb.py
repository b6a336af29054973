"""The verb ``validate``: a network on voxels whose class is known."""

import json

import numpy as np
import pytest
import torch
from conftest import make_volume, oblique_direction

from weakseg3d.cli import main
from weakseg3d.experiment.recipes import checked_recipe
from weakseg3d.images.volumes import write_volume
from weakseg3d.inference.model import write_model
from weakseg3d.networks import build_network

NETWORK = """\
from torch import nn
import torch


class Brightness(nn.Module):
    \"\"\"Is sure of the organ where the scaled intensity is above one half.\"\"\"

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(100.0))

    def forward(self, x):
        return self.scale**2 * (x - 0.5)
"""


@pytest.fixture
def files(tmp_path):
    """A model that finds what is bright, and two scans of 8 x 8 x 8 voxels, whose bright voxels are known."""
    (tmp_path / "brightness.py").write_text(NETWORK, encoding="utf-8")
    recipe = {
        "method": "brightness",
        "spacing": 2.0,
        "intensity": {"window": [0, 100]},
        "network": {"file": str(tmp_path / "brightness.py"), "name": "Brightness"},
        "loss": {"dice_ce": {}},
        "training": {"patch_size": [8, 8, 8], "steps": 1, "optimizer": {"adamw": {}}},
    }
    recipe = checked_recipe(recipe, "recipe")
    write_model(build_network(recipe["network"], [8, 8, 8]).state_dict(), recipe, tmp_path / "model.pt")
    for case, bright in (("a", slice(0, 4)), ("b", slice(0, 2))):
        image = np.zeros((8, 8, 8), np.float32)
        image[bright] = 100
        write(image, tmp_path / f"{case}.nii.gz")
    return tmp_path


def write(array, path):
    write_volume(make_volume(array, (2, 2, 2), (5, -3, 8), oblique_direction()), path)


def label(known):
    """Return a sparse label (z, y, x): ``{(z, y, x): class}``."""
    array = np.full((8, 8, 8), 2, np.uint8)
    for place, value in known.items():
        array[place] = value
    return array


def validate(files, rows, *options):
    (files / "cases.csv").write_text("case,image,label\n" + rows, encoding="utf-8")
    names = {"--model": "model.pt", "--cases": "cases.csv", "--out": "scores.csv"}
    return main(["validate", *(word for key, name in names.items() for word in (key, str(files / name))), *options])


def test_only_voxels_of_known_class_count(files, capsys):
    # Slices 0 to 3 of case a are bright: two of three organ clicks are found, one of two background clicks is wrong.
    write(label({(0, 0, 0): 1, (3, 7, 7): 1, (4, 0, 0): 1, (2, 2, 2): 0, (7, 7, 7): 0}), files / "a_label.nii.gz")
    # Slices 0 and 1 of case b are bright: the organ click is found, the background click is right.
    write(label({(1, 1, 1): 1, (2, 2, 2): 0}), files / "b_label.nii.gz")
    assert validate(files, "a,a.nii.gz,a_label.nii.gz\nb,b.nii.gz,b_label.nii.gz\n") == 0
    rows = (files / "scores.csv").read_text(encoding="utf-8").splitlines()
    assert rows == ["case,organ,background,found,wrong", "a,3,2,2,1", "b,1,1,1,0"]
    # (2 · 2 / (3 + 2 + 1) + 1) / 2 = 5/6
    assert json.loads(capsys.readouterr().out) == {"cases": 2, "dice": 0.833333}


def test_a_mask_tells_of_every_voxel(files):
    mask = np.zeros((8, 8, 8), np.uint8)
    mask[2:6] = 1
    write(mask, files / "a_mask.nii.gz")
    assert validate(files, "a,a.nii.gz,a_mask.nii.gz\n") == 0
    assert (files / "scores.csv").read_text(encoding="utf-8").splitlines()[1] == "a,256,256,128,128"


def test_the_largest_component_alone_counts_where_it_does_in_the_evaluation(files):
    image = np.zeros((8, 8, 8), np.float32)
    image[:3], image[6:] = 100, 100
    write(image, files / "a.nii.gz")
    write(label({(1, 0, 0): 1, (7, 0, 0): 0}), files / "a_label.nii.gz")
    for options, wrong in (([], 1), (["--largest-component"], 0)):
        assert validate(files, "a,a.nii.gz,a_label.nii.gz\n", *options) == 0
        assert (files / "scores.csv").read_text(encoding="utf-8").splitlines()[1] == f"a,1,1,1,{wrong}"


def test_probabilities_that_are_not_numbers_are_no_score(files, capsys):
    content = torch.load(files / "model.pt", weights_only=True)
    write_model({"scale": torch.tensor(3e38)}, content["recipe"], files / "model.pt")  # its square is infinite
    write(np.full((8, 8, 8), 50, np.float32), files / "a.nii.gz")  # infinity times nothing
    write(label({(1, 1, 1): 1, (2, 2, 2): 0}), files / "a_label.nii.gz")
    assert validate(files, "a,a.nii.gz,a_label.nii.gz\n") == 0
    assert (files / "scores.csv").read_text(encoding="utf-8").splitlines()[1] == "a,1,1,,"
    assert json.loads(capsys.readouterr().out) == {"cases": 1, "dice": None}


@pytest.mark.parametrize(
    ("known", "rows", "message"),
    [
        ({(0, 0, 0): 1}, "a,a.nii.gz,a_label.nii.gz\n", "no voxel of its labels is known to be background"),
        ({(0, 0, 0): 1, (1, 0, 0): 3}, "a,a.nii.gz,a_label.nii.gz\n", "has values other than 0, 1 and 2"),
        ({(0, 0, 0): 1, (1, 0, 0): 0}, "a,a.nii.gz,b_label.nii.gz\n", "b_label.nii.gz"),
        ({}, "", "lists no cases"),
    ],
)
def test_a_mistake_is_said_in_one_sentence_and_nothing_is_written(files, capsys, known, rows, message):
    write(label(known), files / "a_label.nii.gz")
    assert validate(files, rows) == 2
    assert message in capsys.readouterr().err
    assert not (files / "scores.csv").exists()
