"""Several organs in one label map: who wins a voxel, and what is counted."""

import numpy as np
import pytest
import SimpleITK as sitk
from conftest import make_volume, oblique_direction

from weakseg3d.images.resampling import map_on_reference_grid
from weakseg3d.images.volumes import check_same_grid
from weakseg3d.segmentation.label_map import LabelMap

GRID = make_volume(np.zeros((4, 5, 6), np.float32), (2.0, 3.0, 4.0), (7, -8, 9), oblique_direction())


def probability(values, grid=GRID):
    image = sitk.GetImageFromArray(np.broadcast_to(np.float32(values), grid.GetSize()[::-1]).copy())
    image.CopyInformation(grid)
    return image


def left(value, rest=0.0):
    """Return a map with ``value`` in the first three columns and ``rest`` in the others."""
    values = np.full((4, 5, 6), rest, np.float32)
    values[:, :, :3] = value
    return probability(values)


def test_the_highest_probability_wins_a_contested_voxel():
    labels = LabelMap(GRID)
    labels.add([left(0.9, rest=0.6)], 0.5)
    labels.add([left(0.7, rest=0.8)], 0.5)
    array = sitk.GetArrayFromImage(labels.image())
    assert (array[:, :, :3] == 1).all()
    assert (array[:, :, 3:] == 2).all()
    # 24 ml in each voxel of 2 x 3 x 4 mm3; both organs were found in all 120 voxels.
    assert labels.volumes_ml() == [pytest.approx(60 * 0.024)] * 2
    assert labels.overlaps_ml() == [pytest.approx(120 * 0.024)] * 2


def test_of_equal_probabilities_the_first_organ_is_kept():
    labels = LabelMap(GRID)
    labels.add([probability(0.8)], 0.5)
    labels.add([probability(0.8)], 0.5)
    assert (sitk.GetArrayFromImage(labels.image()) == 1).all()
    assert labels.volumes_ml()[1] == 0


def test_every_organ_has_its_own_threshold():
    labels = LabelMap(GRID)
    labels.add([probability(0.6)], 0.7)
    labels.add([probability(0.4)], 0.3)
    assert (sitk.GetArrayFromImage(labels.image()) == 2).all()
    assert labels.overlaps_ml() == [0, 0]


def test_a_map_on_another_grid_is_interpolated_to_the_scan():
    fine = make_volume(np.zeros((16, 15, 12), np.float32), (1.0, 1.0, 1.0), (7.5, -7.0, 10.5))
    scan = make_volume(np.zeros((4, 5, 6), np.float32), (2.0, 3.0, 4.0), (8, -6, 12))
    values = np.zeros((16, 15, 12), np.float32)
    values[:8] = 1
    labels = LabelMap(scan)
    labels.add([probability(values, fine)], 0.5)
    check_same_grid(labels.image(), scan, "labels", "scan")
    array = sitk.GetArrayFromImage(labels.image())
    # Slices of the scan at z = 12, 16, 20, 24 mm; the organ ends at 10.5 + 7.5 = 18 mm.
    assert [bool(section.any()) for section in array] == [True, True, False, False]


@pytest.mark.parametrize("depths", [[25], [1, 24], [7, 7, 7, 4], [1] * 25])
@pytest.mark.parametrize("voxel", [1.0, 2.0, 3.5, 40.0])
def test_a_map_in_sections_gives_the_labels_of_the_whole(depths, voxel):
    rng = np.random.default_rng(0)
    spacing = (1.5, 2.5, 2.0)
    whole = make_volume(rng.random((25, 9, 8), np.float32), spacing, (3, 4, -5), oblique_direction())
    # A scan that is deeper than the map at both ends, by up to half a voxel where the map still has its values.
    scan = make_volume(
        np.zeros((int(56 / voxel) + 1, 7, 8), np.float32), (2.0, 3.0, voxel), direction=oblique_direction()
    )
    scan.SetOrigin(whole.TransformContinuousIndexToPhysicalPoint((0.2, 0.1, -1.4)))
    labels, pieces = LabelMap(scan), LabelMap(scan)
    stops = np.cumsum(depths).tolist()
    for threshold in (0.5, 0.7):
        labels.add([whole], threshold)
        pieces.add((whole[:, :, a:b] for a, b in zip([0, *stops], stops, strict=False)), threshold)
    expected = sitk.GetArrayFromImage(map_on_reference_grid(whole, scan)) > 0.5
    assert np.array_equal(labels.labels > 0, expected)
    assert expected.any()
    assert np.array_equal(pieces.labels, labels.labels)
    assert pieces.overlaps_ml() == labels.overlaps_ml()


def test_the_label_map_has_the_geometry_of_the_scan():
    labels = LabelMap(GRID)
    labels.add([probability(0.9)], 0.5)
    check_same_grid(labels.image(), GRID, "labels", "scan")
    assert labels.image().GetPixelID() == sitk.sitkUInt8
