"""The abdomen of a random patient: the tissue at every point.

Coordinates are LPS in millimetres (x to the left, y to the back, z to the head) with the origin on the body's axis
at the height of the first lumbar vertebra. Sizes follow the means of adults: liver about 1.4 l, spleen 0.2 l, a
kidney 0.15 l.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from weakseg3d.phantom.shapes import Shape, Warp, bumpy, ellipsoid, minus, random_warp, smooth_union, tube


class Tissue(IntEnum):
    """The tissue at a point of the patient, with one intensity in CT and in every MR sequence."""

    AIR = 0
    SKIN_FAT = 1
    MUSCLE = 2
    CORTICAL_BONE = 3
    MARROW = 4
    DISC = 5
    SPINAL_CANAL = 6
    LUNG = 7
    HEART = 8
    VISCERAL_FAT = 9
    LIVER = 10
    LIVER_VESSEL = 11
    SPLEEN = 12
    RIGHT_KIDNEY_CORTEX = 13
    RIGHT_KIDNEY_MEDULLA = 14
    LEFT_KIDNEY_CORTEX = 15
    LEFT_KIDNEY_MEDULLA = 16
    STOMACH_WALL = 17
    STOMACH_CONTENT = 18
    GAS = 19
    AORTA = 20
    VENA_CAVA = 21
    PANCREAS = 22
    GALLBLADDER = 23
    BOWEL_WALL = 24
    BOWEL_FLUID = 25
    BOWEL_MIXED = 26
    BOWEL_DENSE = 27
    STOMACH_GAS = 28


ORGANS = {
    "spleen": (Tissue.SPLEEN,),
    "right_kidney": (Tissue.RIGHT_KIDNEY_CORTEX, Tissue.RIGHT_KIDNEY_MEDULLA),
    "left_kidney": (Tissue.LEFT_KIDNEY_CORTEX, Tissue.LEFT_KIDNEY_MEDULLA),
    "liver": (Tissue.LIVER, Tissue.LIVER_VESSEL),
    "stomach": (Tissue.STOMACH_WALL, Tissue.STOMACH_CONTENT, Tissue.STOMACH_GAS),
    "aorta": (Tissue.AORTA,),
    "inferior_vena_cava": (Tissue.VENA_CAVA,),
    "pancreas": (Tissue.PANCREAS,),
    "gallbladder": (Tissue.GALLBLADDER,),
}
"""The tissues of each organ that can be outlined in a reference."""


@dataclass(frozen=True)
class Structure:
    """An organ in the cavity.

    ``layers`` contains (depth in mm, tissue) from the surface inwards. ``gap`` is the thickness (mm) of the film of fat
    that separates it from the organs painted before. Inside a hollow organ, ``gas`` replaces the content in front
    of ``gas_level`` (y in mm), as gas rises while the patient lies on the back.
    """

    shape: Shape
    layers: tuple[tuple[float, Tissue], ...]
    gap: float = 2.5
    gas: Tissue | None = None
    gas_level: float = -np.inf


@dataclass(frozen=True)
class Patient:
    """A random patient: size of the trunk (mm), deformation of the whole body, and the organs in painting order."""

    half_width: float
    half_depth: float
    fat: float
    domes: tuple[tuple[tuple[float, float], float], ...]
    warp: Warp
    structures: tuple[Structure, ...]


def random_patient(rng: np.random.Generator) -> Patient:
    """Return a patient whose numbers are all drawn from ``rng``."""
    size = rng.uniform(0.96, 1.04)
    return Patient(
        half_width=size * rng.uniform(148, 158),
        half_depth=size * rng.uniform(100, 110),
        fat=rng.uniform(11, 20),
        domes=(((-64, 0), rng.uniform(98, 104)), ((64, 5), rng.uniform(86, 94))),
        warp=random_warp(rng, 4.0, (150, 300)),
        structures=(
            *_bowel(rng),
            *_colon(rng),
            _stomach(rng),
            _pancreas(rng),
            *_liver(rng),
            _gallbladder(rng),
            _kidney(rng, -1, Tissue.RIGHT_KIDNEY_CORTEX, Tissue.RIGHT_KIDNEY_MEDULLA),
            _kidney(rng, 1, Tissue.LEFT_KIDNEY_CORTEX, Tissue.LEFT_KIDNEY_MEDULLA),
            _spleen(rng),
            *_great_vessels(rng),
        ),
    )


def tissues_at(patient: Patient, points: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the tissue at each of ``points`` (3, n; LPS, mm) as uint8 (n,)."""
    points = patient.warp(points)
    tissues = _trunk(patient, points)
    # Organs are painted only over the fat of the cavity: wall, spine and lungs do not change.
    cavity = np.flatnonzero(tissues == Tissue.VISCERAL_FAT)
    points = points[:, cavity]
    inside = np.full(len(cavity), Tissue.VISCERAL_FAT, np.uint8)
    for structure in patient.structures:
        _paint(inside, points, structure)
    tissues[cavity] = inside
    return tissues


