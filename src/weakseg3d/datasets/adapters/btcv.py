"""Format of "Beyond the Cranial Vault" (Synapse syn3193805): CT and label maps as NIfTI."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weakseg3d.datasets.file_search import Sources, by_name, paired
from weakseg3d.datasets.formats.nifti import Pair, read_pair

LAYOUT = "RawData/Training/img/img0001.nii.gz with RawData/Training/label/label0001.nii.gz"
TOP_FOLDER = "RawData"


def find_cases(raw: str | os.PathLike[str], options: Mapping[str, Any]) -> dict[str, Sources]:
    """Return ``{"0001": {"image": path, "label": path}, …}``; ``options`` are not used."""
    training = Path(raw) / "RawData" / "Training"
    cases = paired(by_name(training / "img", r"img(\d+)"), by_name(training / "label", r"label(\d+)"))
    for case, sources in cases.items():
        sources["label"] = sources["label"] or training / "label" / f"label{case}.nii.gz"
    return cases


def load_case(sources: Sources, options: Mapping[str, Any]) -> Pair:
    """Return image (float32, HU) and label (uint8, ids of BTCV); raises UserError as `read_pair` does."""
    return read_pair(sources)
