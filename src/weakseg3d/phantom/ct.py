"""The phantom in CT: Hounsfield units in the portal venous phase, with correlated noise."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from weakseg3d.phantom.anatomy import Tissue, label_table, random_patient
from weakseg3d.phantom.scanner import centre_tissues, make_grid, mix, oblique, scan, to_image

if TYPE_CHECKING:
    import SimpleITK as sitk

LABEL_IDS = {
    "spleen": 1,
    "right_kidney": 2,
    "left_kidney": 3,
    "gallbladder": 4,
    "liver": 6,
    "stomach": 7,
    "aorta": 8,
    "inferior_vena_cava": 9,
    "pancreas": 11,
}
"""The label ids in BTCV of the organs in the phantom."""

HOUNSFIELD = {
    Tissue.AIR: -1000,
    Tissue.SKIN_FAT: -105,
    Tissue.MUSCLE: 62,
    Tissue.CORTICAL_BONE: 420,
    Tissue.MARROW: 190,
    Tissue.DISC: 85,
    Tissue.SPINAL_CANAL: 35,
    Tissue.LUNG: -800,
    Tissue.HEART: 130,
    Tissue.VISCERAL_FAT: -95,
    Tissue.LIVER: 106,
    Tissue.LIVER_VESSEL: 135,
    Tissue.SPLEEN: 122,
    Tissue.RIGHT_KIDNEY_CORTEX: 160,
    Tissue.RIGHT_KIDNEY_MEDULLA: 145,
    Tissue.LEFT_KIDNEY_CORTEX: 160,
    Tissue.LEFT_KIDNEY_MEDULLA: 145,
    Tissue.STOMACH_WALL: 92,
    Tissue.STOMACH_CONTENT: 80,
    Tissue.GAS: -900,
    Tissue.STOMACH_GAS: -900,
    Tissue.AORTA: 148,
    Tissue.VENA_CAVA: 136,
    Tissue.PANCREAS: 100,
    Tissue.GALLBLADDER: 12,
    Tissue.BOWEL_WALL: 90,
    Tissue.BOWEL_FLUID: 25,
    Tissue.BOWEL_MIXED: 75,
    Tissue.BOWEL_DENSE: 120,
}
"""Mean attenuation of each tissue in HU."""

CONTENT_SPREAD = {Tissue.STOMACH_CONTENT: 30.0, Tissue.BOWEL_MIXED: 15.0, Tissue.BOWEL_DENSE: 15.0}
"""Standard deviation (HU) of food between patients; every other soft tissue varies by 5 HU."""

NOISE = (14.0, 20.0)
"""Range of the standard deviation of the noise over all cases, HU."""


def ct_case(seed: int, case: int) -> tuple["sitk.Image", "sitk.Image"]:
    """Return case number ``case`` (from 1) of ``seed``: image (int16, HU) and label (uint8, BTCV ids).

    Both are on the same grid. Of every five cases, the second is oblique, the third is rotated by half a turn, the
    fourth is flipped along z (left-handed), and the fifth is oblique and flipped along x.
    """
    rng = np.random.default_rng([seed, 1, case])
    patient = random_patient(rng)
    isocentre = rng.uniform((-15, -180, -700), (15, -140, -300))
    spacing = (*[rng.uniform(2.5, 3.0)] * 2, rng.uniform(4.0, 6.0))
    grid = make_grid(spacing, _direction(rng, case), isocentre)
    tissues = scan(patient, grid, isocentre)
    image = mix(tissues, _attenuation(rng))
    image += _noise(rng, image.shape)
    image = np.round(np.clip(image, -1024, 3071)).astype(np.int16)
    label = label_table(LABEL_IDS)[centre_tissues(tissues)]
    return to_image(image, grid), to_image(label, grid)


def _direction(rng: np.random.Generator, case: int) -> NDArray[np.float64]:
    return {
        0: oblique(rng) @ np.diag([-1, 1, 1]),
        1: np.eye(3),
        2: oblique(rng),
        3: np.diag([-1, -1, 1]),
        4: np.diag([1, 1, -1]),
    }[case % 5]


def _attenuation(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the attenuation (256,) in HU of the tissues of a patient."""
    values = np.zeros(256)
    for tissue, mean in HOUNSFIELD.items():
        spread = CONTENT_SPREAD.get(tissue, 5.0 if 0 < mean < 200 else 0.0)
        values[tissue] = mean + rng.normal(0, 1) * spread
    return values


def _noise(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return noise with a grain of a few voxels, as left by the reconstruction, in HU (z, y, x)."""
    from scipy.ndimage import gaussian_filter

    fine = gaussian_filter(rng.standard_normal(shape, np.float32), (0, 0.6, 0.6), truncate=3)
    coarse = gaussian_filter(rng.standard_normal(shape, np.float32), (1, 2.5, 2.5), truncate=3)
    noise = fine / fine.std() + 0.35 * coarse / coarse.std()
    return noise * (rng.uniform(*NOISE) / noise.std())
