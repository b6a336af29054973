"""The phantom in MR: T1 in and out of phase, and T2 with fat suppression, all with bias field and Rician noise."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from weakseg3d.phantom.anatomy import Patient, Tissue, label_table, random_patient
from weakseg3d.phantom.scanner import Grid, centre_tissues, make_grid, mix, oblique, scan, to_image

if TYPE_CHECKING:
    import SimpleITK as sitk

LABEL_IDS = {"liver": 1, "right_kidney": 2, "left_kidney": 3, "spleen": 4}
"""Ids of the four organs of CHAOS, which are stored as grey levels in the archive."""

SIGNAL = {
    # tissue: (T1 water, T1 fat, T2-SPIR), arbitrary units
    Tissue.AIR: (0, 0, 0),
    Tissue.SKIN_FAT: (60, 520, 70),
    Tissue.MUSCLE: (230, 5, 110),
    Tissue.CORTICAL_BONE: (50, 15, 40),
    Tissue.MARROW: (150, 110, 120),
    Tissue.DISC: (190, 0, 200),
    Tissue.SPINAL_CANAL: (110, 0, 620),
    Tissue.LUNG: (20, 0, 25),
    Tissue.HEART: (180, 0, 180),
    Tissue.VISCERAL_FAT: (60, 480, 75),
    Tissue.LIVER: (310, 15, 200),
    Tissue.LIVER_VESSEL: (210, 0, 260),
    Tissue.SPLEEN: (215, 0, 390),
    Tissue.RIGHT_KIDNEY_CORTEX: (245, 0, 405),
    Tissue.RIGHT_KIDNEY_MEDULLA: (200, 0, 435),
    Tissue.LEFT_KIDNEY_CORTEX: (245, 0, 405),
    Tissue.LEFT_KIDNEY_MEDULLA: (200, 0, 435),
    Tissue.STOMACH_WALL: (220, 0, 260),
    Tissue.STOMACH_CONTENT: (200, 0, 395),
    Tissue.GAS: (10, 0, 10),
    Tissue.STOMACH_GAS: (10, 0, 10),
    Tissue.AORTA: (140, 0, 80),
    Tissue.VENA_CAVA: (150, 0, 130),
    Tissue.PANCREAS: (280, 20, 290),
    Tissue.GALLBLADDER: (150, 0, 650),
    Tissue.BOWEL_WALL: (225, 0, 270),
    Tissue.BOWEL_FLUID: (140, 0, 560),
    Tissue.BOWEL_MIXED: (215, 0, 400),
    Tissue.BOWEL_DENSE: (260, 10, 230),
}
"""Signal of each tissue: water and fat in T1, and T2 with most of the fat suppressed."""

CONTENT = (Tissue.STOMACH_CONTENT, Tissue.BOWEL_MIXED, Tissue.BOWEL_DENSE)
"""Tissues that are food, whose signal varies by 15 % between patients; every other tissue varies by 2 %."""

NOISE = (20.0, 28.0)
"""Range over all cases of the standard deviation of the noise in each of the two receiver channels."""


def mr_case(seed: int, case: int) -> dict[str, dict[str, "sitk.Image"]]:
    """Return case number ``case`` (from 1) of ``seed`` as ``{"T1DUAL": …, "T2SPIR": …}``.

    T1DUAL contains the images ``in_phase`` and ``out_phase`` and their ``label``; T2SPIR contains ``image`` and
    ``label``. Images are uint16, labels uint8 (ids 1 to 4), and the two sequences have different grids. Of every five
    cases, the second is oblique, the third is rotated about y (left and right, head and feet swapped), and the fifth is
    oblique and rotated about z. All are right-handed, as in DICOM.
    """
    rng = np.random.default_rng([seed, 2, case])
    patient = random_patient(rng)
    isocentre = rng.uniform((-20, -30, -40), (20, 30, 40))
    direction = _direction(rng, case)
    signal = _signal(rng)

    grid, tissues = _acquire(rng, patient, direction, isocentre)
    water, fat = mix(tissues, signal[0]), mix(tissues, signal[1])
    bias = _bias_field(rng, grid.size)
    t1 = {
        "in_phase": to_image(_receive(rng, bias * (water + fat)), grid),
        "out_phase": to_image(_receive(rng, bias * np.abs(water - fat)), grid),
        "label": _label(tissues, grid),
    }
    grid, tissues = _acquire(rng, patient, direction, isocentre)
    t2 = {
        "image": to_image(_receive(rng, _bias_field(rng, grid.size) * mix(tissues, signal[2])), grid),
        "label": _label(tissues, grid),
    }
    return {"T1DUAL": t1, "T2SPIR": t2}


def _direction(rng: np.random.Generator, case: int) -> NDArray[np.float64]:
    return {
        0: oblique(rng) @ np.diag([-1, -1, 1]),
        1: np.eye(3),
        2: oblique(rng),
        3: np.diag([-1, 1, -1]),
        4: np.eye(3),
    }[case % 5]


def _acquire(
    rng: np.random.Generator, patient: Patient, direction: NDArray[np.float64], isocentre: NDArray[np.float64]
) -> tuple[Grid, NDArray[np.uint8]]:
    """Return the grid of a sequence and the tissues at its samples."""
    spacing = (*[rng.uniform(2.2, 2.8)] * 2, rng.uniform(5.5, 8.0))
    grid = make_grid(spacing, direction, isocentre)
    # Every sequence is a separate breath-hold, in which the organs lie a little higher or lower.
    return grid, scan(patient, grid, isocentre + (0, 0, rng.normal(0, 2)))


def _label(tissues: NDArray[np.uint8], grid: Grid) -> "sitk.Image":
    return to_image(label_table(LABEL_IDS)[centre_tissues(tissues)], grid)


def _signal(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the signals (3, 256) of the tissues of a patient, with the rows T1 water, T1 fat, T2-SPIR."""
    values = np.zeros((3, 256))
    for tissue, signal in SIGNAL.items():
        spread = 0.15 if tissue in CONTENT else 0.02
        values[:, tissue] = np.array(signal) * (1 + rng.normal(0, spread, 3))
    return values


def _bias_field(rng: np.random.Generator, size: tuple[int, ...]) -> NDArray[np.float32]:
    """Return the smooth gain (z, y, x) of the receiver coils on a grid of ``size`` (x, y, z), about 0.7 to 1.3."""
    z, y, x = (np.linspace(-1, 1, n, dtype=np.float32) for n in reversed(size))
    ax, ay, az, axy = rng.uniform(-0.15, 0.15, 4)
    field = np.outer(np.ones_like(y), ax * x) + np.outer(ay * y, np.ones_like(x)) + axy * np.outer(y, x)
    edge = rng.uniform(0.05, 0.25) * (np.add.outer(y**2, x**2) / 2)
    return np.exp((field + edge)[None] + (az * z)[:, None, None]).astype(np.float32)


def _receive(rng: np.random.Generator, signal: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Return the magnitude (z, y, x) of ``signal`` with noise in both channels, which is then Rician."""
    sigma = rng.uniform(*NOISE)
    real = signal + sigma * rng.standard_normal(signal.shape, np.float32)
    imaginary = sigma * rng.standard_normal(signal.shape, np.float32)
    return np.round(np.hypot(real, imaginary)).astype(np.uint16)
