"""Lesions: cases derived by hand, values of another labelling and assignment, and properties of every pair."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from weakseg3d.evaluation.compare import compare
from weakseg3d.evaluation.lesions import LEAST_IOU, matched_lesions
from weakseg3d.evaluation.long_table import read_metrics
from weakseg3d.evaluation.rows import write_rows
from weakseg3d.report.tables.measures import measure

SHAPE = (5, 12, 12)


def mask_of(*blocks):
    """Return a mask with the given blocks, each three slices or indices."""
    mask = np.zeros(SHAPE, bool)
    for block in blocks:
        mask[block] = True
    return mask


def row_of(*runs, y=1):
    """Return a mask with runs ``(start, stop)`` of voxels along x."""
    return mask_of(*((1, y, slice(*run)) for run in runs))


def values_of(prediction, reference):
    values = compare(prediction, reference, (3.0, 1.0, 1.0))[0]
    return tuple(values[name] for name in ("lesion_f1", "missed_lesions", "false_lesions", "lesion_dice"))


# Each case: the prediction, the reference; F1, missed, false and Dice per lesion.
CASES = {
    # TP 1, FN 1: F1 = 2 / 3. The lesion found is the same, the other counts 0: Dice = (1 + 0) / 2.
    "one of two found": (row_of((0, 3)), row_of((0, 3), (6, 9)), (2 / 3, 1, 0, 1 / 2)),
    # TP 1, FP 1. Dice = 2 * 2 / (2 + 3) for the only lesion of the reference.
    "one found, one false": (row_of((1, 3), (6, 9)), row_of((0, 3)), (2 / 3, 0, 1, 4 / 5)),
    # One component of 8 voxels over two lesions of 3 and 4: IoU 3/8 and 4/8. The larger IoU wins, the other lesion is
    # missed, and nothing is false. Dice = (0 + 2 * 4 / (8 + 4)) / 2.
    "two merged": (row_of((0, 8)), row_of((0, 3), (4, 8)), (2 / 3, 1, 0, 1 / 3)),
    # The same the other way round: the smaller piece is false. Dice = 2 * 4 / (8 + 4) for the only lesion.
    "one split": (row_of((0, 3), (4, 8)), row_of((0, 8)), (2 / 3, 0, 1, 2 / 3)),
    # 1 of 10 voxels is an IoU of exactly 0.1, which is not above it; 2 of 10 is.
    "too little": (row_of((0, 1)), row_of((0, 10)), (0, 1, 1, 0)),
    "just enough": (row_of((0, 2)), row_of((0, 10)), (1, 0, 0, 1 / 3)),
    "beside each other": (row_of((0, 3)), row_of((3, 6)), (0, 1, 1, 0)),
    # Voxels that touch by a corner are one lesion, of two voxels, of which the prediction has one.
    "a corner": (mask_of((0, 0, 0)), mask_of((0, 0, 0), (1, 1, 1)), (1, 0, 0, 2 / 3)),
    "an edge": (mask_of((0, 0, 0)), mask_of((0, 0, 0), (0, 1, 1)), (1, 0, 0, 2 / 3)),
    "one voxel between": (mask_of((0, 0, 0)), mask_of((0, 0, 0), (0, 0, 2)), (2 / 3, 1, 0, 1 / 2)),
    "nothing found": (row_of((0, 2)), row_of((5, 7), (9, 11), y=5), (0, 2, 1, 0)),
}


@pytest.mark.parametrize("name", CASES)
def test_cases_derived_by_hand(name):
    prediction, reference, expected = CASES[name]
    assert values_of(prediction, reference) == pytest.approx(expected)


def test_the_matching_is_the_best_as_a_whole():
    # Reference: voxels 0-5 and 7-9; prediction: 0 and 3-8. The long lesion of the prediction shares 3 of 9 voxels with
    # the first of the reference and 2 of 7 with the second, the single voxel 1 of 6 with the first. Taken first, the
    # pair with the largest IoU, 3/9, would leave nothing for the others; 1/6 + 2/7 is more.
    reference, prediction = row_of((0, 6), (7, 10)), row_of((0, 1), (3, 9))
    assert values_of(prediction, reference) == pytest.approx((1, 0, 0, (2 * 1 / 7 + 2 * 2 / 9) / 2))


@pytest.mark.parametrize(
    ("prediction", "reference", "expected"),
    [
        pytest.param(mask_of(), row_of((0, 2), (4, 6)), (0, 2, 0, 0), id="no prediction"),
        pytest.param(row_of((0, 2), (4, 6), (8, 9)), mask_of(), (0, 0, 3, np.nan), id="no reference"),
        pytest.param(mask_of(), mask_of(), (np.nan,) * 4, id="neither"),
    ],
)
def test_empty_masks(prediction, reference, expected, tmp_path):
    assert values_of(prediction, reference) == pytest.approx(expected, nan_ok=True)
    values, status = compare(prediction, reference, (1.0, 1.0, 1.0))
    labels = {"dataset": "d", "organ": "o", "method": "m", "seed": "0", "case": "1"}
    write_rows(tmp_path / "rows.csv", labels, values, status)
    assert len(read_metrics(tmp_path / "rows.csv")) == len(values)


def test_a_table_says_what_a_missed_organ_counts():
    assert measure("missed_lesions").when_missed == "the missed lesions of an empty prediction"
    assert measure("false_lesions").when_missed == "False lesions 0"


def test_touching_the_border_of_the_cut_changes_nothing():
    # The masks are cut to their bounding box first, where both lesions lie on the border.
    small = row_of((0, 2), (8, 10))
    padded = np.pad(small, 3)
    assert values_of(np.roll(small, 1, 2), small) == values_of(np.roll(padded, 1, 2), padded)


def by_trying_all(prediction, reference):
    """Return (largest sum of IoU, most pairs with it) over all matchings, by SciPy's labels and plain counting."""
    (p, n), (r, m) = (ndimage.label(mask, np.ones((3, 3, 3))) for mask in (prediction, reference))
    iou = np.array([[((p == i + 1) & (r == j + 1)).sum() / ((p == i + 1) | (r == j + 1)).sum() for j in range(m)]
                    for i in range(n)]).reshape(n, m)  # fmt: skip
    iou[iou <= LEAST_IOU] = 0
    if n > m:
        iou = iou.T
    matchings = (iou[range(min(n, m)), list(order)] for order in itertools.permutations(range(max(n, m)), min(n, m)))
    return max((round(float(each.sum()), 9), int((each > 0).sum())) for each in matchings), n, m


