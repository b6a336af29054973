"""The verb ``evaluate`` on valid and broken files."""

import csv
import json

import numpy as np
import pytest
import SimpleITK as sitk

from weakseg3d.cli import main
from weakseg3d.evaluation.metrics import METRICS
from weakseg3d.evaluation.rows import COLUMNS
from weakseg3d.inference.uncertainty_maps import write_uncertainty


@pytest.fixture
def pair(tmp_path, oblique_mask):
    """Paths of a prediction and its reference on an oblique grid, shifted by one voxel (1.4 mm)."""
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


def test_every_organ_has_its_tolerance(pair, capsys):
    def nsd(*options):
        assert evaluate(*pair, *options) == 0
        return json.loads(capsys.readouterr().out)["nsd"]

    rewrite(pair[0], lambda array: np.roll(array, (1, 2), axis=(0, 2)))
    assert nsd("--label", "organ=liver") == nsd("--nsd-tolerance", 5) > nsd("--label", "organ=spleen")
    assert nsd("--label", "organ=spleen") == nsd("--nsd-tolerance", 3) > nsd()
    assert nsd() == nsd("--nsd-tolerance", 2) == nsd("--label", "organ=left_atrium")
    # A tolerance given by the user takes precedence.
    assert nsd("--label", "organ=liver", "--nsd-tolerance", 2) == nsd()


def test_largest_component(pair, capsys):
    def with_a_speck(array):
        array[0, :2, :2] = 1
        return array

    assert evaluate(*pair) == 0
    clean = capsys.readouterr().out
    rewrite(pair[0], with_a_speck)
    assert evaluate(*pair) == 0
    assert capsys.readouterr().out != clean
    assert evaluate(*pair, "--largest-component") == 0
    assert capsys.readouterr().out == clean


def on_an_isotropic_grid(path):
    """Resample the mask at ``path`` to 1 mm, as the workflow does with masks."""
    assert main(["resample", "--in", str(path), "--out", str(path), "--kind", "label", "--spacing", "1.0"]) == 0


def test_prediction_on_another_grid(pair, capsys):
    on_an_isotropic_grid(pair[0])
    assert evaluate(*pair, "--resample-prediction") == 0
    printed = json.loads(capsys.readouterr().out)
    # The prediction is shifted by one voxel, 1.4 mm, and resampling moves it by less than 1 mm.
    assert 0.9 < printed["dice"] < 1
    assert printed["assd"] < 1.4
    assert abs(printed["volume_error"]) < 0.02


def test_resampling_to_its_own_grid_changes_nothing(pair, capsys):
    assert evaluate(*pair) == 0
    plain = capsys.readouterr().out
    assert evaluate(*pair, "--resample-prediction") == 0
    assert capsys.readouterr().out == plain


def test_a_missed_organ_is_missed_on_another_grid_too(pair, tmp_path, capsys):
    rewrite(pair[0], lambda array: array * 0)
    on_an_isotropic_grid(pair[0])
    assert evaluate(*pair, "--resample-prediction", "--csv", tmp_path / "m.csv") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["status"] == "empty_prediction"
    # The diagonal of the reference's volume, 60 x 70 x 26 voxels of 1.4 x 1.1 x 3.5 mm.
    assert printed["hd"] == pytest.approx(np.hypot(np.hypot(60 * 1.4, 70 * 1.1), 26 * 3.5), rel=1e-6)


def test_uncertainty_maps_are_resampled_with_the_prediction(pair, tmp_path, capsys):
    on_an_isotropic_grid(pair[0])
    probability = sitk.Cast(sitk.ReadImage(str(pair[0])), sitk.sitkFloat32) * 0 + 0.25
    write_uncertainty(probability, probability * 0 + 0.01, tmp_path / "maps")
    assert evaluate(*pair, "--resample-prediction", "--uncertainty", tmp_path / "maps") == 0
    printed = json.loads(capsys.readouterr().out)
    # Constant maps stay constant: all of the reference's volume lies within the prediction's.
    assert printed["mean_entropy"] == pytest.approx(0.811278, abs=1e-5)
    assert printed["mean_variance"] == pytest.approx(0.01)


def test_csv_has_the_documented_rows(pair, tmp_path, capsys):
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
    """Run with --csv, check the exit code 2, a message of one line and that no file exists; return the message."""
    out = tmp_path / "out" / "metrics.csv"
    assert evaluate(prediction, reference, "--csv", out, *options) == 2
    assert not out.parent.exists() or not any(out.parent.iterdir())
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "Traceback" not in captured.err
    return captured.err


def rewrite(path, change):
    """Apply ``change`` to the array of the volume at ``path``."""
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
    message = fails(capsys, tmp_path, *pair)
    assert "spacing" in message
    assert "--resample-prediction" in message


def test_prediction_of_another_scan(pair, tmp_path, capsys):
    image = sitk.ReadImage(str(pair[0]))
    image.SetOrigin((500.0, 0.0, 0.0))
    sitk.WriteImage(image, str(pair[0]))
    assert "lies entirely outside" in fails(capsys, tmp_path, *pair, "--resample-prediction")


def test_several_labels(pair, tmp_path, capsys):
    def two_labels(array):
        array[0, 0, 0] = 2
        return array

    rewrite(pair[0], two_labels)
    assert "not a binary mask" in fails(capsys, tmp_path, *pair)


def test_probabilities(pair, tmp_path, capsys):
    rewrite(pair[0], lambda array: array * np.float32(0.7))
    assert "prediction.nii.gz" in fails(capsys, tmp_path, *pair)


def test_nan(pair, tmp_path, capsys):
    rewrite(pair[1], with_nan)
    assert "NaN" in fails(capsys, tmp_path, *pair)


@pytest.mark.parametrize("label", ["organs=liver", "organ", "=liver"])
def test_bad_label(pair, tmp_path, capsys, label):
    assert "--label" in fails(capsys, tmp_path, *pair, "--label", label)


def test_label_given_twice(pair, tmp_path, capsys):
    assert "twice" in fails(capsys, tmp_path, *pair, "--label", "organ=a", "--label", "organ=b")


def test_bad_tolerance(pair, tmp_path, capsys):
    assert "--nsd-tolerance" in fails(capsys, tmp_path, *pair, "--nsd-tolerance=-1")


def test_evaluate_imports_nothing_heavy():
    import subprocess
    import sys

    code = (
        "import sys, weakseg3d.cli, weakseg3d.verbs.evaluate, weakseg3d.images.volumes, weakseg3d.evaluation.rows\n"
        "import weakseg3d.evaluation.largest_component, weakseg3d.evaluation.reference_grid\n"
        "assert not {'torch', 'monai', 'pandas', 'matplotlib', 'medpy', 'scipy'} & set(sys.modules)"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], check=False, env={"PYTHONPATH": ":".join(sys.path)}).returncode
        == 0
    )
