"""Where patches lie: on the target, on background that is bright enough, or anywhere."""

import numpy as np
import pytest

from weakseg3d.images.labels import IGNORE
from weakseg3d.training.patches import PatchDataset

AUGMENTATION = {"flip": 0.0, "rotate90": 0.0, "scale_intensity": 0.0, "shift_intensity": 0.0}
AUGMENTATION |= {"scale_probability": 0.0, "shift_probability": 0.0}


def settings(**changes):
    return {
        "patch_size": [8, 8, 8],
        "volumes_per_step": 1,
        "patches_per_volume": 4,
        "foreground_share": 0.0,
        "image_threshold": None,
        "augmentation": AUGMENTATION,
    } | changes


def numbered_case(target, bright):
    """Return a case whose image is 0 but in ``bright`` voxels, which hold their number from 1 on."""
    image = np.zeros(target.shape, np.float32)
    image[bright] = np.arange(1, bright.sum() + 1)
    return {"case": "a", "image": image, "target": target, "mean": 0.0, "std": 1.0}


def centres(patches, steps):
    """Return the values of the image at the centres of all patches of some steps."""
    return [float(v) for step in range(steps) for v in patches.batch(step)["image"][:, 0, 4, 4, 4]]


@pytest.fixture
def case():
    """A volume of 20 voxels a side, with the organ in a corner, and one half bright."""
    target = np.zeros((20, 20, 20), np.uint8)
    target[:6, :6, :6] = 1
    bright = np.zeros(target.shape, bool)
    bright[:, :, 10:] = True
    return numbered_case(target, bright)


def test_background_centres_are_bright_where_the_recipe_wants_them_so(case):
    without = centres(PatchDataset([case], settings(), 0), 40)
    # About half of the background is dark, and the number of bright centres is binomial.
    assert 40 < sum(value == 0 for value in without) < 120
    bright = centres(PatchDataset([case], settings(image_threshold=0.0), 0), 40)
    assert min(bright) > 0
    brighter = centres(PatchDataset([case], settings(image_threshold=3000.0), 0), 40)
    assert min(brighter) > 3000


def test_the_threshold_lists_exactly_the_known_background_above_it():
    # Of four bright voxels, one is organ, one unknown and one not above the threshold.
    target = np.zeros((8, 8, 8), np.uint8)
    target[0, 0, 0], target[0, 0, 1] = 1, IGNORE
    image = np.zeros(target.shape, np.float32)
    image[0, 0, :4] = [0.9, 0.9, 0.5, 0.6]
    case = {"case": "a", "image": image, "target": target, "mean": 0.3, "std": 2.0}
    (volume,) = PatchDataset([case], settings(image_threshold=0.5), 0).volumes
    assert volume["background"].tolist() == [3]
    assert volume["foreground"].tolist() == [0]
    (volume,) = PatchDataset([case], settings(), 0).volumes
    assert len(volume["background"]) == 8**3 - 2


def test_padding_is_never_bright():
    # The padding holds the mean, 0.3, which would be above the threshold.
    target = np.zeros((6, 8, 8), np.uint8)
    target[3, 3, 3] = 1
    image = np.full(target.shape, 0.1, np.float32)
    image[0, 2, 5] = 0.7
    case = {"case": "a", "image": image, "target": target, "mean": 0.3, "std": 1.0}
    (volume,) = PatchDataset([case], settings(image_threshold=0.2), 0).volumes
    assert volume["background"].tolist() == [np.ravel_multi_index((1, 2, 5), (8, 8, 8))]


def test_uniform_patches_lie_anywhere_whatever_the_target(case):
    # Along each axis, a patch of 8 in 20 voxels has 13 places, all equally likely.
    image = np.arange(20, dtype=np.float32)[:, None, None] * np.ones((20, 20, 20), np.float32)
    patches = PatchDataset([case | {"image": image}], settings(foreground_share="none"), 0)
    starts = [int(value) for step in range(200) for value in patches.batch(step)["image"][:, 0, 0, 0, 0]]
    counts = np.bincount(starts, minlength=13)
    assert len(counts) == 13
    expected = 800 / 13
    assert (np.abs(counts - expected) < 4.5 * expected**0.5).all()
    moved = case | {"image": image, "target": case["target"][::-1, ::-1, ::-1].copy()}
    elsewhere = PatchDataset([moved], settings(foreground_share="none"), 0)
    assert np.array_equal(patches.batch(5)["image"], elsewhere.batch(5)["image"])


def test_image_and_target_of_a_uniform_patch_belong_together(case):
    target = (np.arange(8000).reshape(20, 20, 20) % 2).astype(np.uint8)
    alike = case | {"image": target.astype(np.float32), "target": target}
    patches = PatchDataset([alike], settings(foreground_share="none"), 0)
    batch = patches.batch(0)
    assert np.array_equal(batch["image"], batch["target"])
    assert batch["image"].shape == (4, 1, 8, 8, 8)


def test_without_a_bright_voxel_on_the_background_patches_are_centred_on_the_organ(case):
    dark = case | {"image": np.full((20, 20, 20), -1, np.float32) + 2 * case["target"]}
    assert set(centres(PatchDataset([dark], settings(image_threshold=5.0, foreground_share=0.5), 0), 5)) <= {1.0, -1.0}
