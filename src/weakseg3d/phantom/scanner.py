"""What any scanner does: lay a grid through the patient, and mix the tissues within each voxel.

Arrays have axes (z, y, x); grids are ``SimpleITK`` geometries in LPS, millimetres.
"""

from dataclasses import dataclass

import numpy as np

from weakseg3d.phantom.anatomy import tissues_at
from weakseg3d.phantom.shapes import rotation

FIELD_OF_VIEW = (340.0, 280.0, 240.0)
"""Size of the scanned box in mm, along the grid's own axes: all organs lie wholly inside."""

SAMPLES_PER_SLICE = 3
"""Tissues are looked up in this many planes through a slice's thickness; odd, so that one is its centre."""


@dataclass(frozen=True)
class Grid:
    """A scanner's grid: ``size`` in voxels, ``spacing`` and ``origin`` in mm (x, y, z), ``direction`` 3 x 3."""

    size: tuple
    spacing: np.ndarray
    origin: np.ndarray
    direction: np.ndarray


def make_grid(spacing, direction, isocentre):
    """Return the grid of ``spacing`` mm and ``direction`` whose box has its centre at ``isocentre`` (LPS, mm)."""
    spacing, direction = np.asarray(spacing, float), np.asarray(direction, float)
    size = np.round(np.array(FIELD_OF_VIEW) / spacing).astype(int)
    origin = np.asarray(isocentre) - direction @ (spacing * (size - 1) / 2)
    return Grid(tuple(int(n) for n in size), spacing, origin, direction)


def oblique(rng):
    """Return the direction cosines of a grid tilted by 6 to 12 degrees about x and 4 to 8 about z."""
    signs = rng.choice((-1, 1), 2)
    return rotation((signs[0] * rng.uniform(6, 12), 0.0, signs[1] * rng.uniform(4, 8)))


def scan(patient, grid, isocentre):
    """Return the tissues in the patient as the grid sees them, uint8 (samples per slice, z, y, x).

    ``isocentre`` is the place of the patient's own origin in the scanner's LPS frame (mm).
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


def mix(tissues, values):
    """Return the intensity of each voxel, float32 (z, y, x): its tissues' mean, blurred in plane as scanners do.

    ``tissues`` comes from `scan`; ``values`` is a table (256,) from tissue to intensity.
    """
    from scipy.ndimage import gaussian_filter

    mean = np.zeros(tissues.shape[1:], np.float32)
    for plane in tissues:
        mean += values.astype(np.float32)[plane]
    return gaussian_filter(mean / len(tissues), (0, 0.5, 0.5), truncate=3)


def centre_tissues(tissues):
    """Return the tissue at each voxel's centre (z, y, x): what the reference label says."""
    return tissues[SAMPLES_PER_SLICE // 2]


def to_image(array, grid):
    """Return ``array`` (z, y, x) as a SimpleITK image on ``grid``."""
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(array)
    image.SetSpacing([float(s) for s in grid.spacing])
    image.SetOrigin([float(o) for o in grid.origin])
    image.SetDirection([float(d) for d in grid.direction.ravel()])
    return image
