"""The workflow evaluates on the grid that the config names, and the report names it as well."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import SimpleITK as sitk
import yaml
from conftest import make_volume
from small_experiment import ORIGINAL, ellipsoid, write

from weakseg3d.cli import main
from weakseg3d.experiment.from_config import load_experiment

PROJECT = Path(__file__).parents[2]
CONFIG = {
    "experiment": "grid",
    "datasets": {"phantom_ct": ["spleen"]},
    "methods": ["dense_unet", "truth"],
    "preset": "cpu",
    "spacing": 5.0,
}


def test_the_original_grid_is_the_default():
    experiment = load_experiment(CONFIG)
    assert (experiment.evaluate_on, experiment.largest_component) == ("original", False)
    assert experiment.report == {
        "metrics": ["dice", "hd95"],
        "means_without_missed": False,
        "viewer_cases": 4,
        "published": "",
        "scans_to_come": 300,
    }


def planned(folder, **changes):
    """Return the commands of all jobs as Snakemake prints them in a dry run."""
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG | changes), encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(PROJECT / "workflow/Snakefile"), "--dry-run"]
    command += ["--printshellcmds", "--cores", "1", "--configfile", "config.yaml"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8")
    assert ran.returncode == 0, ran.stderr
    return ran.stdout + ran.stderr


def commands(text, verb):
    lines = (" ".join(line.split()) for line in text.splitlines())
    return [line for line in lines if f"-m weakseg3d {verb} " in line]


@pytest.mark.parametrize(
    ("changes", "reference", "options", "footer"),
    [
        ({}, "4_masks/phantom_ct/spleen/original/", ["--resample-prediction"], "original grid"),
        ({"evaluate_on": "isotropic"}, "4_masks/phantom_ct/spleen/0", [], "isotropic grid of 5.0 mm"),
        (
            {"largest_component": True},
            "4_masks/phantom_ct/spleen/original/",
            ["--resample-prediction", "--largest-component"],
            "the largest of each prediction",
        ),
    ],
)
def test_predictions_meet_references_on_that_grid(tmp_path, changes, reference, options, footer):
    text = planned(tmp_path, **changes)
    evaluations = commands(text, "evaluate")
    # Two cells of four test cases, and MedPy's look at the first case of each.
    assert ["--witness" in command for command in evaluations].count(False) == 2 * 4
    assert ["--witness" in command for command in evaluations].count(True) == 2
    for command in evaluations:
        assert f"--reference results/grid/{reference}" in command
        assert [word for word in ("--resample-prediction", "--largest-component") if word in command] == options
    for command in commands(text, "control"):
        assert f"--source results/grid/{reference}" in command, "the truth must score 1 on any grid"
    (command,) = commands(text, "report")
    assert footer in command
    masks = re.findall(r"--out (results/grid/4_masks/\S*/original/\S*)", "\n".join(commands(text, "split")))
    assert len(masks) == (0 if changes.get("evaluate_on") == "isotropic" else 4)


def test_an_overlay_shows_what_was_evaluated(tmp_path, capsys):
    """Image and prediction are not on the reference's grid, but the Dice in the caption is measured on it."""
    reference = make_volume(ellipsoid(), **ORIGINAL)
    grid = sitk.Image(28, 24, 18, sitk.sitkUInt8)
    grid.SetSpacing((2.5, 2.5, 2.5))
    grid.SetOrigin(ORIGINAL["origin"])
    grid.SetDirection(ORIGINAL["direction"].ravel().tolist())
    prediction = sitk.Resample(reference, grid, sitk.Transform(), sitk.sitkNearestNeighbor)
    write(reference, tmp_path / "reference.nii.gz")
    write(prediction, tmp_path / "prediction.nii.gz")
    write(sitk.Cast(prediction, sitk.sitkFloat32) * 100, tmp_path / "image.nii.gz")
    files = [
        word for name in ("image", "reference", "prediction") for word in (f"--{name}", tmp_path / f"{name}.nii.gz")
    ]
    command = ["overlay", *map(str, files), "--out", str(tmp_path / "overlay.png")]
    assert main(command) == 2
    assert "different grids" in capsys.readouterr().err
    assert main([*command, "--on-reference-grid"]) == 0
    assert (tmp_path / "overlay.png").stat().st_size > 3000

    from weakseg3d.evaluation.reference_grid import mask_on_reference_grid
    from weakseg3d.images.resampling import map_on_reference_grid
    from weakseg3d.report.figures.overlays import overlay_figure

    evaluated = mask_on_reference_grid(prediction, reference, "p", "r")
    image = map_on_reference_grid(sitk.Cast(prediction, sitk.sitkFloat32), reference)
    title = overlay_figure(image, reference, evaluated).axes[0].get_title()
    assert main(["evaluate", *map(str, files[2:]), "--resample-prediction"]) == 0
    dice = re.search(r'"dice": ([\d.]+)', capsys.readouterr().out)[1]
    assert f"Dice {float(dice):.3f}" in title