few = arrays(bool, (3, 5, 6), elements=st.sampled_from([False, False, False, True]))


@settings(max_examples=150)
@given(few, few)
def test_no_other_matching_is_better(prediction, reference):
    lesions = matched_lesions(prediction, reference)
    (total, pairs), n, m = by_trying_all(prediction, reference)
    assert (lesions.prediction, lesions.reference, lesions.detected) == (n, m, pairs)
    dice = lesions.matched_dice
    assert (dice / (2 - dice)).sum() == pytest.approx(total)


@settings(max_examples=100)
@given(few, few)
def test_exchanging_the_masks_exchanges_missed_and_false(prediction, reference):
    one, other = matched_lesions(prediction, reference), matched_lesions(reference, prediction)
    assert (one.missed, one.false, one.detected) == (other.false, other.missed, other.detected)
    assert min(one.missed, one.false) >= 0
    assert one.missed + one.detected == one.reference


@settings(max_examples=60)
@given(few, st.permutations(range(3)), st.lists(st.booleans(), min_size=3, max_size=3))
def test_turned_and_mirrored_masks_have_the_same_values(reference, axes, mirrored):
    prediction = np.roll(reference, 1, axis=2) & reference | np.roll(reference, 2, axis=1)
    flips = tuple(axis for axis, flip in enumerate(mirrored) if flip)
    one, other = (
        compare(*masks, (1.0, 1.0, 1.0))[0]
        for masks in (
            (prediction, reference),
            [np.flip(mask.transpose(axes), flips) for mask in (prediction, reference)],
        )
    )
    for name in ("lesion_f1", "missed_lesions", "false_lesions"):
        assert one[name] == pytest.approx(other[name], nan_ok=True)


@settings(max_examples=60)
@given(few)
def test_a_mask_finds_all_its_own_lesions(mask):
    lesions = matched_lesions(mask, mask)
    assert lesions.missed == lesions.false == 0
    assert lesions.matched_dice == pytest.approx(1)


@settings(max_examples=60)
@given(few, few)
def test_one_lesion_each_has_the_dice_of_the_masks(prediction, reference):
    values, status = compare(prediction, reference, (1.0, 1.0, 1.0))
    lesions = matched_lesions(prediction, reference)
    if status == "ok" and lesions.prediction == lesions.reference == 1:
        assert values["lesion_dice"] == pytest.approx(values["dice"] * lesions.detected)
        assert values["lesion_f1"] == lesions.detected


def test_a_noisy_prediction_with_many_components_needs_no_matrix_of_all_pairs():
    # 256,000 single voxels; a matrix of all pairs would take half a terabyte.
    mask = np.zeros((80, 160, 160), bool)
    mask[::2, ::2, ::2] = True
    lesions = matched_lesions(mask, mask)
    assert lesions.detected == lesions.reference == 40 * 80 * 80
