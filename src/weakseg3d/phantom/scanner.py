"""The operations of any scanner: place a grid in the patient, and mix the tissues within each voxel.

Arrays have axes (z, y, x); grids are ``SimpleITK`` geometries in LPS, millimetres.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weakseg3d.phantom.anatomy import Patient, tissues_at
from weakseg3d.phantom.shapes import rotation

if TYPE_CHECKING:
    import SimpleITK as sitk

FIELD_OF_VIEW = (340.0, 280.0, 240.0)
"""Size of the scanned box in mm along the axes of the grid; all organs lie completely inside."""

SAMPLES_PER_SLICE = 3
"""Number of planes across the thickness of a slice in which tissues are looked up; odd, to include the centre."""


@dataclass(frozen=True)
class Grid:
    """The grid of a scan: ``size`` in voxels, ``spacing`` and ``origin`` in mm (x, y, z), ``direction`` 3 x 3."""

    size: tuple[int, ...]
    spacing: NDArray[np.float64]
    origin: NDArray[np.float64]
    direction: NDArray[np.float64]


def make_grid(spacing: ArrayLike, direction: ArrayLike, isocentre: ArrayLike) -> Grid:
    """Return the grid with ``spacing`` (mm) and ``direction`` whose box is centred on ``isocentre`` (LPS, mm)."""
    spacing, direction = np.asarray(spacing, float), np.asarray(direction, float)
    size = np.round(np.array(FIELD_OF_VIEW) / spacing).astype(int)
    origin = np.asarray(isocentre) - direction @ (spacing * (size - 1) / 2)
    return Grid(tuple(int(n) for n in size), spacing, origin, direction)


def oblique(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the direction cosines of a grid tilted by 6 to 12 degrees about x and 4 to 8 about z."""
    signs = rng.choice((-1, 1), 2)
    return rotation((signs[0] * rng.uniform(6, 12), 0.0, signs[1] * rng.uniform(4, 8)))


def scan(patient: Patient, grid: Grid, isocentre: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return the tissues of the patient at the samples of the grid (samples per slice, z, y, x).

    ``isocentre`` is the position of the patient's origin in the LPS coordinates of the scanner (mm).
    """
    nx, ny, nz = grid.size
    below = (np.arange(SAMPLES_PER_SLICE) + 0.5) / SAMPLES_PER_SLICE - 0.5
    index = np.meshgrid(below, np.arange(nz), np.arange(ny), np.arange(nx), indexing="ij", sparse=True)
    steps = grid.direction * grid.spacing
    start = grid.origin - isocentre
    points = np.empty((3, SAMPLES_PER_SLICE, nz, ny, nx), np.float32)
    for axis in range(3):
        points[axis] = (
            start[axis] + steps[axis, 0] * index[3] + steps[axis, 1] * index[2] + steps[axis, 2] * (index[1] + index[0])
        )
    return tissues_at(patient, points.reshape(3, -1)).reshape(points.shape[1:])


def mix(tissues: NDArray[np.uint8], values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the intensity of each voxel (z, y, x): the mean of its tissues, blurred in plane as by a scanner.

    ``tissues`` is the result of `scan`; ``values`` is a table (256,) from tissue to intensity.
    """
    from scipy.ndimage import gaussian_filter

    mean = np.zeros(tissues.shape[1:], np.float32)
    for plane in tissues:
        mean += values.astype(np.float32)[plane]
    return gaussian_filter(mean / len(tissues), (0, 0.5, 0.5), truncate=3)


def centre_tissues(tissues: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the tissue at the centre of each voxel (z, y, x), which defines the reference label."""
    return tissues[SAMPLES_PER_SLICE // 2]


def to_image(array: NDArray[Any], grid: Grid) -> "sitk.Image":
    """Return ``array`` (z, y, x) as a SimpleITK image on ``grid``."""
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(array)
    image.SetSpacing([float(s) for s in grid.spacing])
    image.SetOrigin([float(o) for o in grid.origin])
    image.SetDirection([float(d) for d in grid.direction.ravel()])
    return image
