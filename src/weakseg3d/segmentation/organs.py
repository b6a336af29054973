"""From trained models to one label map of a scan."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import SimpleITK as sitk
from torch import nn

from weakseg3d.images.isotropic_slices import IsotropicSlices
from weakseg3d.images.preprocessing import oriented, oriented_like
from weakseg3d.images.volumes import grid_of
from weakseg3d.inference.certainty import Certainty
from weakseg3d.inference.network_input import NetworkInput
from weakseg3d.inference.probability_sections import probability_sections
from weakseg3d.segmentation.label_map import LabelMap


class Found(NamedTuple):
    """What a model found: ``volume_ml`` in the label map, and ``overlap_ml`` where another organ was found as well.

    ``uncertainty_bits`` is the mean entropy of the probability over the voxels that the model takes for the organ, on
    its own grid, or NaN if there are none. ``largest_probability`` then tells how far it was from finding any.
    """

    volume_ml: float
    overlap_ml: float
    uncertainty_bits: float
    largest_probability: float


def segment(scan: sitk.Image, models: Iterable[tuple[nn.Module, Mapping[str, Any]]]) -> tuple[sitk.Image, list[Found]]:
    """Return the label map of a ``scan`` (float32) on its own grid, and what each of the models found.

    ``models`` are networks with their recipes, of which one at a time is used; the first has the label 1. The scan is
    resampled to the spacing at which a model was trained, and its probability is brought back to the scan's grid
    (linear), some slices at a time. Raises UserError if a model's probabilities are not numbers.
    """
    grid = grid_of(scan)
    label_map, certainties = LabelMap(oriented(grid)), []
    seen = None
    for network, recipe in models:
        if seen is None or not seen.serves(recipe):
            seen = NetworkInput(IsotropicSlices(scan, recipe["spacing"]), recipe)
        certainty = Certainty(recipe["prediction"]["threshold"])
        label_map.add(certainty.counted(probability_sections(network, recipe, seen)), certainty.threshold)
        certainties.append((certainty.mean_bits, certainty.largest))
    volumes, overlaps = label_map.volumes_ml(), label_map.overlaps_ml()
    found = [Found(*values) for values in zip(volumes, overlaps, *zip(*certainties, strict=True), strict=True)]
    return oriented_like(label_map.image(), grid), found
