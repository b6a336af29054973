"""Augmentation of patches between the crop and the network: MONAI's transforms with a recipe's settings."""

import math
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import torch
from monai.transforms import (
    CastToTyped,
    RandAdjustContrastd,
    RandAffined,
    RandFlipd,
    RandGaussianNoised,
    RandGaussianSmoothd,
    RandRotate90d,
    RandScaleIntensityd,
    RandScaleIntensityFixedMeand,
    RandShiftIntensityd,
    RandSimulateLowResolutiond,
    ShiftIntensityd,
    Transform,
)

from weakseg3d.images.labels import IGNORE

KEYS = ["image", "target"]
PROBABILITIES = {
    "rotate": 0.2,
    "zoom": 0.2,
    "noise": 0.1,
    "blur": 0.2,
    "contrast": 0.15,
    "low_resolution": 0.25,
    "gamma": 0.3,
}
"""The probability, per patch, of each of nnU-Net's augmentations if its setting is above 0, as in nnU-Net's public code
(doi:10.1038/s41592-020-01008-z). In that code a second draw exempts half of the channels from blur and low resolution.
"""


class RandBlurd(RandGaussianSmoothd):
    """MONAI's random Gaussian blur without its dark rim, which comes from padding with zeros beyond the border."""

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return ``data`` with its image blurred, or unchanged; a blurred image is divided by equally blurred ones."""
        result = super().__call__(data)
        if self._do_transform:
            for key in self.keys:
                result[key] = result[key] / self.rand_smooth(torch.ones_like(result[key]), randomize=False)
        return result


def augmentation(settings: Mapping[str, float], sparse: bool) -> list[Transform]:
    """Return the transforms of a recipe's ``augmentation`` entry, for patches ``image`` and ``target`` (1, z, y, x).

    Flips, quarter turns, scaling and shift of intensity come first. Settings of `PROBABILITIES` that are 0 or missing
    are off; if all of them are off, no further transforms are added. Set ``sparse`` if targets have unknown voxels
    (`IGNORE`).
    """
    transforms: list[Transform] = [
        *[RandFlipd(KEYS, prob=settings["flip"], spatial_axis=axis) for axis in range(3)],
        RandRotate90d(KEYS, prob=settings["rotate90"], max_k=3, spatial_axes=(1, 2)),
        RandScaleIntensityd("image", factors=settings["scale_intensity"], prob=settings["scale_probability"]),
        RandShiftIntensityd("image", offsets=settings["shift_intensity"], prob=settings["shift_probability"]),
    ]
    amounts = {key: settings.get(key, 0) for key in PROBABILITIES}
    if any(amounts.values()):
        transforms += [*_spatial(amounts["rotate"], amounts["zoom"], sparse), *_intensity(amounts)]
    return transforms


def _spatial(rotate: float, zoom: float, sparse: bool) -> list[Transform]:
    """Return the transforms that rotate and zoom, with a single resampling.

    ``rotate`` is the largest angle about each axis in degrees. Along each axis, a patch becomes 1 / (1 + ``zoom``) to
    1 / (1 - ``zoom``) times as large. nnU-Net draws one factor for all axes, and decides separately whether to rotate
    and whether to zoom; here both are applied together, as often as nnU-Net applies at least one of them.

    Targets are interpolated by the nearest voxel, so that labels stay labels. Beyond the border, the image repeats its
    border voxels. So does a full target, since its losses need a class everywhere; a sparse target is unknown there.
    """
    unchanged = math.prod(1 - PROBABILITIES[key] for key, amount in (("rotate", rotate), ("zoom", zoom)) if amount)
    affine = RandAffined(
        KEYS,
        prob=1 - unchanged,
        rotate_range=[math.radians(rotate)] * 3,
        scale_range=[zoom] * 3,
        mode=["bilinear", "nearest"],
        padding_mode=["border", "zeros" if sparse else "border"],
    )
    if not sparse:
        return [affine]
    # MONAI pads with zeros, so zero must mean unknown for the moment. Labels are small integers and restored exactly.
    return [
        CastToTyped("target", np.float32),
        ShiftIntensityd("target", offset=-IGNORE),
        affine,
        ShiftIntensityd("target", offset=IGNORE),
    ]


def _intensity(amounts: Mapping[str, float]) -> list[Transform]:
    """Return the transforms that change intensities by at most ``amounts``, in nnU-Net's order.

    ``noise`` is a standard deviation in the image's units, and ``blur`` a standard deviation in voxels along each axis.
    ``contrast`` and ``gamma`` are deviations from 1: contrast is scaled around the patch's mean and clipped to its
    range; gamma is applied to the range mapped to [0, 1], and mean and standard deviation are kept.
    ``low_resolution`` is the share of voxels lost along each axis.

    A transform that is off keeps its place in the list with probability 0, so that the draws of the others do not
    change.
    """
    probability = {key: PROBABILITIES[key] if amount else 0 for key, amount in amounts.items()}
    blur, gamma = amounts["blur"], amounts["gamma"]
    return [
        RandGaussianNoised("image", prob=probability["noise"], std=amounts["noise"]),
        RandBlurd("image", sigma_x=(0, blur), sigma_y=(0, blur), sigma_z=(0, blur), prob=probability["blur"]),
        RandScaleIntensityFixedMeand(
            "image", factors=amounts["contrast"], preserve_range=True, prob=probability["contrast"]
        ),
        RandSimulateLowResolutiond(
            "image", prob=probability["low_resolution"], zoom_range=(1 - amounts["low_resolution"], 1)
        ),
        RandAdjustContrastd("image", prob=probability["gamma"], gamma=(1 - gamma, 1 + gamma), retain_stats=True),
    ]
