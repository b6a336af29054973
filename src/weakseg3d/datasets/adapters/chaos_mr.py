"""Format of CHAOS' abdominal MR (zenodo 3431873): DICOM series with PNG masks, three sequences per case."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weakseg3d.datasets.file_search import Sources
from weakseg3d.datasets.formats.dicom_with_masks import load_dicom_with_masks
from weakseg3d.datasets.formats.nifti import Pair

LAYOUT = "Train_Sets/MR/<case>/T2SPIR/DICOM_anon/*.dcm with Train_Sets/MR/<case>/T2SPIR/Ground/*.png (T1DUAL likewise)"
TOP_FOLDER = "Train_Sets"

SEQUENCES = {
    "t2spir": ("T2SPIR/DICOM_anon", "T2SPIR/Ground"),
    "t1_in": ("T1DUAL/DICOM_anon/InPhase", "T1DUAL/Ground"),
    "t1_out": ("T1DUAL/DICOM_anon/OutPhase", "T1DUAL/Ground"),
}
"""Folders of images and masks below the folder of a case; the two phases of T1DUAL share one set of masks."""

DEFAULT_SEQUENCE = "t2spir"

GREY_BANDS = {1: (55, 70), 2: (110, 135), 3: (175, 200), 4: (240, 255)}
"""Grey levels of each label id, as defined by the challenge: 1 liver, 2 right kidney, 3 left kidney, 4 spleen."""


def find_cases(raw: str | os.PathLike[str], options: Mapping[str, Any]) -> dict[str, Sources]:
    """Return ``{case: {"images": folder, "masks": folder}}``; ``options["sequence"]`` is a key of `SEQUENCES`."""
    images, masks = SEQUENCES[options.get("sequence", DEFAULT_SEQUENCE)]
    home = Path(raw) / "Train_Sets" / "MR"
    cases = [path for path in home.glob("[0-9]*") if (path / images).is_dir()]
    return {
        path.name: {"images": path / images, "masks": path / masks}
        for path in sorted(cases, key=lambda path: (len(path.name), path.name))
    }


def load_case(sources: Sources, options: Mapping[str, Any]) -> Pair:
    """Return image (float32) and label (uint8, ids of `GREY_BANDS`); raises UserError as `load_dicom_with_masks`."""
    return load_dicom_with_masks(sources["images"], sources["masks"], GREY_BANDS)
