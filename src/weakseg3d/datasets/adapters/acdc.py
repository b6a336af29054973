"""Format of the Automated Cardiac Diagnosis Challenge: per patient, cine MR at end diastole and at end systole.

Each of the two frames is a case, called as in ScribbleBench: ``patient001_ED`` and ``patient001_ES``. The patient's
Info.cfg states which frame is which (https://doi.org/10.1109/TMI.2018.2837502).
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weakseg3d.datasets.file_search import Sources, by_name, natural, paired
from weakseg3d.datasets.formats.nifti import Pair, read_pair
from weakseg3d.errors import UserError

LAYOUT = (
    "patient<number>/patient<number>_frame<number>.nii.gz with patient<number>_frame<number>_gt.nii.gz and Info.cfg, "
    "in any folders (ACDC/database/training and testing); scribbles patient<number>_frame<number>_scribble.nii.gz"
)
TOP_FOLDER = None

FRAME = r"(patient\d+_frame\d+)"

INFO = "Info.cfg"
"""Name of the text file beside a patient's frames, with lines such as ``ED: 1`` and ``ES: 12``."""


def find_cases(raw: str | os.PathLike[str], options: Mapping[str, Any]) -> dict[str, Sources]:
    """Return ``{"patient001_ED": {"image": path, "label": path, "scribbles": path or None}, …}``.

    ``options`` are not used. A frame without a label map (the ``_4d`` files contain the other ones) is not a case.
    Raises UserError for a patient without `INFO`, and for a label map of a frame that is neither ED nor ES.
    """
    images, labels = by_name(raw, FRAME), by_name(raw, FRAME + "_gt")
    scribbles = by_name(raw, FRAME + "_scribble")
    frames = paired({frame: path for frame, path in images.items() if frame in labels}, labels)
    cases = {
        _case(frame, (sources["image"] or sources["label"]).parent): {**sources, "scribbles": scribbles.get(frame)}
        for frame, sources in frames.items()
    }
    return {case: cases[case] for case in sorted(cases, key=natural)}


def load_case(sources: Sources, options: Mapping[str, Any]) -> Pair:
    """Return image (float32) and label (uint8: 1 cavity of the right ventricle, 2 myocardium, 3 left cavity).

    Raises UserError as `read_pair` does.
    """
    return read_pair(sources)


def _case(frame: str, folder: Path) -> str:
    """Return the case id of a ``frame``, such as ``patient001_frame12``, whose files are located in ``folder``."""
    patient, number = frame.split("_frame")
    path = folder / INFO
    if not path.is_file():
        raise UserError(f"{path}: no such file; it states which frame of {patient} is end diastole, so put it there")
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    phases = {
        int(line[2]): line[1] for line in (re.fullmatch(r"\s*(ED|ES)\s*:\s*(\d+)\s*", text) for text in lines) if line
    }
    if int(number) not in phases:
        raise UserError(f"{path}: does not state whether frame {int(number)} is ED or ES; correct it")
    return f"{patient}_{phases[int(number)]}"
