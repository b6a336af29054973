"""dataset.json of the Medical Segmentation Decathlon and of nnU-Net (version 1 and 2): which files make up which case.

Decathlon and nnU-Net 1 list pairs under ``training``; nnU-Net 2 lists them by case under ``dataset``, or leaves them to
the names of the files (https://doi.org/10.1038/s41592-020-01008-z, and the documentation of nnU-Net's dataset format).
"""

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from weakseg3d.datasets.file_search import Sources, paired, stem, walk
from weakseg3d.errors import UserError, quoted
from weakseg3d.texts import read_json


def cases_of_dataset_json(path: str | os.PathLike[str], channel: int) -> dict[str, Sources]:
    """Return ``{case: {"image": path, "label": path}}``, empty if there is no such file.

    ``channel`` counts from 0 and selects one of several images of a case. Raises UserError for another content, and for
    two cases that cannot be told apart.
    """
    path = Path(path)
    if not path.is_file():
        return {}
    content = read_json(path)
    try:
        if content.get("training"):
            pairs = [(_image(entry["image"], path.parent, channel), entry["label"]) for entry in content["training"]]
            cases = _case_ids([label for _, label in pairs], path)
        elif content.get("dataset"):
            cases = list(content["dataset"])
            entries = content["dataset"].values()
            pairs = [(_image(entry["images"], path.parent, channel), entry["label"]) for entry in entries]
        else:
            return _by_names(path.parent, content.get("file_ending", ".nii.gz"), channel)
        return {
            case: {"image": path.parent / image, "label": path.parent / label}
            for case, (image, label) in zip(cases, pairs, strict=True)
        }
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        raise UserError(
            f"{path}: not a dataset.json of the Decathlon or of nnU-Net; correct it, or use a table"
        ) from None


def _image(listed: Any, home: Path, channel: int) -> str:
    """Return the image of a case: the given one, that of the channel in a list, or the file that nnU-Net 1 means.

    nnU-Net 1 lists ``imagesTr/x.nii.gz`` for the files ``imagesTr/x_0000.nii.gz``, ``imagesTr/x_0001.nii.gz``, ...
    """
    if isinstance(listed, list):
        return listed[channel]
    with_channel = PurePosixPath(listed)
    case = stem(with_channel.name)
    with_channel = with_channel.with_name(f"{case}_{channel:04d}{with_channel.name.removeprefix(case)}")
    return listed if (home / listed).exists() or not (home / with_channel).exists() else str(with_channel)


def _case_ids(labels: Sequence[str], path: Path) -> list[str]:
    """Return the names of the label files as case ids or, where these are not unique, what differs in their paths."""
    names = [stem(label) for label in labels]
    parts = [PurePosixPath(label).with_name(name).parts for label, name in zip(labels, names, strict=True)]
    if len(set(names)) < len(names) and len({len(part) for part in parts}) == 1:
        differing = [k for k, components in enumerate(zip(*parts, strict=True)) if len(set(components)) > 1]
        names = ["_".join(part[k] for k in differing) for part in parts]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UserError(f"{path}: several cases are called {quoted(twice)}; give their label files different names")
    return names


def _by_names(home: Path, ending: str, channel: int) -> dict[str, Sources]:
    suffix = f"_{channel:04d}{ending}"
    images = {path.name.removesuffix(suffix): path for path in walk(home / "imagesTr") if path.name.endswith(suffix)}
    labels = {path.name.removesuffix(ending): path for path in walk(home / "labelsTr") if path.name.endswith(ending)}
    return paired(images, labels)
