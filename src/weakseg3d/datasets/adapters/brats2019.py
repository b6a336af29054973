"""Format of the Multimodal Brain Tumor Segmentation Challenge 2019: four MR sequences and the parts of the tumour.

The parts (1 necrotic core, 2 oedema, 4 enhancing tumour) are merged into the whole tumour, as PA-Seg does
(https://doi.org/10.1109/TMI.2023.3245068).
"""

import os
from collections.abc import Mapping
from typing import Any

from weakseg3d.datasets.file_search import Sources, by_name, paired
from weakseg3d.datasets.formats.nifti import Pair, read_pair

LAYOUT = (
    "MICCAI_BraTS_2019_Data_Training/{HGG,LGG}/<case>/<case>_flair.nii.gz (or _t1, _t1ce, _t2) with <case>_seg.nii.gz"
)
TOP_FOLDER = None

DEFAULT_SEQUENCE = "flair"

WHOLE_TUMOUR = {1: 1, 2: 1, 4: 1}


def find_cases(raw: str | os.PathLike[str], options: Mapping[str, Any]) -> dict[str, Sources]:
    """Return ``{case: {"image": path, "label": path}}``; ``options["sequence"]`` is flair, t1, t1ce or t2."""
    sequence = options.get("sequence", DEFAULT_SEQUENCE)
    labels = by_name(raw, r"(BraTS19_.+)_seg")
    return paired(by_name(raw, rf"(BraTS19_.+)_{sequence}"), labels)


def load_case(sources: Sources, options: Mapping[str, Any]) -> Pair:
    """Return image (float32) and label (uint8: 1 whole tumour); raises UserError as `read_pair` does."""
    return read_pair(sources, WHOLE_TUMOUR)
