"""Conversion of raw files to cases: one folder per case with image.nii.gz and label.nii.gz.

Where people published scribbles of a case, its folder also gets scribbles.nii.gz: the values as published, on the
image's grid. The dataset's description states what they mean.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from weakseg3d.datasets.adapters import ADAPTERS
from weakseg3d.datasets.case_ids import check_case_ids
from weakseg3d.datasets.file_search import Sources
from weakseg3d.datasets.formats.nifti import read_label_on
from weakseg3d.errors import UserError
from weakseg3d.files import existing_folder
from weakseg3d.images.volumes import write_volume
from weakseg3d.ownership import whole_folder
from weakseg3d.progress import track
from weakseg3d.schemas import choose


def import_cases(
    dataset: dict[str, Any],
    raw: str | os.PathLike[str],
    out: str | os.PathLike[str],
    cases: Sequence[str] | None = None,
    image_only: bool = False,
) -> None:
    """Write ``out``/CASE/{image,label}.nii.gz for ``cases`` (ids; None for all) of the raw folder ``raw``.

    Cases with published scribbles also get scribbles.nii.gz. ``dataset`` is a description (`load_dataset`). With
    ``image_only``, labels are neither needed nor written. Raises UserError for a folder without cases, an unknown case
    id, files that the adapter of the format rejects, scribbles on another grid or with unknown values, and a folder of
    a case's name in ``out`` that contains somebody else's files.
    """
    adapter, options = ADAPTERS[dataset["format"]], dataset["options"]
    sources = cases_in(dataset, existing_folder(raw))
    names = list(sources) if cases is None else [choose(case, sources, f"{dataset['name']} case") for case in cases]
    for case in track(names, f"importing {dataset['name']}"):
        if image_only:
            volumes = {"image": load_image(dataset, sources[case])}
        else:
            volumes = dict(zip(("image", "label"), adapter.load_case(sources[case], options), strict=True))
        scribbles = _scribbles(dataset, sources[case], volumes["image"])
        if scribbles is not None:
            volumes["scribbles"] = scribbles
        with whole_folder(Path(out) / case) as folder:
            for kind, volume in volumes.items():
                write_volume(volume, folder / f"{kind}.nii.gz")


def _scribbles(dataset: dict[str, Any], sources: Sources, image: sitk.Image) -> sitk.Image | None:
    """Return the published scribbles of a case (uint8) on the grid of ``image``, or None if there are none."""
    if "scribbles" not in dataset or sources.get("scribbles") is None:
        return None
    scribbles = read_label_on(image, {"image": sources["image"], "label": sources["scribbles"]})
    known = {value for ids in dataset["organs"].values() for value in ids} | set(dataset["scribbles"].values())
    unknown = sorted({int(value) for value in np.unique(sitk.GetArrayViewFromImage(scribbles))} - known)
    if unknown:
        raise UserError(
            f"{sources['scribbles']}: has the unknown values {unknown[:5]}; correct 'scribbles' or 'organs' of the "
            f"dataset '{dataset['name']}', which know {sorted(known)}"
        )
    return scribbles


def load_image(dataset: dict[str, Any], sources: Sources) -> sitk.Image:
    """Return the image of a case without a label; raise UserError for a format in which every case has one."""
    adapter = ADAPTERS[dataset["format"]]
    if not hasattr(adapter, "load_image"):
        raise UserError(
            f"dataset '{dataset['name']}': format '{dataset['format']}' has no cases without labels; describe the files"
            " with format 'folder'"
        )
    return adapter.load_image(sources, dataset["options"])


def cases_in(
    dataset: dict[str, Any], raw: str | os.PathLike[str], reported_path: str | os.PathLike[str] | None = None
) -> dict[str, Sources]:
    """Return ``{case: sources}`` of the raw folder ``raw``.

    Raises UserError if it has no cases or an unusable case id; the message names ``reported_path`` (default: ``raw``).
    """
    sources = ADAPTERS[dataset["format"]].find_cases(raw, dataset["options"])
    if not sources:
        raise UserError(
            f"{reported_path or raw}: no cases of '{dataset['name']}'; the expected layout is "
            f"{expected_layout(dataset)}"
        )
    check_case_ids(sources, reported_path or raw)
    return sources


def layout_root(dataset: dict[str, Any], source: Path) -> Path:
    """Return the raw folder that ``source`` means: the folder above the layout's first one, which ``source`` may be."""
    top = ADAPTERS[dataset["format"]].TOP_FOLDER
    return source.parent if top and source.name == top and not (source / top).is_dir() else source


def expected_layout(dataset: dict[str, Any]) -> str:
    """Return where the files of ``dataset`` should be located, including the options in its description."""
    options = ", ".join(f"{key}: {value}" for key, value in dataset["options"].items())
    return ADAPTERS[dataset["format"]].LAYOUT + (f" (with the options {options})" if options else "")
