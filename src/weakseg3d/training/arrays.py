"""The arrays of a network's input on disk (.npy): voxels that can be mapped into memory, and behind them their spacing.

A file contains two arrays in NumPy's format, one after the other: the voxels (z, y, x), and the spacing in mm as three
numbers (z, y, x). NumPy itself reads and maps the first one as from any other file. Arrays that were written without
their spacing are accepted. Only NumPy is needed.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weakseg3d.errors import UserError
from weakseg3d.files import whole_file


def write_array(voxels: NDArray[Any], spacing: Sequence[float], path: str | os.PathLike[str]) -> None:
    """Write ``voxels`` (z, y, x) with their ``spacing`` (z, y, x) in mm; the file appears only once it is complete."""
    with whole_file(path) as partial, partial.open("wb") as stream:
        np.save(stream, voxels)
        np.save(stream, np.asarray(spacing, np.float64))


def map_array(path: Path) -> tuple[NDArray[Any], tuple[float, ...] | None]:
    """Return the voxels in ``path`` as a memory map, and their spacing (z, y, x) in mm, None if the file has none.

    Raises UserError for a file that is not an array, or that was cut short.
    """
    try:
        # Copy on write, because torch accepts only writable arrays, but the file must not change.
        voxels = np.load(path, mmap_mode="c")
        with path.open("rb") as stream:
            stream.seek(voxels.offset + voxels.nbytes)
            spacing = np.load(stream) if stream.peek(1) else None
        return voxels, None if spacing is None else tuple(float(mm) for mm in spacing)
    except (ValueError, EOFError, TypeError, AttributeError):
        raise UserError(f"{path}: not a readable array, or a truncated one; write it again with 'array'") from None
