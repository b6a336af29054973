"""Format of TCIA's Vestibular-Schwannoma-SEG: DICOM with RTSTRUCT, with or without label maps as NIfTI.

Cases have the names used by PA-Seg: ``vs_gk_1`` is TCIA's ``VS-SEG-001``.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import SimpleITK as sitk

from weakseg3d.datasets.file_search import Sources, by_name, natural, walk
from weakseg3d.datasets.formats.crop import crop_around
from weakseg3d.datasets.formats.dicom import read_series
from weakseg3d.datasets.formats.nifti import Pair, read_label_on, read_pair
from weakseg3d.errors import UserError

LAYOUT = (
    "VS-SEG-<number>/…/*.dcm (images and RTSTRUCT, in any folders), or vs_gk_<number>_T2.nii.gz; "
    "labels vs_gk_<number>_Label.nii.gz take precedence over RTSTRUCT"
)
TOP_FOLDER = None

DEFAULT_SEQUENCE = "t2"

DEFAULT_STRUCTURES = ("TV",)
"""Name of the tumour in the RTSTRUCT: target volume."""

PATIENT = re.compile(r"VS-SEG-(\d+)", re.IGNORECASE)


def find_cases(raw: str | os.PathLike[str], options: Mapping[str, Any]) -> dict[str, Sources]:
    """Return ``{"vs_gk_1": {"image": path or None, "dicom": [folder, …], "label": path or None}, …}``.

    ``options["sequence"]`` is t2 or t1, which is part of the names of NIfTI images and of DICOM series.
    """
    sequence = options.get("sequence", DEFAULT_SEQUENCE)
    images = by_name(raw, rf"(vs_gk_\d+)_{sequence}")
    labels = by_name(raw, r"(vs_gk_\d+)_Label")
    folders: dict[str, list[Path]] = {}
    for folder in _folders_with_dicom(raw):
        match = PATIENT.search(folder.relative_to(raw).as_posix())
        if match:
            folders.setdefault(f"vs_gk_{int(match[1])}", []).append(folder)
    cases = sorted({*images, *folders}, key=natural)
    return {
        case: {"image": images.get(case), "dicom": folders.get(case, []), "label": labels.get(case)} for case in cases
    }


def load_case(sources: Sources, options: Mapping[str, Any]) -> Pair:
    """Return image (float32) and label (uint8: 1 schwannoma).

    ``options["structures"]`` are possible names of the tumour in the RTSTRUCT, and ``options["crop"]`` is the size
    (x, y, z) of the window cropped around the tumour. Raises UserError as `read_pair`, `read_series` and
    `structure_mask` do, and for a case without a tumour.
    """
    image, label = _load(sources, options)
    if not sitk.GetArrayViewFromImage(label).any():
        path = sources["label"] or sources["dicom"][0]
        raise UserError(f"{path}: no voxel is marked as tumour; do not use this case")
    return crop_around(image, label, options["crop"]) if "crop" in options else (image, label)


def _load(sources: Sources, options: Mapping[str, Any]) -> Pair:
    """Return image and label of the whole scan, from NIfTI files or from DICOM."""
    if sources["image"] is not None:
        image, label = read_pair(sources)
        return image, label != 0
    # pydicom and matplotlib take half a second to load, so they are not imported for other formats.
    from weakseg3d.datasets.formats.dicom_headers import frame_of_reference, mr_series
    from weakseg3d.datasets.formats.rtstruct import structure_mask

    sequence = options.get("sequence", DEFAULT_SEQUENCE)
    slices, structures = mr_series(sources["dicom"], sequence, with_structures=sources["label"] is None)
    image, _ = read_series(slices)
    if sources["label"] is not None:
        label = read_label_on(image, {"image": slices[0].parent, "label": sources["label"]})
        return image, label != 0
    if structures is None:
        raise UserError(
            f"{slices[0].parent}: this series has neither a vs_gk_<number>_Label.nii.gz nor an RTSTRUCT; add one"
        )
    names = options.get("structures", DEFAULT_STRUCTURES)
    return image, structure_mask(structures, names, image, frame_of_reference(slices[0]))


def _folders_with_dicom(raw: str | os.PathLike[str]) -> list[Path]:
    return list(dict.fromkeys(path.parent for path in walk(raw) if path.suffix.lower() == ".dcm"))
