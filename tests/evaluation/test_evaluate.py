"""The verb ``evaluate`` on files, clean and broken."""

import csv
import json

import numpy as np
import pytest
import SimpleITK as sitk

from weakseg3d.cli import main
from weakseg3d.evaluation.metrics import METRICS
from weakseg3d.evaluation.rows import COLUMNS


@pytest.fixture
def pair(tmp_path, oblique_mask):
    """Paths of a reference on an oblique grid and of a prediction one voxel (1.4 mm) beside it."""
    moved = sitk.GetImageFromArray(np.roll(sitk.GetArrayFromImage(oblique_mask), 1, axis=2))
    moved.CopyInformation(oblique_mask)
    prediction, reference = tmp_path / "prediction.nii.gz", tmp_path / "reference.nii.gz"
    sitk.WriteImage(moved, str(prediction))
    sitk.WriteImage(oblique_mask, str(reference))
    return prediction, reference


def evaluate(prediction, reference, *options):
    return main(["evaluate", "--prediction", str(prediction), "--reference", str(reference), *map(str, options)])


def test_json_holds_every_metric_and_the_status(pair, capsys):
    assert evaluate(*pair) == 0
    printed = json.loads(capsys.readouterr().out)
    assert list(printed) == [*METRICS, "status"]
    assert printed["status"] == "ok"
    assert printed["volume_error"] == 0
    # A shift by one voxel of 1.4 mm moves no surface farther than that.
    assert printed["hd95"] == pytest.approx(1.4, rel=1e-5)
    assert printed["nsd"] == 1
    assert 0.9 < printed["dice"] < 1


def test_tolerance_of_nsd(pair, capsys):
    assert evaluate(*pair, "--nsd-tolerance", 0.5) == 0
    assert json.loads(capsys.readouterr().out)["nsd"] < 1


def test_csv_has_the_contracted_rows(pair, tmp_path, capsys):
    out = tmp_path / "deep" / "metrics.csv"
    labels = ("--label", "dataset=btcv", "--label", "organ=spleen", "--label", "case=0021", "--label", "seed=0")
    assert evaluate(*pair, "--csv", out, *labels) == 0
    printed = json.loads(capsys.readouterr().out)
    rows = list(csv.DictReader(out.open(encoding="utf-8")))
    assert tuple(rows[0]) == COLUMNS
    assert [row["metric"] for row in rows] == list(METRICS)
    for row in rows:
        assert (row["dataset"], row["organ"], row["case"], row["seed"]) == ("btcv", "spleen", "0021", "0")
        assert row["modality"] == row["annotation"] == row["method"] == ""
        assert row["unit"] == METRICS[row["metric"]].unit
        assert row["status"] == "ok"
        assert float(row["value"]) == pytest.approx(printed[row["metric"]], rel=1e-7)


def test_csv_is_the_same_twice(pair, tmp_path):
    for name in ("a.csv", "b.csv"):
        assert evaluate(*pair, "--csv", tmp_path / name) == 0
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_undefined_values_are_null_and_empty(pair, tmp_path, capsys):
    prediction, reference = pair
    sitk.WriteImage(sitk.ReadImage(str(reference)) * 0, str(reference))
    assert evaluate(prediction, reference, "--csv", tmp_path / "m.csv") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["status"] == "absent_in_reference"
    assert printed["dice"] == 0
    assert printed["hd95"] is None
    rows = {row["metric"]: row for row in csv.DictReader((tmp_path / "m.csv").open())}
    assert rows["hd95"]["value"] == ""
    assert rows["hd95"]["status"] == "absent_in_reference"


def fails(capsys, tmp_path, prediction, reference, *options):
    """Run with --csv, check exit code 2, one sentence and no file; return the sentence."""
    out = tmp_path / "out" / "metrics.csv"
    assert evaluate(prediction, reference, "--csv", out, *options) == 2
    assert not out.parent.exists() or not any(out.parent.iterdir())
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "Traceback" not in captured.err
    return captured.err


def rewritten(path, change):
    """Replace the volume at ``path`` by ``change`` of its array."""
    image = sitk.ReadImage(str(path))
    changed = sitk.GetImageFromArray(change(sitk.GetArrayFromImage(image)))
    changed.CopyInformation(image)
    sitk.WriteImage(changed, str(path))


def with_nan(array):
    array = array.astype(np.float32)
    array[0, 0, 0] = np.nan
    return array


def test_missing_file(pair, tmp_path, capsys):
    assert "nowhere.nii.gz" in fails(capsys, tmp_path, tmp_path / "nowhere.nii.gz", pair[1])


def test_different_grids(pair, tmp_path, capsys):
    image = sitk.ReadImage(str(pair[0]))
    image.SetSpacing((1.4, 1.1, 3.0))
    sitk.WriteImage(image, str(pair[0]))
    assert "spacing" in fails(capsys, tmp_path, *pair)


def test_several_labels(pair, tmp_path, capsys):
    def two_labels(array):
        array[0, 0, 0] = 2
        return array

    rewritten(pair[0], two_labels)
    assert "not a binary mask" in fails(capsys, tmp_path, *pair)


def test_probabilities(pair, tmp_path, capsys):
    rewritten(pair[0], lambda array: array * np.float32(0.7))
    assert "prediction.nii.gz" in fails(capsys, tmp_path, *pair)


def test_nan(pair, tmp_path, capsys):
    rewritten(pair[1], with_nan)
    assert "NaN" in fails(capsys, tmp_path, *pair)


@pytest.mark.parametrize("label", ["organs=liver", "organ", "=liver"])
def test_bad_label(pair, tmp_path, capsys, label):
    assert "--label" in fails(capsys, tmp_path, *pair, "--label", label)


def test_label_given_twice(pair, tmp_path, capsys):
    assert "twice" in fails(capsys, tmp_path, *pair, "--label", "organ=a", "--label", "organ=b")


@pytest.mark.parametrize("tolerance", ["-1", "nan"])
def test_bad_tolerance(pair, tmp_path, capsys, tolerance):
    assert "--nsd-tolerance" in fails(capsys, tmp_path, *pair, f"--nsd-tolerance={tolerance}")


def test_evaluate_imports_nothing_heavy():
    import subprocess
    import sys

    code = (
        "import sys, weakseg3d.cli, weakseg3d.verbs.evaluate, weakseg3d.volumes, weakseg3d.evaluation.rows\n"
        "assert not {'torch', 'monai', 'pandas', 'matplotlib', 'medpy'} & set(sys.modules)"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], check=False, env={"PYTHONPATH": ":".join(sys.path)}).returncode
        == 0
    )
