"""Metrics: answers derived by hand, the libraries' own values, and properties that hold for every pair."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from medpy.metric import binary

from weakseg3d.evaluation.metrics import METRICS, STATUSES, compare, diagonal

SHAPE, SPACING = (4, 5, 6), (3.0, 0.5, 2.0)
OVERLAPS = ("dice", "jaccard", "precision", "recall", "nsd")
DISTANCES = ("hd95", "hd95_directed_max", "assd")


def mask_of(*voxels, shape=SHAPE):
    mask = np.zeros(shape, np.uint8)
    for voxel in voxels:
        mask[voxel] = 1
    return mask


def test_two_voxels_against_one():
    # Reference: voxels x = 1 and x = 2. Prediction: x = 2 alone, so one reference voxel is 2 mm away.
    values, status = compare(mask_of((1, 1, 2)), mask_of((1, 1, 1), (1, 1, 2)), SPACING, nsd_tolerance=1.0)
    assert status == "ok"
    assert values["dice"] == pytest.approx(2 / 3)
    assert values["jaccard"] == pytest.approx(1 / 2)
    assert values["precision"] == 1
    assert values["recall"] == pytest.approx(1 / 2)
    assert values["volume_error"] == pytest.approx(-1 / 2)
    # Pooled distances 0, 0, 2: mean 2/3; 95th percentile 0.95 * 2 = 1.9 places, hence 0 + 0.9 * 2.
    assert values["assd"] == pytest.approx(2 / 3)
    assert values["hd95"] == pytest.approx(1.8)
    # Directed: 0 one way; 0, 2 the other way, 0.95 * 2.
    assert values["hd95_directed_max"] == pytest.approx(1.9)
    assert values["nsd"] == pytest.approx(2 / 3)


@pytest.mark.parametrize(("axis", "step"), enumerate(SPACING))
def test_neighbours_are_one_spacing_apart(axis, step):
    neighbour = [1, 1, 1]
    neighbour[axis] += 1
    values, _ = compare(mask_of((1, 1, 1)), mask_of(tuple(neighbour)), SPACING)
    assert values["dice"] == values["volume_error"] == 0
    assert [values[name] for name in DISTANCES] == pytest.approx([step] * 3)


def test_nsd_counts_a_surface_exactly_at_the_tolerance():
    # 0.1 mm in single precision, as NIfTI stores it, is a little more than 0.1 mm.
    spacing = (1.0, 1.0, float(np.float32(0.1)))
    prediction, reference = mask_of((0, 0, 0), shape=(1, 1, 25)), mask_of((0, 0, 20), shape=(1, 1, 25))
    assert compare(prediction, reference, spacing, nsd_tolerance=2.0)[0]["nsd"] == 1
    assert compare(prediction, reference, spacing, nsd_tolerance=1.9)[0]["nsd"] == 0


def test_identical_masks_are_perfect():
    mask = mask_of((0, 0, 0), (1, 2, 3), (3, 4, 5))
    values, status = compare(mask, mask, SPACING)
    assert status == "ok"
    assert all(values[name] == 1 for name in OVERLAPS)
    assert all(values[name] == 0 for name in (*DISTANCES, "volume_error"))


def test_missed_organ():
    values, status = compare(mask_of(), mask_of((1, 1, 1)), SPACING)
    assert status == "empty_prediction"
    assert all(values[name] == 0 for name in OVERLAPS)
    # The volume measures 12 x 2.5 x 12 mm.
    assert all(values[name] == pytest.approx(math.sqrt(12**2 + 2.5**2 + 12**2)) for name in DISTANCES)
    assert values["volume_error"] == -1


def test_false_alarm():
    values, status = compare(mask_of((1, 1, 1)), mask_of(), SPACING)
    assert status == "absent_in_reference"
    assert all(values[name] == 0 for name in ("dice", "jaccard", "precision", "nsd"))
    assert all(math.isnan(values[name]) for name in ("recall", *DISTANCES, "volume_error"))


def test_organ_absent_from_both():
    values, status = compare(mask_of(), mask_of(), SPACING)
    assert status == "absent_in_both"
    assert all(math.isnan(value) for value in values.values())


def test_registry_is_complete():
    assert list(METRICS) == [*("dice", "jaccard", "precision", "recall"), *DISTANCES, "nsd", "volume_error"]
    assert set(STATUSES) == {"ok", "empty_prediction", "absent_in_reference", "absent_in_both"}
    for metric in METRICS.values():
        assert metric.unit in ("1", "mm")
        assert metric.definition
        assert metric.source
        assert metric.range[0] < metric.range[1]


def noise(shape, share, seed):
    return np.random.default_rng(seed).random(shape) < share


def ellipsoid(shape, centre, radii):
    return sum(((i - c) / r) ** 2 for i, c, r in zip(np.indices(shape), centre, radii, strict=True)) <= 1


def sheet(shape, index):
    mask = np.zeros(shape, bool)
    mask[:, index] = True
    return mask


PAIRS = {
    "dense noise": (noise((12, 15, 9), 0.5, 1), noise((12, 15, 9), 0.5, 2)),
    "sparse noise": (noise((20, 20, 20), 0.002, 3), noise((20, 20, 20), 0.002, 4)),
    "organs": (ellipsoid((24, 40, 40), (12, 20, 20), (8, 15, 12)), ellipsoid((24, 40, 40), (13, 18, 22), (7, 14, 14))),
    "cut by the border": (
        ellipsoid((16, 30, 30), (0, 3, 28), (9, 11, 10)),
        ellipsoid((16, 30, 30), (1, 0, 29), (8, 9, 12)),
    ),
    "the whole volume": (np.ones((6, 7, 8), bool), ellipsoid((6, 7, 8), (3, 3, 4), (2, 2, 3))),
    "thin": (sheet((8, 12, 10), 3), sheet((8, 12, 10), 5)),
    "thin at the border": (sheet((8, 12, 10), 0), sheet((8, 12, 10), 11)),
    "two parts": (
        ellipsoid((20, 30, 30), (5, 6, 6), (4, 5, 5)) | ellipsoid((20, 30, 30), (15, 24, 24), (3, 4, 5)),
        ellipsoid((20, 30, 30), (5, 7, 6), (4, 5, 5)),
    ),
}


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (4.5, 0.7, 0.9)])
@pytest.mark.parametrize("pair", PAIRS)
def test_agreement_with_medpy(pair, spacing):
    prediction, reference = PAIRS[pair]
    values, _ = compare(prediction, reference, spacing)
    assert values["dice"] == pytest.approx(binary.dc(prediction, reference), rel=1e-12)
    assert values["jaccard"] == pytest.approx(binary.jc(prediction, reference), rel=1e-12)
    assert values["precision"] == pytest.approx(binary.precision(prediction, reference), rel=1e-12)
    assert values["recall"] == pytest.approx(binary.recall(prediction, reference), rel=1e-12)
    assert values["hd95"] == pytest.approx(binary.hd95(prediction, reference, spacing), rel=1e-12)
    assert values["assd"] == pytest.approx(binary.assd(prediction, reference, spacing), rel=1e-12)


def test_agreement_with_monai():
    import torch
    from monai.metrics import compute_hausdorff_distance

    spacing = (4.5, 0.7, 0.9)
    for prediction, reference in PAIRS.values():
        one_channel = [torch.from_numpy(mask)[None, None].float() for mask in (prediction, reference)]
        theirs = compute_hausdorff_distance(*one_channel, include_background=True, percentile=95, spacing=spacing)
        values, _ = compare(prediction, reference, spacing)
        assert values["hd95_directed_max"] == pytest.approx(theirs.item(), rel=1e-5)


masks = arrays(bool, (3, 4, 5)).filter(np.any)


@settings(max_examples=60, deadline=None)
@given(masks, masks)
def test_symmetry(first, second):
    there, back = compare(first, second, SPACING)[0], compare(second, first, SPACING)[0]
    for name in ("dice", "jaccard", "nsd", *DISTANCES):
        assert there[name] == pytest.approx(back[name], rel=1e-12)
    assert there["precision"] == back["recall"]


@settings(max_examples=60, deadline=None)
@given(masks, masks, st.integers(1, 3))
def test_padding_changes_nothing(prediction, reference, margin):
    plain = compare(prediction, reference, SPACING)[0]
    padded = compare(np.pad(prediction, margin), np.pad(reference, margin), SPACING)[0]
    assert plain == pytest.approx(padded, rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(masks, masks, st.floats(0.1, 10))
def test_distances_scale_with_spacing(prediction, reference, scale):
    plain = compare(prediction, reference, SPACING)[0]
    scaled = compare(prediction, reference, np.multiply(SPACING, scale))[0]
    for name in DISTANCES:
        assert scaled[name] == pytest.approx(scale * plain[name], rel=1e-9)
    for name in ("dice", "jaccard", "precision", "recall", "volume_error"):
        assert scaled[name] == plain[name]


@settings(max_examples=60, deadline=None)
@given(masks, masks)
def test_values_lie_in_the_stated_range(prediction, reference):
    values, _ = compare(prediction, reference, SPACING)
    for name, metric in METRICS.items():
        assert metric.range[0] <= values[name] <= metric.range[1]
    # No case can be worse than a missed organ.
    assert values["hd95"] < diagonal(prediction.shape, SPACING)
