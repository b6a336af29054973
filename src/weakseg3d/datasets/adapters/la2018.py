"""Format of the 2018 Atrial Segmentation Challenge: late gadolinium MR and the cavity of the left atrium as NRRD."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weakseg3d.datasets.file_search import Sources
from weakseg3d.datasets.formats.nifti import Pair
from weakseg3d.images.volumes import check_same_grid, read_image, read_mask

LAYOUT = "Training Set/<case>/lgemri.nrrd with Training Set/<case>/laendo.nrrd"
TOP_FOLDER = "Training Set"


def find_cases(raw: str | os.PathLike[str], options: Mapping[str, Any]) -> dict[str, Sources]:
    """Return ``{case: {"image": path, "label": path}}``; ``options`` are not used."""
    images = sorted((Path(raw) / "Training Set").glob("*/lgemri.nrrd"))
    return {image.parent.name: {"image": image, "label": image.with_name("laendo.nrrd")} for image in images}


def load_case(sources: Sources, options: Mapping[str, Any]) -> Pair:
    """Return image (float32) and label (uint8: 1 in the cavity of the left atrium, which is 255 in the file).

    Raises UserError for a missing or damaged file, NaN voxels, more than one class, and different grids.
    """
    image, label = read_image(sources["image"]), read_mask(sources["label"])
    check_same_grid(image, label, sources["image"], sources["label"])
    return image, label
