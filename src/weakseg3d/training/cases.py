"""The training cases: a CSV of images and targets, loaded as arrays a network can see."""

import csv
import sys
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from weakseg3d.annotations.slices import IGNORE
from weakseg3d.errors import UserError
from weakseg3d.files import existing_file
from weakseg3d.preprocessing import oriented, scaled_intensity
from weakseg3d.progress import track
from weakseg3d.volumes import check_same_grid, read_image

COLUMNS = ["case", "image", "target"]


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


def load_cases(rows, intensity):
    """Return one dict per case whose target has foreground: ``image`` and ``target`` float32, (z, y, x).

    The target keeps its meaning: soft in [0, 1], or 0, 1 and `IGNORE`. A case without foreground lacks the
    organ: it is reported on standard error and left out. Raises UserError when no case remains, or when an
    image and its target lie on different grids.
    """
    cases = []
    for row in track(rows, "loading"):
        image, target = read_image(row["image"]), read_image(row["target"])
        check_same_grid(image, target, row["image"], row["target"])
        target = sitk.GetArrayFromImage(oriented(target))
        if not is_foreground(target).any():
            print(f"{row['target']}: organ absent; case {row['case']} is left out of training", file=sys.stderr)
            continue
        image = scaled_intensity(sitk.GetArrayFromImage(oriented(image)), intensity)
        cases.append({"case": row["case"], "image": image, "target": target})
    if not cases:
        raise UserError(
            f"{rows[0]['target'].parent}: the organ is absent from every training case; choose another split"
        )
    return cases


def is_foreground(target):
    """Return where a target, soft or sparse, says foreground."""
    return (target > 0.5) & (target != IGNORE)


def is_background(target):
    """Return where a target, soft or sparse, says background."""
    return target <= 0.5


def padding_value(target):
    """Return what lies outside a volume: unknown for a sparse target, background otherwise."""
    return float(IGNORE) if np.any(target == IGNORE) else 0.0
