"""Augmentation: the first settings draw as before, the others do what they promise, unknown stays unknown."""

import functools
import itertools

import numpy as np
import pytest
import torch
from monai.data import set_track_meta
from monai.transforms import Compose, RandFlipd, RandRotate90d, RandScaleIntensityd, RandShiftIntensityd
from scipy import ndimage

from weakseg3d.images.labels import IGNORE
from weakseg3d.training.augmentation import KEYS, PROBABILITIES, augmentation

OFF = {"flip": 0.0, "rotate90": 0.0, "scale_intensity": 0.0, "shift_intensity": 0.0}
OFF |= {"scale_probability": 0.5, "shift_probability": 0.5}
OLD = {
    "flip": 0.4,
    "rotate90": 0.5,
    "scale_intensity": 0.2,
    "shift_intensity": 0.3,
    "scale_probability": 0.5,
    "shift_probability": 0.5,
}
ALL = {"rotate": 30, "zoom": 0.3, "noise": 0.1, "blur": 1.0, "contrast": 0.25, "low_resolution": 0.5, "gamma": 0.4}
SEEDS = range(40)


@pytest.fixture(autouse=True)
def plain_tensors():
    """Turn MONAI's metadata off, as training does."""
    set_track_meta(False)
    yield
    set_track_meta(True)


def smooth_patch(shape=(12, 24, 24), seed=0, target=torch.uint8):
    """Return a smooth patch in [0, 1] with a target of background, organ and, near the border, unknown voxels."""
    image = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), 2)
    image = (image - image.min()) / np.ptp(image)
    labels = np.full(shape, IGNORE)
    labels[2:-2, 4:-4, 4:-4] = (image > 0.5)[2:-2, 4:-4, 4:-4]
    return {"image": torch.tensor(image[None]).float(), "target": torch.tensor(labels[None]).to(target)}


def augment(patch, seed, sparse=True, **settings):
    transform = transforms(sparse, **settings)
    transform.set_random_state(seed)
    return transform(patch)


@functools.cache
def transforms(sparse, **settings):
    return Compose(augmentation(OFF | settings, sparse))


def images(patch, number=15, **settings):
    """Return the images, as arrays, of the first seeds for which ``settings`` changed the image of ``patch``."""
    results = (augment(patch, seed, **settings)["image"] for seed in itertools.count())
    changed = (image.numpy() for image in results if not torch.equal(image, patch["image"]))
    return list(itertools.islice(changed, number))


@pytest.mark.parametrize("sparse", [False, True])
def test_the_first_settings_draw_as_before(sparse):
    first_transforms = Compose(
        [
            *[RandFlipd(KEYS, prob=0.4, spatial_axis=axis) for axis in range(3)],
            RandRotate90d(KEYS, prob=0.5, max_k=3, spatial_axes=(1, 2)),
            RandScaleIntensityd("image", factors=0.2, prob=0.5),
            RandShiftIntensityd("image", offsets=0.3, prob=0.5),
        ]
    )
    patch = smooth_patch()
    for seed in range(20):
        first_transforms.set_random_state(seed)
        expected, result = first_transforms(patch), augment(patch, seed, sparse, **OLD)
        assert all(torch.equal(result[key], expected[key]) and result[key].dtype == expected[key].dtype for key in KEYS)


def test_nothing_follows_the_first_settings_when_the_others_are_off():
    off = dict.fromkeys(PROBABILITIES, 0)
    assert len(augmentation(OLD, True)) == len(augmentation(OLD | off, True)) == 6


@pytest.mark.parametrize("key", ALL)
def test_a_setting_is_applied_as_often_as_it_should_be(key):
    patch = smooth_patch((6, 6, 6))
    number = sum(
        not torch.equal(augment(patch, seed, **{key: ALL[key]})["image"], patch["image"]) for seed in range(150)
    )
    # The tolerance is four standard deviations of a binomial distribution.
    share = PROBABILITIES[key]
    assert number / 150 == pytest.approx(share, abs=4 * (share * (1 - share) / 150) ** 0.5)


@pytest.mark.parametrize("key", ["noise", "blur", "contrast", "low_resolution", "gamma"])
def test_a_setting_changes_no_draw_of_another(key):
    patch = smooth_patch((6, 6, 6))
    for seed in SEEDS:
        alone, beside = augment(patch, seed, **{key: ALL[key]}), augment(patch, seed, rotate=30, **{key: ALL[key]})
        if torch.equal(augment(patch, seed, rotate=30)["image"], patch["image"]):
            assert torch.equal(alone["image"], beside["image"])
        first = augment(patch, seed, **OLD)
        if torch.equal(alone["image"], patch["image"]):
            assert torch.equal(first["image"], augment(patch, seed, **OLD, **{key: ALL[key]})["image"])


