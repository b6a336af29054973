"""Format of CHAOS' abdominal CT (zenodo 3431873): one DICOM series per case with PNG masks of the liver."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weakseg3d.datasets.file_search import Sources
from weakseg3d.datasets.formats.dicom_with_masks import load_dicom_with_masks
from weakseg3d.datasets.formats.nifti import Pair

LAYOUT = "Train_Sets/CT/<case>/DICOM_anon/*.dcm with Train_Sets/CT/<case>/Ground/*.png"
TOP_FOLDER = "Train_Sets"

GREY_BANDS = {1: (255, 255)}
"""Grey levels of each label id: 1 liver."""


def find_cases(raw: str | os.PathLike[str], options: Mapping[str, Any]) -> dict[str, Sources]:
    """Return ``{case: {"images": folder, "masks": folder}}``; ``options`` are not used."""
    home = Path(raw) / "Train_Sets" / "CT"
    cases = [path for path in home.glob("[0-9]*") if (path / "DICOM_anon").is_dir()]
    return {
        path.name: {"images": path / "DICOM_anon", "masks": path / "Ground"}
        for path in sorted(cases, key=lambda path: (len(path.name), path.name))
    }


def load_case(sources: Sources, options: Mapping[str, Any]) -> Pair:
    """Return image (float32, HU) and label (uint8: 1 liver); raises UserError as `load_dicom_with_masks` does."""
    return load_dicom_with_masks(sources["images"], sources["masks"], GREY_BANDS)
