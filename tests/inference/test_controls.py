"""The verb ``control``: the truth, an empty mask and the pseudo label itself as predictions."""

import numpy as np
import pytest
import SimpleITK as sitk
from conftest import make_volume, oblique_direction

from weakseg3d.cli import main


@pytest.fixture
def volume(tmp_path):
    """Return a function that writes an array on an oblique grid and returns its path."""

    def write(array):
        path = tmp_path / "source.nii.gz"
        sitk.WriteImage(make_volume(array, (0.8, 1.2, 3.0), (5.0, -7.0, 30.0), oblique_direction()), str(path))
        return path

    return write


def control(kind, source, out, *options):
    return main(["control", "--kind", kind, "--source", str(source), "--out", str(out), *options])


@pytest.mark.parametrize(
    ("kind", "source", "options", "expected"),
    [
        ("truth", [0, 1, 1, 0, 1], (), [0, 1, 1, 0, 1]),
        ("empty", [0, 1, 1, 0, 1], (), [0, 0, 0, 0, 0]),
        ("pseudo_label", [0, 0.4, 0.5, 0.6, 1], (), [0, 0, 0, 1, 1]),
        ("pseudo_label", [0, 0.4, 0.5, 0.6, 1], ("--threshold", "0.3"), [0, 1, 1, 1, 1]),
        ("pseudo_label", [0, 1, 2, 2, 1], (), [0, 1, 0, 0, 1]),
        ("pseudo_label", [2, 2, 2, 2, 2], (), [0, 0, 0, 0, 0]),
    ],
)
def test_control(volume, tmp_path, kind, source, options, expected):
    source, out = volume(np.array([[source]], np.float32)), tmp_path / "out.nii.gz"
    assert control(kind, source, out, *options) == 0
    written, original = sitk.ReadImage(str(out)), sitk.ReadImage(str(source))
    assert written.GetPixelID() == sitk.sitkUInt8
    assert sitk.GetArrayFromImage(written).ravel().tolist() == expected
    assert written.GetSpacing() == pytest.approx(original.GetSpacing(), abs=1e-6)
    assert written.GetOrigin() == pytest.approx(original.GetOrigin(), abs=1e-6)
    assert written.GetDirection() == pytest.approx(original.GetDirection(), abs=1e-6)


@pytest.mark.parametrize(
    ("kind", "source", "options"),
    [
        ("truth", [0, 1, 2, 3, 0], ()),
        ("pseudo_label", [0, 1, 2, 3, 0], ()),
        ("pseudo_label", [0, 0.5, 2, 1, 0], ()),
        ("pseudo_label", [-0.5, 0.5, 1, 1, 0], ()),
        ("pseudo_label", [0, np.nan, 1, 1, 0], ()),
        ("pseudo_label", [0, 0.5, 1, 1, 0], ("--threshold", "1.5")),
    ],
)
def test_bad_source(volume, tmp_path, capsys, kind, source, options):
    out = tmp_path / "out.nii.gz"
    assert control(kind, volume(np.array([[source]], np.float32)), out, *options) == 2
    assert not out.exists()
    assert capsys.readouterr().err.count("\n") == 1
