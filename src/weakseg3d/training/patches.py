"""Patches: the patches of a training step depend only on the seed and the step, so that a run can be resumed."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from monai.data import set_track_meta
from monai.transforms import Compose, Lambda, RandCropByPosNegLabeld, RandSpatialCropSamplesd, Transform
from torch.utils.data import IterableDataset, get_worker_info

from weakseg3d.images.labels import IGNORE
from weakseg3d.training.augmentation import KEYS, augmentation
from weakseg3d.training.loading import THRESHOLD, is_background, is_foreground, is_sparse

ANYWHERE = "none"
"""The ``foreground_share`` of patches that lie anywhere in a volume."""

UNCHANGED = {"form": "soft", "threshold": THRESHOLD}
"""A recipe's ``target`` entry with which targets are not changed."""


class PatchDataset(IterableDataset):
    """An endless series of batches, one per training step: ``image`` and ``target``, (patches, 1, z, y, x) float32.

    ``cases`` come from `load_cases`, and ``training`` and ``target`` are entries of a recipe; the series starts at
    ``first_step``. Every volume is used once before any is used again. Several workers of a DataLoader divide the steps
    among themselves, which changes neither the batches nor their order.
    """

    def __init__(
        self,
        cases: Sequence[Mapping[str, Any]],
        training: Mapping[str, Any],
        seed: int,
        first_step: int = 0,
        target: Mapping[str, Any] = UNCHANGED,
    ) -> None:
        set_track_meta(False)
        self.volumes = [_volume(case, training, target["threshold"]) for case in cases]
        self.per_step = training["volumes_per_step"]
        self.first_step = first_step
        self.seed = seed
        self.target = target
        self.transform = patch_transform(training, any(is_sparse(case["target"]) for case in cases))

    def __iter__(self) -> Iterator[dict[str, torch.Tensor]]:
        worker = get_worker_info()
        start, stride = (worker.id, worker.num_workers) if worker else (0, 1)
        return (self.batch(step) for step in itertools.count(self.first_step + start, stride))

    def batch(self, step: int) -> dict[str, torch.Tensor]:
        """Return the batch of a step."""
        volumes = [self._volume_number(step * self.per_step + k) for k in range(self.per_step)]
        self.transform.set_random_state(seed=int(np.random.default_rng([self.seed, step]).integers(2**32)))
        patches = [patch for volume in volumes for patch in self.transform(self.volumes[volume])]
        batch = {key: torch.stack([patch[key] for patch in patches]).float() for key in KEYS}
        if self.target["form"] == "hard":
            batch["target"] = threshold_target(batch["target"], self.target["threshold"])
        return batch

    def _volume_number(self, draw: int) -> int:
        epoch, position = divmod(draw, len(self.volumes))
        return np.random.default_rng([self.seed, epoch, 1]).permutation(len(self.volumes))[position]


def threshold_target(target: torch.Tensor, threshold: float) -> torch.Tensor:
    """Return a target (any shape, float) as 1 above ``threshold`` and 0 elsewhere; `IGNORE` is kept."""
    return torch.where(target == IGNORE, target, (target > threshold).to(target.dtype))


def normalise_patch(patch: dict[str, Any]) -> dict[str, Any]:
    """Return a patch with the mean of its volume subtracted from the image, divided by the standard deviation."""
    return patch | {"image": (patch["image"] - patch["mean"]) / patch["std"]}


def patch_transform(training: Mapping[str, Any], sparse: bool) -> Compose:
    """Return the MONAI transform from a padded volume to a list of augmented patches.

    ``training`` is a recipe's entry. Set ``sparse`` if targets have unknown voxels.
    """
    return Compose([_crops(training), Lambda(normalise_patch), *augmentation(training["augmentation"], sparse)])


def _crops(training: Mapping[str, Any]) -> Transform:
    """Return the transform that cuts patches from a padded volume: centred as its lists say, or anywhere."""
    share, size, number = training["foreground_share"], training["patch_size"], training["patches_per_volume"]
    if share == ANYWHERE:
        return RandSpatialCropSamplesd(KEYS, roi_size=size, num_samples=number, random_size=False)
    return RandCropByPosNegLabeld(
        KEYS,
        label_key="target",
        spatial_size=size,
        pos=share,
        neg=1 - share,
        num_samples=number,
        fg_indices_key="foreground",
        bg_indices_key="background",
    )


def _volume(case: Mapping[str, Any], training: Mapping[str, Any], threshold: float) -> dict[str, Any]:
    """Pad a case to the patch size where it is smaller, and list the voxels that may be the centre of a patch.

    With ``image_threshold``, centres on the background are voxels of the case, not of the padding, whose image is above
    it. Without centres of one kind, MONAI takes those of the other.
    """
    image, target, bright = case["image"], case["target"], None
    if training["image_threshold"] is not None:
        bright = image > training["image_threshold"]
    missing = [max(0, p - n) for n, p in zip(image.shape, training["patch_size"], strict=True)]
    if any(missing):
        margins = [(m // 2, m - m // 2) for m in missing]
        image = np.pad(image, margins, constant_values=case["mean"])
        target = np.pad(target, margins, constant_values=IGNORE if is_sparse(target) else 0)
        bright = bright if bright is None else np.pad(bright, margins)
    volume = {
        "image": torch.from_numpy(image[None]),
        "mean": case["mean"],
        "std": case["std"],
        "target": torch.from_numpy(target[None]),
    }
    if training["foreground_share"] == ANYWHERE:
        return volume
    background = is_background(target, threshold)
    # The smallest integers that can number the voxels, as the list of background voxels takes the most memory.
    integer = np.min_scalar_type(target.size)
    return volume | {
        "foreground": np.flatnonzero(is_foreground(target, threshold)).astype(integer),
        "background": np.flatnonzero(background if bright is None else background & bright).astype(integer),
    }
