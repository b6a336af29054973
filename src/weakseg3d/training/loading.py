"""The training cases: a CSV of images and targets, loaded as arrays for a network.

A case is a pair of arrays written by the verb ``array``, which stay on disk until a patch is cut from them, or a pair
of volumes. Arrays need only NumPy.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weakseg3d.errors import UserError
from weakseg3d.files import existing_file
from weakseg3d.images.labels import IGNORE
from weakseg3d.images.normalisation import moments
from weakseg3d.progress import track
from weakseg3d.texts import read_csv

COLUMNS = ["case", "image", "target"]
THRESHOLD = 0.5
"""Soft targets above this value are foreground."""


def read_cases(path: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """Return the rows of a cases CSV (`COLUMNS`) as dicts; relative paths are relative to the CSV's own folder.

    Raises UserError for a wrong header, for missing files and for a list without cases.
    """
    table = read_csv(path)
    if table.columns != COLUMNS:
        raise UserError(f"{path}: the header must be '{','.join(COLUMNS)}'")
    rows: list[dict[str, Any]] = [*table.records()]
    if not rows:
        raise UserError(f"{path}: lists no cases; add one line per training case")
    for row in rows:
        for column in ("image", "target"):
            row[column] = existing_file(table.path.parent / Path(row[column] or "?"))
    return rows


def load_cases(
    rows: Sequence[Mapping[str, Any]],
    intensity: Mapping[str, Any],
    threshold: float = THRESHOLD,
    normalisation: str = "none",
) -> list[dict[str, Any]]:
    """Return one dict per case whose target has foreground: ``image`` float32 and ``target``, both (z, y, x).

    Its ``mean`` and ``std`` are the image's `moments` for ``normalisation``, which is left to the patches.

    The target keeps its meaning and its type: soft in [0, 1] (float32), or 0, 1 and `IGNORE` (uint8). Arrays (.npy)
    are memory maps and already scaled; volumes are scaled as ``intensity`` says. A case without foreground
    (`is_foreground` above ``threshold``) lacks the organ: it is reported on standard error and left out. Raises
    UserError if no case remains, or if an image and its target do not match.
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


def is_foreground(target: NDArray[Any], threshold: float = THRESHOLD) -> NDArray[np.bool_]:
    """Return where a soft or sparse target is foreground: above ``threshold`` and known."""
    return (target > threshold) & (target != IGNORE)


def is_background(target: NDArray[Any], threshold: float = THRESHOLD) -> NDArray[np.bool_]:
    """Return where a soft or sparse target is background: not above ``threshold``."""
    return target <= threshold


def is_sparse(target: NDArray[Any]) -> bool:
    """Return whether any voxel of a target is unknown."""
    return bool(np.any(target == IGNORE))


def _load_pair(
    image_path: Path, target_path: Path, intensity: Mapping[str, Any]
) -> tuple[NDArray[np.float32], NDArray[Any]]:
    arrays = [path.suffix == ".npy" for path in (image_path, target_path)]
    if all(arrays):
        return _map_pair(image_path, target_path)
    if any(arrays):
        raise UserError(
            f"{image_path} and {target_path}: one is an array and the other a volume; give two arrays or two volumes"
        )

    # Imported here, since training on arrays must work where no image library is installed.
    from weakseg3d.images.preprocessing import image_array, target_array
    from weakseg3d.images.volumes import check_same_grid, read_image, read_target

    image, target = read_image(image_path), read_target(target_path)
    check_same_grid(image, target, image_path, target_path)
    return image_array(image, intensity), target_array(target)


def _map_pair(image_path: Path, target_path: Path) -> tuple[NDArray[np.float32], NDArray[Any]]:
    image, target = _memory_map(image_path), _memory_map(target_path)
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


def _memory_map(path: Path) -> NDArray[Any]:
    try:
        # Copy on write, because torch accepts only writable arrays, but the file must not change.
        return np.load(path, mmap_mode="c")
    except (ValueError, EOFError):
        raise UserError(f"{path}: not a readable array, or a truncated one; write it again with 'array'") from None
