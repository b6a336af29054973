"""Augmentation: what becomes of a patch between its crop and the network, MONAI's transforms as a recipe sets them."""

import math

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
"""How often each of nnU-Net's augmentations is applied where its setting is above 0: per patch, as in nnU-Net's public
code (doi:10.1038/s41592-020-01008-z). There a second draw spares half of the channels blur and low resolution."""


class RandBlurd(RandGaussianSmoothd):
    """MONAI's random Gaussian blur, without the dark rim that its zeros beyond the border leave."""

    def __call__(self, data):
        """Return ``data`` (a dict) with its blurred image divided by equally blurred ones, where it is blurred."""
        result = super().__call__(data)
        if self._do_transform:
            for key in self.keys:
                result[key] = result[key] / self.rand_smooth(torch.ones_like(result[key]), randomize=False)
        return result


def augmentation(settings, sparse):
    """Return the transforms of a recipe's ``augmentation`` entry, for patches ``image`` and ``target`` (1, z, y, x).

    Flips, quarter turns, scale and shift of intensity come first. Settings of `PROBABILITIES` that are 0 or absent are
    off; with all of them off nothing follows. ``sparse`` says that targets have unknown voxels (`IGNORE`).
    """
    transforms = [
        *[RandFlipd(KEYS, prob=settings["flip"], spatial_axis=axis) for axis in range(3)],
        RandRotate90d(KEYS, prob=settings["rotate90"], max_k=3, spatial_axes=(1, 2)),
        RandScaleIntensityd("image", factors=settings["scale_intensity"], prob=0.5),
        RandShiftIntensityd("image", offsets=settings["shift_intensity"], prob=0.5),
    ]
    amounts = {key: settings.get(key, 0) for key in PROBABILITIES}
    if any(amounts.values()):
        transforms += [*_spatial(amounts["rotate"], amounts["zoom"], sparse), *_intensity(amounts)]
    return transforms


def _spatial(rotate, zoom, sparse):
    """Return the transforms that rotate and zoom, with one resampling.

    ``rotate`` is the largest angle about each axis in degrees. Along each axis a patch becomes 1 / (1 + ``zoom``) to
    1 / (1 - ``zoom``) times as large. nnU-Net draws one factor for all axes, and whether to rotate and to zoom apart;
    here they come together, as often as one of them does there.

    The nearest voxel gives a target's value, so that a label stays a label. Beyond the border the image continues as
    it ends. So does a full target, of which losses want a class everywhere; a sparse one is unknown there.
    """
    spared = math.prod(1 - PROBABILITIES[key] for key, amount in (("rotate", rotate), ("zoom", zoom)) if amount)
    affine = RandAffined(
        KEYS,
        prob=1 - spared,
        rotate_range=[math.radians(rotate)] * 3,
        scale_range=[zoom] * 3,
        mode=["bilinear", "nearest"],
        padding_mode=["border", "zeros" if sparse else "border"],
    )
    if not sparse:
        return [affine]
    # Padding is with zeros, so zero has to mean unknown meanwhile; labels are small integers and come back exactly.
    return [
        CastToTyped("target", np.float32),
        ShiftIntensityd("target", offset=-IGNORE),
        affine,
        ShiftIntensityd("target", offset=IGNORE),
    ]


def _intensity(amounts):
    """Return the transforms that change intensities by at most ``amounts``, in nnU-Net's order.

    ``noise`` is a standard deviation in the image's units and ``blur`` one in voxels along each axis. ``contrast`` and
    ``gamma`` deviate from 1, the former round the patch's mean and within its range, the latter on the range mapped to
    [0, 1], keeping mean and standard deviation. ``low_resolution`` is the share of voxels lost along each axis.

    A transform that is off keeps its place with probability 0, so that it changes no draw of the others.
    """
    probability = {key: PROBABILITIES[key] if amount else 0 for key, amount in amounts.items()}
    blur, gamma = amounts["blur"], amounts["gamma"]
    return [
        RandGaussianNoised("image", prob=probability["noise"], std=amounts["noise"]),
        RandBlurd("image", *[(0, blur)] * 3, prob=probability["blur"]),
        RandScaleIntensityFixedMeand(
            "image", factors=amounts["contrast"], preserve_range=True, prob=probability["contrast"]
        ),
        RandSimulateLowResolutiond(
            "image", prob=probability["low_resolution"], zoom_range=(1 - amounts["low_resolution"], 1)
        ),
        RandAdjustContrastd("image", prob=probability["gamma"], gamma=(1 - gamma, 1 + gamma), retain_stats=True),
    ]
