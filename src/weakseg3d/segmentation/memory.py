"""How much memory a scan needs, known before it is read.

512 x 512 x 1000 voxels of 0.8 mm with a model at 1 mm: 3.65 GB by this sum, 3.47 GB measured (/usr/bin/time -v, torch
2.13 on Linux).
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from weakseg3d.errors import UserError, printable
from weakseg3d.images.isotropic_slices import slices_around, slices_together
from weakseg3d.segmentation.scans import Scan, scan_size

GB = 1e9
PROGRAM = 0.8 * GB
"""Python with torch and the networks."""

PER_VOXEL = 8
"""Bytes for each voxel of the scan: itself (4), its label (1), the best probability (2) and the grid (1)."""

PER_WINDOW_VOXEL = 80
"""Bytes for each voxel, at the model's spacing, of the slices that one row of windows covers: input, sums, weights."""

PER_SLICE_VOXEL = 16
"""Bytes for each voxel of the scan's slices that are resampled together."""


def check_memory(scan: Scan, recipes: Sequence[Mapping[str, Any]], limit: float) -> None:
    """Raise a UserError if ``scan`` needs more than ``limit`` GB with one of the models of these ``recipes``.

    Raises UserError as `scan_size` does.
    """
    size, spacing = scan_size(scan)
    patches = [(recipe["spacing"], recipe["training"]["patch_size"]) for recipe in recipes]
    needed = max(needed_bytes(size, spacing, new, patch_size) for new, patch_size in patches) / GB
    if needed > limit:
        raise UserError(
            f"{printable(scan.path)}: needs about {needed:.1f} GB of memory, and --memory allows {limit:g};"
            " allow more, crop the scan, or use a model of larger voxels"
        )


def needed_bytes(size: Sequence[int], old: Sequence[float], spacing: float, patch_size: Sequence[int]) -> float:
    """Return about how many bytes a scan of ``size`` voxels of ``old`` mm, both (x, y, z) of the patient, needs.

    The model was trained at ``spacing`` mm, with windows of ``patch_size`` (z, y, x).
    """
    isotropic = [math.ceil(n * mm / spacing) for n, mm in zip(size, old, strict=True)]
    windows = min(isotropic[2], patch_size[0]) * max(isotropic[1], patch_size[1]) * max(isotropic[0], patch_size[2])
    part = slices_together(old[2], spacing) * spacing / old[2] + 2 * slices_around(old[2], spacing)
    resampled = min(size[2], part) * size[0] * size[1]
    return PROGRAM + PER_VOXEL * math.prod(size) + PER_WINDOW_VOXEL * windows + PER_SLICE_VOXEL * resampled
