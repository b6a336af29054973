"""What a dataset's cases hold, against what its description expects, and what would poison a table."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from weakseg3d.datasets.adapters import ADAPTERS
from weakseg3d.datasets.cases import cases_in
from weakseg3d.datasets.file_search import natural
from weakseg3d.datasets.formats.nifti import read_pair
from weakseg3d.errors import UserError
from weakseg3d.files import existing_folder
from weakseg3d.progress import track

PERCENTILES = (0.5, 99.5)
"""Range of intensities shown beside the extremes."""

AIR = -200
"""HU below which every CT holds voxels: the air round the patient or in the bowel."""


@dataclass(frozen=True)
class Case:
    """One case: size in voxels and spacing in mm (x, y, z), voxels per label id, intensities, digest of the voxels."""

    name: str
    size: tuple
    spacing: tuple
    labels: dict
    extremes: tuple
    percentiles: tuple
    digest: str


@dataclass
class Findings:
    """Cases that can be read; ``problems`` refuse the dataset, ``notes`` are told."""

    cases: list = field(default_factory=list)
    problems: list = field(default_factory=list)
    notes: list = field(default_factory=list)


def raw_cases(dataset, raw):
    """Return ``{case: function that loads (image, label)}`` of a raw folder; a UserError when it holds none."""
    adapter, options = ADAPTERS[dataset["format"]], dataset["options"]
    found = cases_in(dataset, existing_folder(raw))
    return {case: lambda sources=sources: adapter.load_case(sources, options) for case, sources in found.items()}


def imported_cases(folder):
    """Return the same of a folder that the verb import wrote."""
    homes = sorted(
        (path for path in existing_folder(folder).iterdir() if path.is_dir()), key=lambda path: natural(path.name)
    )
    if not homes:
        raise UserError(f"{folder}: holds no folder per case; name the folder that the verb import wrote")
    return {home.name: lambda home=home: read_pair(_files(home)) for home in homes}


def _files(home):
    return {kind: Path(home) / f"{kind}.nii.gz" for kind in ("image", "label")}


def check_cases(dataset, loaders, split=None):
    """Return the `Findings` about ``{case: loader}``, read one at a time; ``split`` is ``{case: part}`` or None.

    Refused: whatever a loader refuses (missing pairs, mismatched geometry, labels that are no whole numbers,
    NaN), the same voxels under two names, an image of one value, an organ that no case holds. Told: other
    numbers, sizes, spacings and labels than expected, CT that is not in HU, organs absent from a case, and cases
    that the split names but are not there, or the other way round.
    """
    findings = Findings()
    for case, load in track(loaders.items(), f"checking {dataset['name']}"):
        try:
            findings.cases.append(describe(case, *load()))
        except UserError as error:
            findings.problems.append(f"case {case}: {error}")
    _compare(dataset, loaders, findings)
    _find_duplicates(findings, split or {})
    if split:
        _compare_split(loaders, split, findings)
    return findings


def describe(name, image, label):
    """Return the `Case` of an image (any type) and a label map (uint8) on one grid."""
    voxels, ids = sitk.GetArrayViewFromImage(image), sitk.GetArrayViewFromImage(label)
    counts = np.bincount(ids.ravel(), minlength=1)
    return Case(
        name,
        image.GetSize(),
        image.GetSpacing(),
        {int(value): int(counts[value]) for value in np.flatnonzero(counts) if value},
        (float(voxels.min()), float(voxels.max())),
        tuple(np.percentile(voxels, PERCENTILES).tolist()),
        _digest(voxels),
    )


def _digest(voxels):
    digest = hashlib.sha256(str(voxels.shape).encode())
    digest.update(np.ascontiguousarray(voxels, np.float32))
    return digest.hexdigest()


def _compare(dataset, loaders, findings):
    expected, cases = dataset["expected"], findings.cases
    if expected.get("cases", len(loaders)) != len(loaders):
        findings.notes.append(f"{len(loaders)} cases instead of {expected['cases']}")
    organs = {value for ids in dataset["organs"].values() for value in ids}
    known = set(expected.get("labels", organs)) | organs
    for case in cases:
        for what, found in (("size", case.size), ("spacing", case.spacing)):
            low, high = expected.get(what, (found, found))
            if not all(a - 1e-3 <= value <= b + 1e-3 for a, value, b in zip(low, found, high, strict=True)):
                findings.notes.append(f"case {case.name}: {what} {_by(found)} instead of {_by(low)} to {_by(high)}")
        if case.extremes[0] == case.extremes[1]:
            findings.problems.append(f"case {case.name}: every voxel of its image is {case.extremes[0]:g}")
        elif dataset["modality"] == "CT" and case.extremes[0] > AIR:
            findings.notes.append(f"case {case.name}: no voxel below {AIR}, so hardly a CT in HU")
    undescribed = {value for case in cases for value in case.labels} - known
    for value in sorted(undescribed):
        findings.notes.append(f"label {value} is not described: {_list([c.name for c in cases if value in c.labels])}")
    for organ, ids in dataset["organs"].items():
        absent = [case.name for case in cases if not case.labels.keys() & set(ids)]
        if cases and len(absent) == len(cases):
            findings.problems.append(f"organ {organ}: no case holds its label {ids}; correct 'organs'")
        elif absent:
            findings.notes.append(f"organ {organ}: absent from {_list(absent)}")


def _find_duplicates(findings, split):
    first = {}
    for case in findings.cases:
        other = first.setdefault(case.digest, case.name)
        if other != case.name:
            parts = [f" ({split[name]})" if name in split else "" for name in (other, case.name)]
            findings.problems.append(
                f"cases {other}{parts[0]} and {case.name}{parts[1]}: the same voxels under two names; remove one"
            )


def _compare_split(loaders, split, findings):
    for names, text in (
        (split.keys() - loaders.keys(), "in the split but not there"),
        (loaders.keys() - split.keys(), "there but not in the split"),
    ):
        if names:
            findings.notes.append(f"{text}: {_list(sorted(names, key=natural))}")


def _list(names):
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more


def _by(numbers):
    return " x ".join(f"{number:.4g}" for number in numbers)


def as_text(dataset, findings):
    """Return findings as text: a line per case, expected against found, then notes and problems."""
    cases = [("case", "size (x y z)", "spacing (mm)", "min", "0.5 %", "99.5 %", "max", "voxels per label")]
    for case in findings.cases:
        intensity = (case.extremes[0], *case.percentiles, case.extremes[1])
        labels = " ".join(f"{value}:{count}" for value, count in case.labels.items()) or "none"
        cases.append((case.name, _by(case.size), _by(case.spacing), *(f"{value:.4g}" for value in intensity), labels))
    lines = [*_aligned(cases), "", *_aligned(_summary(dataset, findings.cases)), ""]
    lines += [f"note: {note}" for note in findings.notes]
    lines += [f"problem: {problem}" for problem in findings.problems]
    return "\n".join(lines).rstrip()


def _summary(dataset, cases):
    """Return rows of what, expected, found."""
    expected = dataset["expected"]
    organs = sorted({value for ids in dataset["organs"].values() for value in ids})
    rows = [("", "expected", "found"), ("cases", str(expected.get("cases", "any")), str(len(cases)))]
    for what in ("size", "spacing"):
        found = [getattr(case, what) for case in cases]
        bounds = (np.min(found, axis=0), np.max(found, axis=0)) if found else None
        rows.append((what, _range(expected.get(what), "any"), _range(bounds, "none")))
    labels = sorted({value for case in cases for value in case.labels})
    rows.append(("labels", str(expected.get("labels", organs)), str(labels)))
    [(way, (low, high))] = dataset["intensity"].items()
    found = [value for case in cases for value in case.extremes]
    span = f"{min(found):.4g} to {max(found):.4g}" if found else "none"
    return [*rows, ("intensity", f"scaled from {way} {low:g} to {high:g}", span)]


def _aligned(rows):
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _range(bounds, otherwise):
    if bounds is None:
        return otherwise
    low, high = (_by(bound) for bound in bounds)
    return low if low == high else f"{low} to {high}"
