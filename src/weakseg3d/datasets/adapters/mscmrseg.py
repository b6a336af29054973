"""Format of the Multi-Sequence Cardiac MR Segmentation Challenge 2019: one NIfTI file per patient and sequence."""

import os
from collections.abc import Mapping
from typing import Any

from weakseg3d.datasets.file_search import Sources, by_name, paired
from weakseg3d.datasets.formats.nifti import Pair, read_pair

LAYOUT = "patient<case>_LGE.nii.gz (or _C0, _T2) with patient<case>_LGE_manual.nii.gz, in any folders"
TOP_FOLDER = None

DEFAULT_SEQUENCE = "lge"

LABEL_VALUES = {500: 1, 200: 2, 600: 3}
"""Raw values and ids: 1 cavity of the left ventricle, 2 its myocardium, 3 cavity of the right ventricle."""


def find_cases(raw: str | os.PathLike[str], options: Mapping[str, Any]) -> dict[str, Sources]:
    """Return ``{"1": {"image": path, "label": path}, …}`` for the patients with a label.

    ``options["sequence"]`` is lge, c0 or t2. The challenge provides more images than labels, so an image without a
    label is not a case.
    """
    sequence = options.get("sequence", DEFAULT_SEQUENCE)
    images, labels = by_name(raw, rf"patient(\d+)_{sequence}"), by_name(raw, rf"patient(\d+)_{sequence}_manual")
    return paired({case: path for case, path in images.items() if case in labels}, labels)


def load_case(sources: Sources, options: Mapping[str, Any]) -> Pair:
    """Return image (float32) and label (uint8, ids as in `LABEL_VALUES`); raises UserError as `read_pair` does."""
    return read_pair(sources, LABEL_VALUES)
