"""Which scan to annotate next: those first of which the models that exist are least certain.

Uncertainty sampling (Lewis & Gale 1994, doi:10.1007/978-1-4471-2099-5_1), with the mean entropy over the voxels that a
model takes for the organ, so that large organs do not count more than small ones.
"""

import math
import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from weakseg3d.errors import UserError, printable, quoted
from weakseg3d.segmentation.volumes_table import COLUMNS
from weakseg3d.texts import from_cell, read_csv

LARGEST = 1.0
"""Entropy in bits of an organ that was not found: a person must look whether that is right."""
UNCERTAINTY_SUFFIX = "_uncertainty"
"""How the folder of a prediction's maps is called in the workflow, after the case."""


class Suggestion(NamedTuple):
    """A ``scan``, its mean ``uncertainty`` in bits over the organs, and the ``organ`` that is least certain."""

    scan: str
    uncertainty: float
    organ: str


def ranked(bits: Mapping[str, Mapping[str, float]], annotated: Collection[str] = ()) -> list[Suggestion]:
    """Return the scans that are not ``annotated``, least certain first; equal ones in the order of their names.

    ``bits`` are the entropies by scan and organ, NaN where the organ was not found. Raises UserError for an annotated
    scan that is not among them.
    """
    for scan in annotated:
        if scan not in bits:
            raise UserError(f"--annotated {quoted(scan)}: no such scan; correct the name")
    found = []
    for scan, by_organ in bits.items():
        known = {organ: LARGEST if math.isnan(value) else value for organ, value in by_organ.items()}
        worst = max(known, key=lambda organ: known[organ])
        found.append(Suggestion(scan, sum(known.values()) / len(known), worst))
    left = [suggestion for suggestion in found if suggestion.scan not in annotated]
    return sorted(left, key=lambda suggestion: (-suggestion.uncertainty, suggestion.scan))


def from_volumes(path: str | os.PathLike[str]) -> dict[str, dict[str, float]]:
    """Return the entropies by scan and organ in a ``volumes.csv`` of `segment`; scans with a problem are left out.

    Raises UserError for another table.
    """
    table = read_csv(path)
    if tuple(table.columns) != COLUMNS:
        raise UserError(f"{path}: not a table of 'segment'; name its volumes.csv")
    bits: dict[str, dict[str, float]] = defaultdict(dict)
    for line, cells in zip(table.lines, table.rows, strict=True):
        row = dict(zip(table.columns, map(from_cell, cells), strict=True))
        if row["problem"]:
            continue
        try:
            value = float(row["uncertainty_bits"] or "nan")
        except ValueError:
            value = math.inf
        if math.isinf(value) or value < 0:
            raise UserError(f"{path}: uncertainty_bits in row {line} is not a number of 0 or more; run 'segment' again")
        bits[row["scan"]][row["organ"]] = value
    return dict(bits)


def from_maps(folders: Iterable[str | os.PathLike[str]], threshold: float = 0.5) -> dict[str, dict[str, float]]:
    """Return the same from folders of `predict --uncertainty`; those of several organs of a scan have one name.

    The scan's name is the folder's, without its ``_uncertainty``; the organ's is its place among those of the scan.
    Raises UserError for a folder that lacks a map.
    """
    import SimpleITK as sitk

    from weakseg3d.images.volumes import read_grid
    from weakseg3d.inference.uncertainty_maps import read_uncertainty

    bits: dict[str, dict[str, float]] = defaultdict(dict)
    for folder in map(Path, folders):
        maps = read_uncertainty(folder, read_grid(folder / "probability.nii.gz"), folder / "probability.nii.gz")
        probability, entropy = (sitk.GetArrayViewFromImage(maps[name]) for name in ("probability", "entropy"))
        inside = probability > threshold
        of_scan = bits[folder.name.removesuffix(UNCERTAINTY_SUFFIX)]
        of_scan[f"map {len(of_scan) + 1}"] = float(entropy[inside].mean()) if inside.any() else math.nan
    return dict(bits)


def as_text(suggestions: Iterable[Suggestion]) -> str:
    """Return a ranking as lines for readers."""
    return "\n".join(
        f"{place}. {printable(each.scan)}: {each.uncertainty:.3f} bit, least certain of {printable(each.organ)}"
        for place, each in enumerate(suggestions, start=1)
    )
