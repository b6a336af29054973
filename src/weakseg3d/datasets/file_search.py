"""Files found by name below a folder."""

import os
import re
from pathlib import Path

from weakseg3d.errors import UserError

NIFTI = (".nii.gz", ".nii")

LINK = "files"
"""Name of the link to a user's own folder, for formats without a first folder of their own."""


def stem(path):
    """Return a file's name without its suffix, ``.nii.gz`` being one."""
    return re.sub(r"\.(nii\.gz|[^.]+)$", "", Path(path).name)


def natural(text):
    """Return a sort key by which ``case2`` comes before ``case10``."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", str(text))]


def walk(folder):
    """Yield all files below ``folder`` in natural order, links followed, hidden files and folders left out."""
    seen = set()
    for home, folders, names in os.walk(folder, followlinks=True):
        seen.add(os.path.realpath(home))
        inner = (name for name in folders if not name.startswith("."))
        # A link may lead back up.
        folders[:] = sorted((n for n in inner if os.path.realpath(os.path.join(home, n)) not in seen), key=natural)
        yield from (Path(home) / name for name in sorted(names, key=natural) if not name.startswith("."))


def by_name(folder, pattern):
    """Return ``{case: path}`` of the NIfTI files below ``folder`` whose name less its suffix fits ``pattern``.

    ``pattern`` is a regular expression whose first group is the case. Raises UserError for two files of one case.
    """
    found = {}
    for path in walk(folder):
        match = re.fullmatch(pattern, stem(path), re.IGNORECASE) if path.name.endswith(NIFTI) else None
        if match:
            case = match.group(1)
            if case in found:
                raise UserError(f"{path}: case '{case}' is also in {found[case]}; keep one of the two")
            found[case] = path
    return {case: found[case] for case in sorted(found, key=natural)}


def paired(images, labels):
    """Return ``{case: {"image": path, "label": path}}`` of all cases; what is missing is None."""
    cases = sorted({*images, *labels}, key=natural)
    return {case: {"image": images.get(case), "label": labels.get(case)} for case in cases}