def test_the_same_seed_gives_the_same_patch():
    patch = smooth_patch()
    results = [augment(patch, seed, **OLD, **ALL) for seed in (3, 4, 3)]
    assert all(torch.equal(results[0][key], results[2][key]) for key in KEYS)
    assert not torch.equal(results[0]["image"], results[1]["image"])


@pytest.mark.parametrize("scale", [(0.0, 1.0), (-1.0, 4.0)], ids=["unit interval", "z-scores"])
def test_intensities_stay_finite_and_the_targets_as_they_are(scale):
    low, width = scale
    patch = smooth_patch((8, 8, 8))
    patch["image"] = low + width * patch["image"]
    intensity = {key: value for key, value in ALL.items() if key not in ("rotate", "zoom")}
    for seed in SEEDS:
        result = augment(patch, seed, **intensity)
        assert torch.isfinite(result["image"]).all()
        assert torch.equal(result["target"], patch["target"].float())


@pytest.mark.parametrize("value", [0.0, 0.7])
def test_a_uniform_image_stays_uniform_without_noise(value):
    patch = {"image": torch.full((1, 8, 8, 8), value), "target": torch.zeros(1, 8, 8, 8)}
    for seed in SEEDS:
        image = augment(patch, seed, **ALL | {"noise": 0})["image"]
        torch.testing.assert_close(image, patch["image"], rtol=0, atol=1e-5)


def test_noise_is_white_and_at_most_as_strong_as_set():
    patch = smooth_patch()
    differences = [image - patch["image"].numpy() for image in images(patch, noise=0.1)]
    strengths = [difference.std() for difference in differences]
    assert max(strengths) < 0.11
    assert max(strengths) > 2 * min(strengths)
    for difference, strength in zip(differences, strengths, strict=True):
        assert abs(difference.mean()) < 5 * strength / difference.size**0.5
        neighbours = np.corrcoef(difference[..., 1:].ravel(), difference[..., :-1].ravel())[0, 1]
        assert abs(neighbours) < 0.1


def test_blur_is_gaussian_and_at_most_as_wide_as_set():
    """A point becomes a Gaussian, whose variance along each axis is the variance of the blur."""
    patch = {"image": torch.zeros(1, 17, 17, 17), "target": torch.zeros(1, 17, 17, 17)}
    patch["image"][0, 8, 8, 8] = 1
    for blurred in images(patch, blur=1.5):
        profiles = [blurred[0].sum(axis=axes) for axes in ((1, 2), (0, 2), (0, 1))]
        widths = [((np.arange(17) - 8) ** 2 * profile).sum() ** 0.5 for profile in profiles]
        assert blurred.sum() == pytest.approx(1, abs=1e-3)
        # A voxel is a box, whose own variance of 1/12 is added.
        assert max(widths) < (1.5**2 + 1 / 12) ** 0.5


def test_contrast_changes_deviations_from_the_mean_by_at_most_the_setting():
    patch = smooth_patch()
    image = patch["image"].numpy()
    gains = []
    for changed in images(patch, contrast=0.25):
        assert image.min() - 1e-6 <= changed.min()
        assert changed.max() <= image.max() + 1e-6
        inner = (changed > image.min() + 1e-4) & (changed < image.max() - 1e-4)
        gain = (changed - image.mean())[inner] / (image - image.mean())[inner]
        gains.append(np.median(gain))
        np.testing.assert_allclose(
            (image - image.mean())[inner] * gains[-1], (changed - image.mean())[inner], atol=1e-4
        )
    assert 0.75 <= min(gains) < 0.9
    assert 1.1 < max(gains) <= 1.25


def test_gamma_bends_intensities_but_keeps_their_order_mean_and_deviation():
    patch = smooth_patch()
    image = patch["image"].numpy()
    middles = []
    for bent in images(patch, gamma=0.4):
        assert bent.mean() == pytest.approx(image.mean(), abs=1e-4)
        assert bent.std() == pytest.approx(image.std(), rel=1e-3)
        assert (np.diff(bent.ravel()[np.argsort(image, axis=None)]) > -1e-6).all()
        middles.append(bent.min() - image.min())
    assert min(middles) < -0.01
    assert max(middles) > 0.01


def test_low_resolution_loses_detail_and_keeps_structure():
    """A checkerboard, finer than the low resolution, fades; a ramp is shifted by less than a voxel or so."""
    checkerboard = torch.from_numpy(np.indices((12, 12, 12)).sum(axis=0) % 2)[None].float()
    faded = images({"image": checkerboard, "target": checkerboard}, low_resolution=0.5)
    assert np.mean([image.std() for image in faded]) < 0.8 * checkerboard.std()
    ramp = torch.linspace(0, 1, 25)[:24].expand(1, 12, 24, 24).clone()
    for image in images({"image": ramp, "target": ramp}, low_resolution=0.5):
        assert np.abs(image - ramp.numpy()).max() < 2.1 / 24


