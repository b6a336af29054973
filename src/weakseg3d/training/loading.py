"""The training cases: a CSV of images and targets, loaded as arrays for a network.

A case is a pair of arrays written by the verb ``array``, which stay on disk until a patch is cut from them, or a pair
of volumes. Arrays need only NumPy.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
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
from weakseg3d.training.arrays import map_array

COLUMNS = ["case", "image", "target"]
THRESHOLD = 0.5
"""Soft targets above this value are foreground."""
SPACING_TOLERANCE = 1e-3
"""In mm; NIfTI headers store spacing in single precision."""

ROUNDING = 1e-5
"""How far a soft target may lie outside 0 to 1, since voxels have single precision."""

TARGETS: dict[str, tuple[Callable[[NDArray[Any]], NDArray[np.bool_]], str]] = {
    "full": (
        lambda target: (target >= -ROUNDING) & (target <= 1 + ROUNDING),
        f"values outside 0 to 1, such as {IGNORE} for unknown voxels, which only the losses partial_ce and"
        " partial_dice_ce leave out; use one of them",
    ),
    "sparse": (
        lambda target: (target == 0) | (target == 1) | (target == IGNORE),
        f"values other than 0, 1 and {IGNORE} for unknown voxels, as soft targets do, and the loss counts only those"
        " that are exactly 0 or 1; use a loss for soft targets",
    ),
    "mask": (
        lambda target: (target == 0) | (target == 1),
        "values other than 0 and 1, but 'dense_validation' needs masks; give masks",
    ),
}
"""The kinds of targets: which values they may have, and what is wrong with a target that has others."""


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
    *,
    spacing: float | None = None,
    targets: str | None = None,
) -> list[dict[str, Any]]:
    """Return one dict per case whose target has foreground: ``image`` float32 and ``target``, both (z, y, x).

    Its ``mean`` and ``std`` are the image's `moments` for ``normalisation``, which is left to the patches.

    The target keeps its meaning and its type: soft in [0, 1] (float32), or 0, 1 and `IGNORE` (uint8). Arrays (.npy)
    are memory maps and already scaled; volumes are scaled as ``intensity`` says. A case without foreground
    (`is_foreground` above ``threshold``) lacks the organ: it is reported on standard error and left out. Arrays without
    a spacing are used, but reported as well if ``spacing`` is given.

    Raises UserError if no case remains, if an image and its target do not match, if their spacing is not ``spacing`` in
    mm, and if a target has values that its kind in ``targets`` (`TARGETS`) does not have.
    """
    cases, without_spacing = [], 0
    for row in track(rows, "loading"):
        image, target, spacings = _load_pair(row["image"], row["target"], intensity)
        if spacing is not None:
            without_spacing += None in spacings.values()
            _check_spacing(spacings, spacing)
        if targets is not None:
            is_allowed, problem = TARGETS[targets]
            if not is_allowed(target).all():
                raise UserError(f"{row['target']}: has {problem}")
        if not is_foreground(target, threshold).any():
            print(f"{row['target']}: organ absent; case {row['case']} is left out of training", file=sys.stderr)
            continue
        mean, std = moments(image, normalisation)
        cases.append({"case": row["case"], "image": image, "target": target, "mean": mean, "std": std})
    if without_spacing:
        print(
            f"{rows[0]['image'].parent}: {without_spacing} of {len(rows)} cases are arrays without a spacing, which"
            " therefore cannot be compared with the recipe's; 'array' writes it",
            file=sys.stderr,
        )
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


Spacings = dict[Path, tuple[float, ...] | None]
"""The spacing in mm of each file, None if the file does not have it."""


def _check_spacing(spacings: Spacings, expected: float) -> None:
    for path, spacing in spacings.items():
        # Negated, so that NaN is refused as well.
        if spacing is not None and not all(abs(mm - expected) <= SPACING_TOLERANCE for mm in spacing):
            text = " x ".join(f"{mm:g}" for mm in reversed(spacing))
            raise UserError(
                f"{path}: has a spacing of {text} mm, but the recipe is for {expected:g} mm;"
                f" run 'resample --spacing {expected:g}' first, or correct the recipe"
            )


def _load_pair(
    image_path: Path, target_path: Path, intensity: Mapping[str, Any]
) -> tuple[NDArray[np.float32], NDArray[Any], Spacings]:
    """Return the image, the target and the spacings of a case."""
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
    # The grids are the same, and so is the spacing of the target.
    return image_array(image, intensity), target_array(target), {image_path: image.GetSpacing()[::-1]}


def _map_pair(image_path: Path, target_path: Path) -> tuple[NDArray[np.float32], NDArray[Any], Spacings]:
    (image, image_spacing), (target, target_spacing) = map_array(image_path), map_array(target_path)
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
    return image, target, {image_path: image_spacing, target_path: target_spacing}
