"""The reliability diagram, on probabilities whose shares are known."""

import numpy as np
import pytest
from drawing import draw
from small_experiment import SHAPE, small_experiment

from weakseg3d.evaluation.calibration import expected_calibration_error
from weakseg3d.report.figures.reliability import measured_reliability, reliability_bins, reliability_figure
from weakseg3d.report.results import Results


def test_bins_by_hand():
    p = np.array([0.02, 0.05, 0.05, 1.0, 0.99, 0.98])
    voxels, probabilities, organ = reliability_bins(p, np.array([0, 0, 1, 1, 1, 0], bool))
    assert (voxels[0], voxels[14], voxels.sum()) == (3, 3, 6)
    assert probabilities[0] == pytest.approx(0.12)
    assert (organ[0], organ[14]) == (1, 2)


def test_bins_are_those_of_the_calibration_error():
    generator = np.random.default_rng(0)
    p, reference = generator.uniform(size=5000), generator.uniform(size=5000) < 0.3
    voxels, probabilities, organ = reliability_bins(p, reference)
    gaps = np.abs(probabilities - organ).sum() / voxels.sum()
    assert gaps == pytest.approx(expected_calibration_error(p, reference))


def test_reliability_is_measured_in_the_region_of_the_maps(tmp_path):
    """Probabilities are 0.9 within predictions and 0.1 outside; most of both are correct for `good`."""
    results = Results(small_experiment(tmp_path, uncertain=("good", "poor")))
    ((organ, methods),) = measured_reliability(results).items()
    assert organ == ("toy", "blob")
    assert list(methods) == ["good", "poor"]
    voxels, probabilities, organ_voxels = methods["good"]
    used = voxels > 0
    assert (probabilities[used] / voxels[used]).tolist() == pytest.approx([0.1, 0.9])
    outside, inside = organ_voxels[used] / voxels[used]
    assert outside < 0.1 < 0.75 < inside < 1
    assert voxels.sum() <= 3 * np.prod(SHAPE)
    (panel,) = draw(reliability_figure({organ: methods}))
    diagonal, good, poor = panel.lines
    assert good.get_ydata().tolist() == pytest.approx([outside, inside])
    assert good.get_marker() != poor.get_marker()


def test_without_probabilities_there_is_no_figure():
    assert reliability_figure({}) is None