def label_table(ids: Mapping[str, int]) -> NDArray[np.uint8]:
    """Return a table (256,) from tissue to label id; ``ids`` is ``{organ: id}``."""
    table = np.zeros(256, np.uint8)
    for organ, label in ids.items():
        table[list(ORGANS[organ])] = label
    return table


def _paint(inside: NDArray[np.uint8], points: NDArray[np.float32], structure: Structure) -> None:
    low, high = structure.shape.low - structure.gap, structure.shape.high + structure.gap
    near = np.flatnonzero(
        (points[2] > low[2])
        & (points[2] < high[2])
        & (points[1] > low[1])
        & (points[1] < high[1])
        & (points[0] > low[0])
        & (points[0] < high[0])
    )
    distance = structure.shape.distance(points[:, near])
    inside[near[distance < structure.gap]] = Tissue.VISCERAL_FAT
    for depth, tissue in structure.layers:
        inside[near[distance < -depth]] = tissue
    if structure.gas is not None:
        content = distance < -structure.layers[-1][0]
        inside[near[content & (points[1, near] < structure.gas_level)]] = structure.gas


def _trunk(patient: Patient, points: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return air, skin fat, wall, ribs, spine, lungs and heart, with fat in the rest of the cavity."""
    x, y, z = points
    tissues = np.zeros(points.shape[1], np.uint8)
    wall, lining = patient.fat, patient.fat + 11
    tissues[_cross_section(patient, x, y, 0) < 1] = Tissue.SKIN_FAT
    tissues[_cross_section(patient, x, y, wall) < 1] = Tissue.MUSCLE
    in_rib_layer = (_cross_section(patient, x, y, wall + 3) < 1) & (_cross_section(patient, x, y, wall + 9) > 1)
    # Ribs slope down towards the front; the costal arch leaves the belly free.
    rib = in_rib_layer & (np.cos(2 * np.pi * (z - 0.45 * y) / 28) > 0.45) & (z > -35 - 0.5 * y)
    tissues[rib] = Tissue.CORTICAL_BONE
    cavity = _cross_section(patient, x, y, lining) < 1
    tissues[cavity] = Tissue.VISCERAL_FAT

    diaphragm = np.maximum(
        *(top - 75 * (((x - cx) / 95) ** 2 + ((y - cy) / 85) ** 2) for (cx, cy), top in patient.domes)
    )
    tissues[cavity & (z > diaphragm)] = Tissue.LUNG
    tissues[cavity & (np.abs(z - diaphragm) < 1.5)] = Tissue.MUSCLE
    heart = ellipsoid((18, -28, 122), (58, 44, 42), (0, 20, 0)).distance(points) < 0
    tissues[heart & (z > diaphragm + 1.5) & cavity] = Tissue.HEART

    for side in (-1, 1):
        tissues[((x - side * 33) / 27) ** 2 + ((y - 76) / 17) ** 2 < 1] = Tissue.MUSCLE
        psoas = np.clip(8 - z / 10, 0, 17)
        tissues[(x - side * 34) ** 2 + (y - 44) ** 2 < psoas**2] = Tissue.MUSCLE
        tissues[((x - side * 22) / 14) ** 2 + ((y - 16) / 3) ** 2 + ((z - 20) / 26) ** 2 < 1] = Tissue.MUSCLE
    body = np.sqrt((x / 22) ** 2 + ((y - 44) / 17) ** 2)
    disc = np.cos(2 * np.pi * z / 34) > 0.8
    tissues[(body < 1) & disc] = Tissue.DISC
    tissues[(body < 1) & ~disc] = Tissue.CORTICAL_BONE
    tissues[(body < 0.88) & ~disc] = Tissue.MARROW
    arch = (x / 17) ** 2 + ((y - 68) / 13) ** 2 < 1
    tissues[arch] = Tissue.CORTICAL_BONE
    tissues[(np.abs(x) < 4) & (y > 68) & (y < 92) & (np.cos(2 * np.pi * z / 34) < 0.3)] = Tissue.CORTICAL_BONE
    tissues[(x / 10) ** 2 + ((y - 67) / 8) ** 2 < 1] = Tissue.SPINAL_CANAL
    return tissues


def _cross_section(
    patient: Patient, x: NDArray[np.float32], y: NDArray[np.float32], inset: float
) -> NDArray[np.float32]:
    """Return a level that is 1 on the trunk's outline moved inwards by ``inset`` mm: a slightly squared ellipse."""
    u = (x / (patient.half_width - inset)) ** 2
    v = (y / (patient.half_depth - inset)) ** 2
    return u + v - 0.35 * np.minimum(u, 1) * np.minimum(v, 1)


def _liver(rng: np.random.Generator) -> Iterator[Structure]:
    grow = rng.uniform(0.96, 1.04)
    right = ellipsoid((-62, -2, 32) + rng.normal(0, 3, 3), grow * rng.uniform(0.97, 1.03, 3) * (67, 72, 76))
    left_centre, left_radii = (8, -38, 46) + rng.normal(0, 4, 3), grow * rng.uniform(0.88, 1.12, 3) * (64, 29, 38)
    left = ellipsoid(left_centre, left_radii, (0, rng.uniform(-20, 0), 0))
    # The liver lies in front of the right kidney and next to it, never behind it.
    renal_fossa = ellipsoid((-54, 72, -38), (42, 40, 72), (10, 8, 0))
    shape = bumpy(minus(smooth_union(right, left, 20), renal_fossa), rng, 3.0, (70, 150))
    yield Structure(shape, ((0, Tissue.LIVER),))
    hilum = np.array((-28, 2, 22)) + rng.normal(0, 3, 3)
    for target in ((-95, 20, 45), (-85, -25, 20), (-70, 10, 75), (15, -38, 50)):
        path = [hilum, (hilum + target) / 2 + rng.normal(0, 6, 3), np.array(target) + rng.normal(0, 5, 3)]
        yield Structure(tube(path, (6, 4.5, 3)), ((0, Tissue.LIVER_VESSEL),), gap=0)


def _gallbladder(rng: np.random.Generator) -> Structure:
    shape = ellipsoid((-36, -38, -32) + rng.normal(0, 4, 3), rng.uniform(0.85, 1.15, 3) * (14, 15, 26), (-25, 0, 0))
    return Structure(shape, ((0, Tissue.GALLBLADDER),), gap=1.5)


def _spleen(rng: np.random.Generator) -> Structure:
    centre = np.array((94, 32, 37)) + rng.normal(0, 4, 3)
    turns = rng.normal(0, 8, 3) + (-25, 10, 30)
    body = ellipsoid(centre, rng.uniform(0.92, 1.08, 3) * (29, 51, 44), turns)
    hilum = ellipsoid(centre - (42, 12, 0) + rng.normal(0, 3, 3), (27, 34, 32))
    return Structure(bumpy(minus(body, hilum), rng, 2.5, (50, 110)), ((0, Tissue.SPLEEN),))


def _kidney(rng: np.random.Generator, side: int, cortex: Tissue, medulla: Tissue) -> Structure:
    height = -40 if side < 0 else -28
    centre = np.array((side * 68, 42, height)) + rng.normal(0, 4, 3)
    body = ellipsoid(centre, rng.uniform(0.94, 1.06, 3) * (30, 25.5, 57), (8, side * -10, side * rng.uniform(15, 35)))
    sinus = ellipsoid(centre + (-side * 24, -8, 0), (19, 10, 19))
    return Structure(bumpy(minus(body, sinus), rng, 1.5, (50, 100)), ((0, cortex), (9, medulla)), gap=4)


def _stomach(rng: np.random.Generator) -> Structure:
    path = np.array([(60, 10, 54), (60, -18, 30), (40, -44, 2), (8, -44, -12), (-16, -36, -8)], float)
    path += rng.normal(0, 4, path.shape)
    shape = bumpy(tube(path, rng.uniform(0.88, 1.12) * np.array((31, 27, 21, 16, 12))), rng, 2.5, (60, 120))
    return Structure(
        shape,
        ((0, Tissue.STOMACH_WALL), (3.5, Tissue.STOMACH_CONTENT)),
        gas=Tissue.STOMACH_GAS,
        gas_level=rng.uniform(-75, -35),
    )


def _pancreas(rng: np.random.Generator) -> Structure:
    path = np.array([(-26, -12, -16), (-8, -14, 0), (25, -4, 10), (52, 12, 18), (74, 22, 24)], float)
    path += rng.normal(0, 3, path.shape)
    return Structure(bumpy(tube(path, (14, 11, 10, 9.5, 8)), rng, 2.0, (40, 80)), ((0, Tissue.PANCREAS),), gap=2)


def _great_vessels(rng: np.random.Generator) -> Iterator[Structure]:
    aorta = np.array([(12, 20, 140), (11, 16, 60), (8, 14, 0), (4, 15, -140)], float)
    vena_cava = np.array([(-24, -2, 140), (-24, 2, 60), (-20, 14, 0), (-16, 16, -140)], float)
    yield Structure(tube(aorta + rng.normal(0, 2, (4, 3)), rng.uniform(9, 11.5)), ((0, Tissue.AORTA),), gap=2)
    yield Structure(
        bumpy(tube(vena_cava + rng.normal(0, 2, (4, 3)), rng.uniform(9.5, 12)), rng, 1.5, (40, 90)),
        ((0, Tissue.VENA_CAVA),),
        gap=1,
    )


def _bowel(rng: np.random.Generator) -> Iterator[Structure]:
    """Yield loops of small bowel in the lower abdomen, each with a random content."""
    contents = (Tissue.BOWEL_FLUID, Tissue.BOWEL_MIXED, Tissue.BOWEL_MIXED, Tissue.BOWEL_DENSE)
    for _ in range(20):
        start = rng.uniform((-85, -66, -125), (85, 5, -25))
        path = start + np.cumsum(rng.normal(0, (30, 16, 16), (5, 3)), axis=0)
        path = np.clip(path, (-95, -68, -140), (95, 8, -18))
        shape = bumpy(tube(path, rng.uniform(11, 15)), rng, 2.0, (30, 60))
        content = contents[rng.integers(len(contents))]
        yield Structure(shape, ((0, Tissue.BOWEL_WALL), (2.5, content)), gap=1.5)


def _colon(rng: np.random.Generator) -> Iterator[Structure]:
    """Yield ascending, transverse and descending colon, with gas in front."""
    paths = (
        [(-98, 8, -140), (-102, 12, -85), (-96, 0, -50)],
        [(-94, -18, -45), (-60, -60, -42), (0, -68, -48), (58, -60, -20), (92, -20, 2)],
        [(98, -4, 0), (100, 18, -50), (98, 14, -140)],
    )
    for nodes in paths:
        path = np.array(nodes, float) + rng.normal(0, 4, (len(nodes), 3))
        shape = bumpy(tube(path, rng.uniform(15, 20)), rng, 2.5, (30, 60))
        content = (Tissue.BOWEL_MIXED, Tissue.BOWEL_FLUID)[rng.integers(2)]
        yield Structure(
            shape,
            ((0, Tissue.BOWEL_WALL), (2.5, content)),
            gap=2,
            gas=Tissue.GAS,
            gas_level=float(path[:, 1].mean()) + rng.uniform(-25, 0),
        )
