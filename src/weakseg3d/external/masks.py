"""Masks and probabilities that somebody else's program made, checked like any foreign file."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from weakseg3d.errors import UserError
from weakseg3d.images.volumes import check_same_grid, read_grid, read_image, read_label


def foreign_mask(path: str | Path, images: Sequence[str]) -> sitk.Image:
    """Return the mask at ``path``, which must be on the grid of one of ``images`` (paths) and hold 0 and 1 alone.

    It gets that image's geometry to the last digit. Raises UserError otherwise, and for a file that is missing or
    cannot be read.
    """
    _check_exists(path)
    mask = read_label(path)
    grid = _grid_of(mask, path, images)
    highest = int(sitk.GetArrayViewFromImage(mask).max())
    if highest > 1:
        raise UserError(f"{path}: has the value {highest}, but a mask is 1 in the organ and 0 elsewhere; write those")
    mask.CopyInformation(grid)
    return mask


def foreign_probability(path: str | Path, images: Sequence[str]) -> sitk.Image:
    """Return the foreground probabilities at ``path``, on the grid of one of ``images``, with values from 0 to 1."""
    _check_exists(path)
    probability = read_image(path)
    grid = _grid_of(probability, path, images)
    values = sitk.GetArrayViewFromImage(probability)
    low, high = float(np.min(values)), float(np.max(values))
    if low < 0 or high > 1:
        raise UserError(f"{path}: probabilities run from 0 to 1, not from {low:g} to {high:g}; write those")
    probability.CopyInformation(grid)
    return probability


def _check_exists(path: str | Path) -> None:
    if not Path(path).is_file():
        raise UserError(f"{path}: was not written, so this case has no result; write one file for each image")


def _grid_of(volume: sitk.Image, path: str | Path, images: Sequence[str]) -> sitk.Image:
    """Return the grid among those of ``images`` that ``volume`` is on; raise UserError, naming the first, for none."""
    grids = [read_grid(image) for image in images]
    for grid, image in zip(grids[1:], images[1:], strict=True):
        try:
            check_same_grid(volume, grid, path, image)
        except UserError:
            continue
        return grid
    check_same_grid(volume, grids[0], path, images[0])
    return grids[0]
