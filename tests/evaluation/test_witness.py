"""MedPy, which shares no code with ours, as a witness of Dice and HD95."""

import json

import numpy as np
import pytest
from conftest import make_volume
from scipy.ndimage import gaussian_filter

from weakseg3d.cli import main
from weakseg3d.evaluation.compare import compare
from weakseg3d.evaluation.witness import second_opinion
from weakseg3d.images.volumes import write_volume

SPACING = (3.0, 0.7, 1.2)


def lumps(seed):
    """Return a mask of lumps, some of them at the border of the volume."""
    noise = gaussian_filter(np.random.default_rng(seed).normal(size=(12, 17, 15)), 1.5)
    return (noise > np.quantile(noise, 0.8)).astype(np.uint8)


@pytest.mark.parametrize("seed", range(5))
def test_it_agrees_on_lumpss_of_whole_volumes(seed):
    prediction, reference = lumps(seed), lumps(seed + 100)
    values, _ = compare(prediction, reference, SPACING)
    witness = second_opinion(prediction, reference, SPACING, values)
    assert witness["agrees"] is True
    assert witness["medpy"]["hd95"] == pytest.approx(values["hd95"], rel=1e-9)


@pytest.mark.parametrize(("name", "change"), [("dice", 0.001), ("hd95", 0.1)])
def test_another_value_is_noticed(name, change):
    prediction, reference = lumps(0), lumps(1)
    values = compare(prediction, reference, SPACING)[0]
    assert second_opinion(prediction, reference, SPACING, values | {name: values[name] + change})["agrees"] is False


def test_an_empty_mask_is_not_comparable():
    mask, empty = lumps(0), np.zeros_like(lumps(0))
    values = compare(empty, mask, SPACING)[0]
    assert second_opinion(empty, mask, SPACING, values)["agrees"] is None


def test_the_verb_writes_what_the_witness_says(tmp_path, capsys):
    for seed, name in enumerate(("prediction", "reference")):
        write_volume(make_volume(lumps(seed), SPACING[::-1]), tmp_path / f"{name}.nii.gz")
    files = [f"--{name}={tmp_path / name}.nii.gz" for name in ("prediction", "reference")]
    assert main(["evaluate", *files, "--witness", str(tmp_path / "witness.json"), "--label", "case=0001"]) == 0
    printed = json.loads(capsys.readouterr().out)
    witness = json.loads((tmp_path / "witness.json").read_text(encoding="utf-8"))
    assert witness["case"] == "0001"
    assert witness["agrees"] is True
    assert witness["weakseg3d"] == {"dice": printed["dice"], "hd95": printed["hd95"]}
