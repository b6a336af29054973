"""Prediction of an image at the spacing of a model, on the image's own grid."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from torch import nn

from weakseg3d.errors import UserError
from weakseg3d.images.oriented_slices import OrientedSlices
from weakseg3d.images.preprocessing import oriented, oriented_like
from weakseg3d.images.volumes import GRID_TOLERANCE, grid_of, like
from weakseg3d.inference.network_input import NetworkInput
from weakseg3d.inference.probability_sections import sections_of_maps


def predict(
    network: nn.Module, recipe: Mapping[str, Any], image: sitk.Image, with_variance: bool = False
) -> tuple[sitk.Image, sitk.Image | None]:
    """Return the foreground probability as a float32 image on the grid of ``image``, and its variance or None.

    Both are those of `sections_of_maps`, which raises UserError if a probability is not a number.
    """
    seen = NetworkInput(OrientedSlices(image), recipe)
    maps = np.empty((2 if with_variance else 1, *seen.shape), np.float32)
    for slices, section in _in_place(sections_of_maps(network, recipe, seen, with_variance)):
        maps[:, slices] = section
    probability, *variance = (_on_grid(values, image) for values in maps)
    return probability, variance[0] if variance else None


def predicted_mask(network: nn.Module, recipe: Mapping[str, Any], image: sitk.Image) -> sitk.Image:
    """Return as uint8 where the probability of `predict`, of which only a section is held, exceeds the threshold."""
    seen = NetworkInput(OrientedSlices(image), recipe)
    mask = np.empty(seen.shape, np.uint8)
    for slices, (probability,) in _in_place(sections_of_maps(network, recipe, seen)):
        mask[slices] = probability > recipe["prediction"]["threshold"]
    return _on_grid(mask, image)


def check_spacing(image: sitk.Image, path: str | os.PathLike[str], spacing: float) -> None:
    """Raise UserError, naming ``path``, if an ``image`` does not have the ``spacing`` in mm of a model's training."""
    if not all(abs(mm - spacing) <= GRID_TOLERANCE for mm in image.GetSpacing()):
        raise UserError(f"{path}: the model was trained at {spacing} mm; run 'resample --spacing {spacing}' first")


def _in_place(sections: Iterator[NDArray[np.float32]]) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Yield ``sections`` (maps, slices, y, x) that follow one another with the slices that they are."""
    start = 0
    for section in sections:
        stop = start + section.shape[1]
        yield slice(start, stop), section
        start = stop


def _on_grid(values: NDArray[Any], image: sitk.Image) -> sitk.Image:
    """Return ``values`` (z, y, x) of the `oriented` ``image`` as an image on its own grid."""
    return oriented_like(like(values, oriented(grid_of(image))), image)
