"""Metrics: values derived by hand, values of other libraries, and properties that hold for every pair."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from medpy.metric import binary

from weakseg3d.evaluation.compare import compare, diagonal
from weakseg3d.evaluation.metric import STATUSES
from weakseg3d.evaluation.metrics import METRICS

SHAPE, SPACING = (4, 5, 6), (3.0, 0.5, 2.0)
OVERLAPS = ("dice", "jaccard", "precision", "recall", "nsd")
DISTANCES = ("hd95", "hd95_directed_max", "hd", "assd")


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
    assert values["hd"] == pytest.approx(2)
    # Surface elements lie at voxel corners. The prediction has 8 triangles, each the corner of a box of half the
    # spacing (1.5 x 0.25 x 1 mm) cut off: sides in the planes, half the root of the sum of squared products. The
    # reference has the same at its ends and 4 rectangles between them, 2 mm long, as wide as the corner's cut. Its
    # 4 triangles at x = 1 are 2 mm away from the prediction's at x = 2; everything else coincides.
    triangles = 8 * math.hypot(1.5 * 0.25, 1.5 * 1, 0.25 * 1) / 2
    rectangles = 4 * 2 * math.hypot(1.5, 0.25)
    assert values["nsd"] == pytest.approx((1.5 * triangles + rectangles) / (2 * triangles + rectangles))


@pytest.mark.parametrize(("axis", "step"), enumerate(SPACING))
def test_neighbours_are_one_spacing_apart(axis, step):
    neighbour = [1, 1, 1]
    neighbour[axis] += 1
    values, _ = compare(mask_of((1, 1, 1)), mask_of(tuple(neighbour)), SPACING)
    assert values["dice"] == values["volume_error"] == 0
    assert [values[name] for name in DISTANCES] == pytest.approx([step] * len(DISTANCES))


def test_nsd_counts_a_surface_exactly_at_the_tolerance():
    # 0.1 mm in single precision, as NIfTI stores it, is a little more than 0.1 mm.
    spacing = (1.0, 1.0, float(np.float32(0.1)))
    prediction, reference = mask_of((0, 0, 0), shape=(1, 1, 25)), mask_of((0, 0, 20), shape=(1, 1, 25))
    assert compare(prediction, reference, spacing, nsd_tolerance=2.0)[0]["nsd"] == 1
    # The sides that face each other lie 1.9 mm apart; the opposite sides are 2 mm from these.
    assert compare(prediction, reference, spacing, nsd_tolerance=1.9)[0]["nsd"] == 0.5
    assert compare(prediction, reference, spacing, nsd_tolerance=1.8)[0]["nsd"] == 0


def test_identical_masks_are_perfect():
    mask = mask_of((0, 0, 0), (1, 2, 3), (3, 4, 5))
    values, status = compare(mask, mask, SPACING)
    assert status == "ok"
    assert all(values[name] == 1 for name in OVERLAPS)
    assert all(values[name] == 0 for name in (*DISTANCES, "volume_error"))


# The volume measures 12 x 2.5 x 12 mm.
DIAGONAL = math.sqrt(12**2 + 2.5**2 + 12**2)
NAN = float("nan")
WHEN_EMPTY = {
    # metric: (missed organ, false alarm); absent from both, every metric is undefined.
    "dice": (0, 0),
    "jaccard": (0, 0),
    "precision": (0, 0),
    "recall": (0, NAN),
    "hd95": (DIAGONAL, NAN),
    "hd95_directed_max": (DIAGONAL, NAN),
    "hd": (DIAGONAL, NAN),
    "assd": (DIAGONAL, NAN),
    "nsd": (0, 0),
    "volume_error": (-1, NAN),
    # One lesion in either mask.
    "lesion_f1": (0, 0),
    "lesion_dice": (0, NAN),
    "missed_lesions": (1, 0),
    "false_lesions": (0, 1),
}


@pytest.mark.parametrize(
    ("prediction", "reference", "status", "expected"),
    [
        pytest.param([], [(1, 1, 1)], "empty_prediction", {n: v[0] for n, v in WHEN_EMPTY.items()}, id="missed"),
        pytest.param([(1, 1, 1)], [], "absent_in_reference", {n: v[1] for n, v in WHEN_EMPTY.items()}, id="alarm"),
        pytest.param([], [], "absent_in_both", dict.fromkeys(WHEN_EMPTY, NAN), id="nothing"),
    ],
)
def test_every_metric_has_its_value_when_a_mask_is_empty(prediction, reference, status, expected):
    values, computed_status = compare(mask_of(*prediction), mask_of(*reference), SPACING)
    assert computed_status == status
    assert values == pytest.approx(expected, nan_ok=True)


def test_registry_is_complete():
    assert set(METRICS) == set(WHEN_EMPTY)
    assert set(STATUSES) == {"ok", "empty_prediction", "absent_in_reference", "absent_in_both"}
    for metric in METRICS.values():
        assert metric.unit in ("1", "mm")
        assert metric.definition
        assert metric.source
        assert metric.range[0] < metric.range[1]


def noise(shape, share, seed):
    return np.random.default_rng(seed).random(shape) < share


def checkerboard(shape):
    return np.indices(shape).sum(axis=0) % 2 == 0


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
    "many parts": (
        noise((14, 20, 20), 0.02, 5) | ellipsoid((14, 20, 20), (7, 9, 9), (4, 6, 6)),
        noise((14, 20, 20), 0.02, 6) | ellipsoid((14, 20, 20), (6, 9, 10), (4, 6, 6)),
    ),
    "corners that touch": (checkerboard((7, 8, 9)), ~checkerboard((7, 8, 9))),
    "a line and a voxel": (mask_of(*((i, 3, 4) for i in range(4))) != 0, mask_of((2, 1, 0)) != 0),
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
    assert values["hd"] == pytest.approx(binary.hd(prediction, reference, spacing), rel=1e-12)
    assert values["assd"] == pytest.approx(binary.assd(prediction, reference, spacing), rel=1e-12)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (4.5, 0.7, 0.9)])
@pytest.mark.parametrize("pair", PAIRS)
def test_agreement_with_monai(pair, spacing):
    import torch
    from monai.metrics import compute_hausdorff_distance, compute_surface_dice

    prediction, reference = PAIRS[pair]
    one_channel = [torch.from_numpy(mask)[None, None].float() for mask in (prediction, reference)]
    options = {"include_background": True, "spacing": spacing}
    values, _ = compare(prediction, reference, spacing)
    for name, percentile in (("hd95_directed_max", 95), ("hd", None)):
        theirs = compute_hausdorff_distance(*one_channel, percentile=percentile, **options)
        assert values[name] == pytest.approx(theirs.item(), rel=1e-5)
    # MONAI uses the tables of google-deepmind's surface-distance. No distance lies within rounding of a tolerance.
    for tolerance in (0.05, 0.95, 2.05, 5.01):
        theirs = compute_surface_dice(*one_channel, class_thresholds=[tolerance], use_subvoxels=True, **options)
        ours = compare(prediction, reference, spacing, nsd_tolerance=tolerance)[0]["nsd"]
        assert ours == pytest.approx(theirs.item(), rel=1e-5, abs=1e-6)


masks = arrays(bool, (3, 4, 5)).filter(np.any)


@settings(max_examples=60)
@given(masks, masks)
def test_symmetry(first, second):
    there, back = compare(first, second, SPACING)[0], compare(second, first, SPACING)[0]
    for name in ("dice", "jaccard", "nsd", *DISTANCES):
        assert there[name] == pytest.approx(back[name], rel=1e-12)
    assert there["precision"] == back["recall"]


@settings(max_examples=60)
@given(masks, masks, st.integers(1, 3))
def test_padding_changes_nothing(prediction, reference, margin):
    plain = compare(prediction, reference, SPACING)[0]
    padded = compare(np.pad(prediction, margin), np.pad(reference, margin), SPACING)[0]
    assert plain == pytest.approx(padded, rel=1e-12)


@settings(max_examples=60)
@given(masks, masks, st.floats(0.1, 10))
def test_distances_scale_with_spacing(prediction, reference, scale):
    plain = compare(prediction, reference, SPACING)[0]
    scaled = compare(prediction, reference, np.multiply(SPACING, scale))[0]
    for name in DISTANCES:
        assert scaled[name] == pytest.approx(scale * plain[name], rel=1e-9)
    for name in ("dice", "jaccard", "precision", "recall", "volume_error"):
        assert scaled[name] == plain[name]


@settings(max_examples=60)
@given(masks, masks)
def test_values_lie_in_the_stated_range(prediction, reference):
    values, _ = compare(prediction, reference, SPACING)
    for name, metric in METRICS.items():
        assert metric.range[0] <= values[name] <= metric.range[1]
    # No case can be worse than a missed organ.
    assert max(values["hd95"], values["hd95_directed_max"]) <= values["hd"] < diagonal(prediction.shape, SPACING)