@pytest.mark.parametrize("settings", [{"rotate": 30}, {"zoom": 0.3}, {"rotate": 30, "zoom": 0.3}], ids=str)
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_rotated_and_zoomed_labels_remain_labels(settings, dtype):
    patch = smooth_patch(target=dtype)
    for seed in SEEDS:
        target = augment(patch, seed, **settings)["target"]
        assert set(target.unique().tolist()) == {0, 1, 2}


def test_beyond_the_border_a_sparse_target_is_unknown_and_the_image_continues():
    patch = {"image": torch.full((1, 8, 24, 24), 0.5), "target": torch.ones(1, 8, 24, 24, dtype=torch.uint8)}
    shares = []
    for seed in SEEDS:
        result = augment(patch, seed, rotate=30)
        assert set(result["target"].unique().tolist()) <= {1, IGNORE}
        assert torch.equal(result["image"], patch["image"])
        shares.append((result["target"] == IGNORE).float().mean().item())
        assert result["target"][0, 3:5, 10:14, 10:14].eq(1).all()
    assert max(shares) > 0.05


def test_a_full_target_continues_beyond_the_border():
    target = torch.rand(1, 12, 12, 12, generator=torch.Generator().manual_seed(0))
    patch = {"image": target, "target": target}
    for seed in SEEDS:
        result = augment(patch, seed, sparse=False, rotate=30, zoom=0.3)["target"]
        assert torch.isin(result, target).all()


def test_image_and_target_move_together():
    """Along each axis, the nearest value differs by at most half a step from the interpolated value."""
    image = smooth_patch()["image"]
    patch = {"image": image, "target": image}
    half_steps = sum(image.diff(dim=axis).abs().max() for axis in (1, 2, 3)) / 2
    moved = 0
    for seed in SEEDS:
        result = augment(patch, seed, sparse=False, flip=0.5, rotate90=0.5, rotate=30, zoom=0.3)
        assert (result["image"] - result["target"]).abs().max() <= half_steps + 1e-5
        moved += (result["image"] - image).abs().max() > 2 * half_steps
    assert moved > 20


def centres(patch, **settings):
    """Return the image's centre of mass after augmentation, (patches, 3) in voxels."""
    return np.array([ndimage.center_of_mass(image[0]) for image in images(patch, **settings)])


@pytest.mark.parametrize("axis", range(3))
def test_rotation_is_about_each_axis_both_ways_and_at_most_by_the_angle(axis):
    """A point on one axis moves about the other two."""
    position = [12, 12, 12]
    position[axis] = 21
    image = np.zeros((25, 25, 25))
    image[tuple(position)] = 1
    image = torch.tensor(ndimage.gaussian_filter(image, 1)[None]).float()
    moved = centres({"image": image, "target": image}, rotate=30) - 12
    radius = np.linalg.norm(moved, axis=1)
    np.testing.assert_allclose(radius, 9, atol=0.2)
    angles = np.degrees(np.arccos(moved[:, axis] / radius))
    # The point takes part in two rotations of at most 30 degrees each.
    assert angles.max() < np.degrees(np.arccos(np.cos(np.radians(30)) ** 2)) + 1
    assert angles.max() > 15
    for other in {0, 1, 2} - {axis}:
        assert moved[:, other].min() < -1
        assert moved[:, other].max() > 1


def test_zoom_changes_sizes_along_each_axis_by_at_most_the_setting():
    image = np.exp(-sum((axis - 12.0) ** 2 for axis in np.indices((25, 25, 25))) / (2 * 2.0**2))
    patch = {"image": torch.tensor(image[None]).float(), "target": torch.zeros(1, 25, 25, 25)}
    sizes = []
    for zoomed in images(patch, zoom=0.3):
        profiles = [zoomed[0].sum(axis=axes) / zoomed.sum() for axes in ((1, 2), (0, 2), (0, 1))]
        sizes.append([((np.arange(25) - 12.0) ** 2 * profile).sum() ** 0.5 / 2 for profile in profiles])
    smallest, largest = np.min(sizes, axis=0), np.max(sizes, axis=0)
    assert ((smallest > 1 / 1.3 - 0.02) & (smallest < 0.9)).all()
    assert ((largest > 1.1) & (largest < 1 / 0.7 + 0.05)).all()


@pytest.mark.parametrize("probability", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("kind", ["scale", "shift"])
def test_intensity_changes_as_often_as_set(kind, probability):
    settings = OFF | {f"{kind}_intensity": 0.1, f"{kind}_probability": probability}
    patch = {"image": torch.ones((1, 4, 4, 4)), "target": torch.ones((1, 4, 4, 4))}
    changed = [not torch.equal(augment(patch, seed, **settings)["image"], patch["image"]) for seed in range(300)]
    # Four standard deviations of a binomial share; exactly 0 and 1 at the ends.
    assert np.mean(changed) == pytest.approx(probability, abs=4 * (probability * (1 - probability) / 300) ** 0.5)
