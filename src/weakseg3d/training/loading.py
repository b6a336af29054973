"""The training cases: a CSV of images and targets, loaded as arrays a network can see.

A case is a pair of arrays that the verb ``array`` wrote, which stay on disk until a patch is cut from them, or a pair
of volumes. Arrays need nothing but NumPy.
"""

import csv
import sys
from pathlib import Path

import numpy as np

from weakseg3d.errors import UserError
from weakseg3d.files import existing_file
from weakseg3d.images.labels import IGNORE
from weakseg3d.images.normalisation import moments
from weakseg3d.progress import track

COLUMNS = ["case", "image", "target"]
THRESHOLD = 0.5
"""A soft target above this says foreground."""


def read_cases(path):
    """Return the rows of a cases CSV (`COLUMNS`) as dicts; relative paths start at the CSV's own folder.

    Raises UserError for a wrong header, for missing files and for a list without cases.
    """
    path = existing_file(path)
    with path.open(newline="", encoding="utf-8") as stream:
        reader = csv.DictReader(stream)
        if reader.fieldnames != COLUMNS:
            raise UserError(f"{path}: the header must be '{','.join(COLUMNS)}'")
        rows = list(reader)
    if not rows:
        raise UserError(f"{path}: lists no case; add one line per training case")
    for row in rows:
        for column in ("image", "target"):
            row[column] = existing_file(path.parent / Path(row[column] or "?"))
    return rows


def load_cases(rows, intensity, threshold=THRESHOLD, normalisation="none"):
    """Return one dict per case whose target has foreground: ``image`` float32 and ``target``, both (z, y, x).

    ``mean`` and ``std`` in it are what remains to be done to the image: its `moments` for ``normalisation``.

    The target keeps its meaning and its type: soft in [0, 1] (float32), or 0, 1 and `IGNORE` (uint8). Arrays
    (.npy) are memory maps and scaled already; volumes are scaled by ``intensity``. A case without foreground
    (`is_foreground` above ``threshold``) lacks the organ: it is reported on standard error and left out. Raises
    UserError when no case remains, or when an image and its target do not go together.
    """
    cases = []
    for row in track(rows, "loading"):
        image, target = _load_pair(row["image"], row["target"], intensity)
        if not is_foreground(target, threshold).any():
            print(f"{row['target']}: organ absent; case {row['case']} is left out of training", file=sys.stderr)
            continue
        mean, std = moments(image, normalisation)
        cases.append({"case": row["case"], "image": image, "target": target, "mean": mean, "std": std})
    if not cases:
        raise UserError(
            f"{rows[0]['target'].parent}: the organ is absent from every training case; choose another split"
        )
    return cases


def is_foreground(target, threshold=THRESHOLD):
    """Return where a target, soft or sparse, says foreground: above ``threshold`` and known."""
    return (target > threshold) & (target != IGNORE)


def is_background(target, threshold=THRESHOLD):
    """Return where a target, soft or sparse, says background: not above ``threshold``."""
    return target <= threshold


def is_sparse(target):
    """Return whether some voxels of a target are unknown."""
    return bool(np.any(target == IGNORE))


def _load_pair(image_path, target_path, intensity):
    arrays = [path.suffix == ".npy" for path in (image_path, target_path)]
    if all(arrays):
        return _map_pair(image_path, target_path)
    if any(arrays):
        raise UserError(f"{image_path} and {target_path}: one is an array and one a volume; name two of a kind")

    # Arrays are trained on where no image library is installed.
    from weakseg3d.images.preprocessing import image_array, target_array
    from weakseg3d.images.volumes import check_same_grid, read_image, read_target

    image, target = read_image(image_path), read_target(target_path)
    check_same_grid(image, target, image_path, target_path)
    return image_array(image, intensity), target_array(target)


def _map_pair(image_path, target_path):
    image, target = _mapped(image_path), _mapped(target_path)
    if image.dtype != np.float32 or image.ndim != 3:
        raise UserError(
            f"{image_path}: an image must be a float32 array of three axes, not {image.dtype} of {image.ndim};"
            " write it with 'array'"
        )
    if not np.isfinite(image).all():
        raise UserError(f"{image_path}: some voxels are NaN or infinite; replace them before use")
    if target.dtype not in (np.uint8, np.float32):
        raise UserError(f"{target_path}: a target must be uint8 or float32, not {target.dtype}; write it with 'array'")
    if image.shape != target.shape:
        raise UserError(f"{image_path} and {target_path}: shapes {image.shape} and {target.shape} differ")
    return image, target


def _mapped(path):
    try:
        # Copy on write: torch takes writable arrays only, and the file must stay as it is.
        return np.load(path, mmap_mode="c")
    except (ValueError, EOFError):
        raise UserError(f"{path}: not an array that can be read, or a truncated one; write it again") from None
