"""Seven points, boxes and slices, on grids where axes and millimetres can be confused."""

import numpy as np
import SimpleITK as sitk
from conftest import make_volume

from weakseg3d.annotations.box import annotate_box
from weakseg3d.annotations.seven_points import annotate_seven_points
from weakseg3d.annotations.slices import IGNORE, annotate_slices
from weakseg3d.annotations.world import to_voxels


def test_seven_points_enclose_the_organ_by_the_margin(oblique_mask):
    annotation = annotate_seven_points(oblique_mask, margin=4.0)
    array = sitk.GetArrayFromImage(oblique_mask)
    voxels, spacing = np.argwhere(array), np.array(oblique_mask.GetSpacing())[::-1]
    outer = to_voxels(annotation.of("background"), oblique_mask)
    assert outer.shape == (6, 3)
    assert np.allclose((voxels.min(axis=0) - outer.min(axis=0)) * spacing, 4.0)
    assert np.allclose((outer.max(axis=0) - voxels.max(axis=0)) * spacing, 4.0)
    inner = np.round(to_voxels(annotation.of("organ"), oblique_mask)).astype(int)
    assert inner.tolist() == [[12, 36, 28]] or array[tuple(inner[0])] == 1


def test_the_inner_point_is_the_deepest_in_millimetres():
    array = np.zeros((9, 20, 40), np.uint8)
    array[1:8, 5:15, 2:8] = 1  # thick in slices, but slices are thin
    array[3:6, 5:15, 20:38] = 1
    mask = make_volume(array, (1.0, 1.0, 5.0))
    (x,) = to_voxels(annotate_seven_points(mask).of("organ"), mask)[:, 2]
    assert x > 8


def test_points_stay_inside_the_image():
    mask = make_volume(np.ones((4, 4, 4), np.uint8))
    outer = to_voxels(annotate_seven_points(mask, margin=10).of("background"), mask)
    assert outer.min() >= 0
    assert outer.max() <= 3


def test_a_box_holds_the_organ_and_no_more(oblique_mask):
    (box,) = annotate_box(oblique_mask).boxes
    voxels = np.argwhere(sitk.GetArrayFromImage(oblique_mask))
    extent = (np.ptp(voxels, axis=0) + 1)[::-1] * oblique_mask.GetSpacing()
    assert np.allclose(box.size, extent)
    middle = (voxels.min(axis=0) + voxels.max(axis=0)) / 2
    assert np.allclose(to_voxels(box.center, oblique_mask), middle)


def test_slices_are_axial_whatever_the_axis_order():
    array = np.zeros((12, 10, 8), np.uint8)
    array[2:10, 3:7, 2:6] = 1
    sagittal = make_volume(array, direction=[[0, 0, 1], [0, 1, 0], [-1, 0, 0]])  # x runs along the patient
    labels = sitk.GetArrayFromImage(annotate_slices(sagittal, number=2))
    annotated = labels != IGNORE
    assert annotated.any(axis=(0, 1)).sum() == 2
    assert (labels[annotated] == array[annotated]).all()
    assert (sitk.GetArrayFromImage(annotate_slices(make_volume(array), 2)) != IGNORE).any(axis=(1, 2)).sum() == 2


def test_nothing_to_annotate_gives_nothing():
    empty = make_volume(np.zeros((4, 4, 4), np.uint8))
    assert annotate_box(empty).boxes == []
    assert len(annotate_seven_points(empty).of("background")) == 0
    assert (sitk.GetArrayFromImage(annotate_slices(empty)) == IGNORE).all()
