"""Search for files by name below a folder."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from weakseg3d.errors import UserError

NIFTI = (".nii.gz", ".nii")

LINK = "files"
"""Name of the link to a user's own folder, for formats whose layout has no fixed first folder."""

Sources = dict[str, Any]
"""The files of a case, such as ``{"image": path, "label": path}``; a missing file is None."""


def stem(path: str | os.PathLike[str]) -> str:
    """Return the name of a file without its suffix, where ``.nii.gz`` counts as one suffix."""
    return re.sub(r"\.(nii\.gz|[^.]+)$", "", Path(path).name)


def natural(text: object) -> list[tuple[int, str]]:
    """Return a sort key that places ``case2`` before ``case10``."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", str(text))]


def walk(folder: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield all files below ``folder`` in natural order; links are followed, hidden files and folders skipped."""
    visited = set()
    for home, folders, names in os.walk(folder, followlinks=True):
        visited.add(os.path.realpath(home))
        inner = (name for name in folders if not name.startswith("."))
        # A link may point to a parent folder.
        folders[:] = sorted((n for n in inner if os.path.realpath(os.path.join(home, n)) not in visited), key=natural)
        yield from (Path(home) / name for name in sorted(names, key=natural) if not name.startswith("."))


def by_name(folder: str | os.PathLike[str], pattern: str) -> dict[str, Path]:
    """Return ``{case: path}`` of the NIfTI files below ``folder`` whose name without suffix matches ``pattern``.

    ``pattern`` is a regular expression whose first group is the case. Raises UserError for two files of one case.
    """
    paths: dict[str, Path] = {}
    for path in walk(folder):
        match = re.fullmatch(pattern, stem(path), re.IGNORECASE) if path.name.endswith(NIFTI) else None
        if match:
            case = match.group(1)
            if case in paths:
                raise UserError(f"{path}: case '{case}' is also in {paths[case]}; keep one of the two")
            paths[case] = path
    return {case: paths[case] for case in sorted(paths, key=natural)}


def paired(images: Mapping[str, Path], labels: Mapping[str, Path]) -> dict[str, Sources]:
    """Return ``{case: {"image": path, "label": path}}`` for all cases; a missing path is None."""
    cases = sorted({*images, *labels}, key=natural)
    return {case: {"image": images.get(case), "label": labels.get(case)} for case in cases}
