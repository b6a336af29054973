"""Scans of the phantom: sizes, geometry, determinism, and no segmentation by a simple threshold."""

import numpy as np
import pytest
import SimpleITK as sitk

from weakseg3d.phantom import ct, mr

SEED = 2024


@pytest.fixture(scope="module")
def ct_cases():
    return {case: ct.ct_case(SEED, case) for case in range(1, 6)}


@pytest.fixture(scope="module")
def mr_cases():
    return {case: mr.mr_case(SEED, case) for case in range(1, 6)}


def array(image):
    return sitk.GetArrayFromImage(image)


def volume_ml(label, value):
    return np.count_nonzero(array(label) == value) * np.prod(label.GetSpacing()) / 1000


def centroid(label, value):
    index = np.argwhere(array(label) == value).mean(axis=0)[::-1]
    return np.array(label.TransformContinuousIndexToPhysicalPoint(index))


def best_thresholds(image, mask):
    """Return the best Dice of a single threshold (on either side) and of an interval of intensities."""
    values = array(image).astype(int).ravel()
    values = (values - values.min()) // 4
    every = np.concatenate([[0], np.cumsum(np.bincount(values))])
    inside = np.concatenate([[0], np.cumsum(np.bincount(values, array(mask).ravel(), minlength=len(every) - 1))])
    dice = 2 * (inside[None] - inside[:, None]) / (inside[-1] + np.abs(every[None] - every[:, None]))
    return max(dice[0].max(), dice[:, -1].max()), dice.max()


@pytest.mark.parametrize(
    ("organ", "low", "high"),
    [("liver", 1000, 1700), ("spleen", 100, 300), ("right_kidney", 90, 220), ("left_kidney", 90, 220)],
)
def test_organs_have_adult_sizes(ct_cases, mr_cases, organ, low, high):
    for _, label in ct_cases.values():
        assert low < volume_ml(label, ct.LABEL_IDS[organ]) < high
    for scans in mr_cases.values():
        assert low < volume_ml(scans["T2SPIR"]["label"], mr.LABEL_IDS[organ]) < high


def test_organs_lie_where_they_belong(ct_cases):
    for _, label in ct_cases.values():
        liver, spleen, right, left, aorta = (centroid(label, value) for value in (6, 1, 2, 3, 8))
        # LPS: x increases to the patient's left, y to the back, z to the head.
        assert liver[0] < aorta[0] - 20
        assert spleen[0] > aorta[0] + 50
        assert right[0] < aorta[0] < left[0]
        assert spleen[1] > aorta[1]
        assert spleen[2] > left[2]
        assert liver[2] > right[2]


def test_organs_lie_completely_inside_the_field_of_view(ct_cases, mr_cases):
    cases = [(label, (1, 2, 3, 6, 7)) for _, label in ct_cases.values()]
    cases += [(s[q]["label"], (1, 2, 3, 4)) for s in mr_cases.values() for q in ("T1DUAL", "T2SPIR")]
    for label, ids in cases:
        rim = array(label)
        rim[1:-1, 1:-1, 1:-1] = 0
        assert not np.isin(rim, ids).any()


def test_the_spacing_is_anisotropic_and_varies(ct_cases, mr_cases):
    for images in (
        [image for image, _ in ct_cases.values()],
        [scans["T2SPIR"]["image"] for scans in mr_cases.values()],
    ):
        spacings = {image.GetSpacing() for image in images}
        assert len(spacings) == len(images)
        assert all(z > 1.3 * x for x, _, z in spacings)


def test_the_second_case_is_oblique_and_the_third_is_rotated(ct_cases, mr_cases):
    for oblique, rotated in (
        (ct_cases[2][0], ct_cases[3][0]),
        (mr_cases[2]["T2SPIR"]["image"], mr_cases[3]["T2SPIR"]["image"]),
    ):
        assert np.abs(oblique.GetDirection()).max() < 0.9999
        assert min(rotated.GetDirection()) == -1


def test_ct_has_a_left_handed_case():
    image, _ = ct.ct_case(SEED, 4)
    assert np.linalg.det(np.reshape(image.GetDirection(), (3, 3))) == pytest.approx(-1)


def test_ct_is_in_hounsfield_units(ct_cases):
    image, label = ct_cases[1]
    hu, ids = array(image), array(label)
    assert image.GetPixelID() == sitk.sitkInt16
    assert hu[ids == 6].mean() == pytest.approx(106, abs=15)
    assert hu[:, 0, 0].mean() == pytest.approx(-1000, abs=10)
    assert 10 < hu[ids == 6].std() < 30


def test_each_mr_sequence_has_its_own_contrast(mr_cases):
    scans = mr_cases[1]
    label, t1, t2 = array(scans["T1DUAL"]["label"]), scans["T1DUAL"], scans["T2SPIR"]
    in_phase, out_phase = array(t1["in_phase"]), array(t1["out_phase"])
    assert in_phase[label == 1].mean() > in_phase[label == 4].mean()
    spleen_t2, liver_t2 = (array(t2["image"])[array(t2["label"]) == value].mean() for value in (4, 1))
    assert spleen_t2 > 1.3 * liver_t2
    # Out of phase, fat and water in the same voxel cancel, so the rim of the liver is darker than in phase.
    liver = sitk.GetImageFromArray((label == 1).astype(np.uint8))
    rim = array(sitk.BinaryDilate(liver, (1, 1, 0))) > array(liver)
    assert out_phase[rim].mean() < 0.8 * in_phase[rim].mean()


def test_mr_background_is_rician(mr_cases):
    air = array(mr_cases[1]["T2SPIR"]["image"])[:, :4, :4].astype(float)
    # Without signal, the magnitude of noise has a Rayleigh distribution: mean / sd = sqrt(pi / (4 - pi)) = 1.91.
    assert air.mean() / air.std() == pytest.approx(1.91, abs=0.15)


def test_a_threshold_does_not_find_the_spleen(ct_cases, mr_cases):
    for pairs, spleen in (
        (list(ct_cases.values()), 1),
        ([(s["T2SPIR"]["image"], s["T2SPIR"]["label"]) for s in mr_cases.values()], 4),
        ([(s["T1DUAL"]["in_phase"], s["T1DUAL"]["label"]) for s in mr_cases.values()], 4),
        ([(s["T1DUAL"]["out_phase"], s["T1DUAL"]["label"]) for s in mr_cases.values()], 4),
    ):
        scores = np.array([best_thresholds(image, label == spleen) for image, label in pairs])
        assert scores[:, 0].max() < 0.5
        assert scores[:, 1].max() < 0.5


def test_the_same_seed_gives_the_same_case_and_another_seed_a_different_one(ct_cases, mr_cases):
    assert array(ct.ct_case(SEED, 2)[0]).tobytes() == array(ct_cases[2][0]).tobytes()
    assert array(mr.mr_case(SEED, 2)["T1DUAL"]["out_phase"]).tobytes() == (
        array(mr_cases[2]["T1DUAL"]["out_phase"]).tobytes()
    )
    assert ct.ct_case(SEED + 1, 2)[0].GetSpacing() != ct_cases[2][0].GetSpacing()
