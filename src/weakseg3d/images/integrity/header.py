"""What the header of a volume says, and the limits within which it is believed."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from weakseg3d.errors import UserError, printable, quoted

LARGEST_VOLUME = 2**31 - 1
"""Largest number of voxels. It is that of 1290 x 1290 x 1290; a whole-body CT has 512 x 512 x 3000, a third of it.
As float32, one such volume takes 8 GiB, and many filters count voxels in 32 bits."""

SMALLEST_SPACING, LARGEST_SPACING = 1e-3, 100.0
"""Range of the voxel size in mm. Micro-CT resolves some micrometres, and the thickest clinical slices measure 20 mm,
so that a size beyond these limits was written in another unit."""

SPACING_TOLERANCE = 1e-3
"""Largest relative difference between two statements of the same spacing, which NIfTI stores in single precision."""

ORTHOGONALITY_TOLERANCE = 1e-3
"""Largest cosine between two axes. It displaces a voxel by half a voxel over 512 voxels, the width of a CT slice."""


@dataclass(frozen=True)
class VolumeHeader:
    """The grid of a volume and the place of its voxels, as its header describes them.

    ``size`` and ``spacing`` (mm) are in the order (x, y, z); ``size`` has a fourth number if the file contains several
    volumes. ``origin`` (mm) and the columns of ``direction`` (3, 3) are in ITK's LPS coordinates, or None if the
    header leaves them open. ``dtype`` is the stored type with its byte order; a voxel is
    ``stored * slope + intercept``. The voxels are in ``voxel_file``: after ``start`` bytes, possibly compressed, and
    then after ``skip`` bytes of the decompressed content.
    """

    size: tuple[int, ...]
    dtype: np.dtype[np.generic]
    spacing: NDArray[np.float64]
    voxel_file: Path
    start: int = 0
    skip: int = 0
    compression: Literal["none", "gzip", "zlib"] = "none"
    direction: NDArray[np.float64] | None = None
    origin: NDArray[np.float64] | None = None
    slope: float = 1.0
    intercept: float = 0.0

    @property
    def scaled(self) -> bool:
        """Whether voxels are numbers with a fraction although integers are stored."""
        return (self.slope, self.intercept) != (1.0, 0.0)


def refusal(path: str | os.PathLike[str], field: str, value: object, problem: str) -> UserError:
    """Return the error for a header with the invalid ``value`` in ``field``; ``problem`` continues the sentence."""
    if isinstance(value, np.ndarray):
        value = " ".join(
            f"{number:.6g}" if isinstance(number, float) else str(number) for number in value.ravel().tolist()
        )
    return UserError(f"{printable(path)}: {field} is {quoted(value)} in the header, {problem}; export it again")


def check_size(path: str | os.PathLike[str], size: Sequence[int]) -> None:
    """Raise a UserError for a volume of ``size`` (x, y, z) that is empty or has more than `LARGEST_VOLUME` voxels."""
    if min(size) < 1:
        raise UserError(f"{printable(path)}: its header gives the size {_times(size)}, so it has no voxels")
    if math.prod(size) > LARGEST_VOLUME:
        raise UserError(
            f"{printable(path)}: its header gives the size {_times(size)}, which is {math.prod(size):.1e} voxels"
            f" and more than the {LARGEST_VOLUME:.1e} that can be processed; crop it, or correct the header"
        )


def check_spacing(path: str | os.PathLike[str], spacing: NDArray[np.float64], size: Sequence[int]) -> None:
    """Raise a UserError unless ``spacing`` (mm) of a volume of ``size`` is within the limits; both are (x, y, z)."""
    if (spacing >= SMALLEST_SPACING).all() and (spacing <= LARGEST_SPACING).all():
        return
    extent = [s * n for s, n in zip(spacing, size, strict=False)]
    raise UserError(
        f"{printable(path)}: its header gives a spacing of {_times(spacing)} mm and so a volume of {_times(extent)} mm,"
        f" but a voxel must measure {SMALLEST_SPACING:g} to {LARGEST_SPACING:g} mm; correct the unit of its spacing"
    )


def check_orthonormal(path: str | os.PathLike[str], direction: NDArray[np.float64]) -> None:
    """Raise a UserError unless the columns of ``direction`` (3, 3) are finite, of unit length and orthogonal."""
    if not np.isfinite(direction).all():
        raise UserError(f"{printable(path)}: its direction cosines contain NaN or infinity; export it again")
    deviation = np.abs(direction.T @ direction - np.eye(3))
    if deviation.max() > ORTHOGONALITY_TOLERANCE:
        raise UserError(
            f"{printable(path)}: the direction cosines are sheared or not of unit length;"
            " resample it to an orthogonal grid"
        )


def _times(numbers: Sequence[float] | NDArray[np.float64]) -> str:
    return " x ".join(f"{number:.6g}" if isinstance(number, float) else str(number) for number in numbers)
