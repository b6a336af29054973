"""Format of the Automated Cardiac Diagnosis Challenge: per patient, the ends of diastole and systole are labelled."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weakseg3d.datasets.file_search import Sources, by_name, paired, walk
from weakseg3d.datasets.formats.nifti import Pair, read_pair
from weakseg3d.errors import UserError

LAYOUT = "patient<number>/patient<number>_frame<frame>.nii.gz with …_gt.nii.gz and Info.cfg beside it, in any folders"
TOP_FOLDER = None

DEFAULT_FRAME = "ed"
PATIENT = re.compile(r"patient\d+")
FRAMES = re.compile(r"^(ED|ES)\s*:\s*(\d+)\s*$", re.MULTILINE)
"""The two lines of Info.cfg that say which frame is the end of diastole and which the end of systole."""


def find_cases(raw: str | os.PathLike[str], options: Mapping[str, Any]) -> dict[str, Sources]:
    """Return ``{"patient001": {"image": path, "label": path}, …}`` with one frame per patient.

    ``options["frame"]`` is ed or es. One frame only, so that no patient is in two parts of a split. Raises UserError
    for an Info.cfg that does not name the frame.
    """
    frame = options.get("frame", DEFAULT_FRAME)
    numbers = {path.parent.name: _frame(path, frame) for path in walk(raw) if path.name == "Info.cfg"}
    images, labels = by_name(raw, r"(patient\d+_frame\d+)"), by_name(raw, r"(patient\d+_frame\d+)_gt")
    names = {
        patient: f"{patient}_frame{number:02d}" for patient, number in numbers.items() if PATIENT.fullmatch(patient)
    }
    chosen = {patient: name for patient, name in names.items() if name in images or name in labels}
    return paired(
        {patient: images[name] for patient, name in chosen.items() if name in images},
        {patient: labels[name] for patient, name in chosen.items() if name in labels},
    )


def load_case(sources: Sources, options: Mapping[str, Any]) -> Pair:
    """Return image (float32) and label (uint8: 1 right ventricle, 2 myocardium, 3 left ventricle), as `read_pair`."""
    return read_pair(sources)


def _frame(path: Path, name: str) -> int:
    """Return the number of the frame called ``name`` in an Info.cfg."""
    text = path.read_text(encoding="utf-8", errors="replace")
    frames = {key.lower(): int(number) for key, number in FRAMES.findall(text)}
    if name not in frames:
        raise UserError(f"{path}: no line '{name.upper()}: <frame>'; restore the file of the challenge")
    return frames[name]
