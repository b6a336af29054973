"""Check of a dataset's cases against its description, and for problems that would falsify the results."""

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from weakseg3d.datasets.adapters import ADAPTERS
from weakseg3d.datasets.cases import cases_in, load_image
from weakseg3d.datasets.file_search import Sources, natural
from weakseg3d.datasets.formats.nifti import read_pair
from weakseg3d.datasets.patients import divided_patient
from weakseg3d.errors import UserError
from weakseg3d.files import existing_folder
from weakseg3d.images.volumes import read_image
from weakseg3d.images.voxel_counts import voxel_counts
from weakseg3d.progress import track
from weakseg3d.words import shortened

PERCENTILES = (0.5, 99.5)
"""Percentiles of the intensities that are shown in addition to the extremes."""

MOST_NAMES = 5
"""At most this many cases are named in a note."""

AIR = -200
"""Every CT has voxels below this value in HU: the air around the patient or in the bowel."""

Loader = Callable[[], tuple[sitk.Image, sitk.Image | None]]
"""A function that loads the image and the label map of a case, None if it has no label."""


@dataclass(frozen=True)
class Case:
    """One case: size in voxels and spacing in mm (x, y, z), voxels per label id, intensities, digest of the voxels.

    ``labels`` is None for a case without a label map.
    """

    name: str
    size: tuple[int, ...]
    spacing: tuple[float, ...]
    labels: dict[int, int] | None
    extremes: tuple[float, float]
    percentiles: tuple[float, ...]
    digest: str


@dataclass
class Findings:
    """The readable ``cases``, ``problems`` for which the dataset is rejected, and ``notes`` that are only printed."""

    cases: list[Case] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def raw_cases(dataset: dict[str, Any], raw: str | os.PathLike[str]) -> dict[str, Loader]:
    """Return ``{case: loader}`` of a raw folder; raise a UserError if it has no cases."""
    adapter, options = ADAPTERS[dataset["format"]], dataset["options"]
    cases = cases_in(dataset, existing_folder(raw))
    return {
        case: partial(_image_alone, dataset, sources)
        if sources.get("label", "") is None
        else partial(adapter.load_case, sources, options)
        for case, sources in cases.items()
    }


def _image_alone(dataset: dict[str, Any], sources: Sources) -> tuple[sitk.Image, None]:
    return load_image(dataset, sources), None


def imported_cases(folder: str | os.PathLike[str]) -> dict[str, Loader]:
    """Return ``{case: loader}`` of a folder written by the verb import; raise a UserError if it has no cases."""
    homes = sorted(
        (path for path in existing_folder(folder).iterdir() if path.is_dir() and not path.name.startswith(".")),
        key=lambda path: natural(path.name),
    )
    if not homes:
        raise UserError(f"{folder}: no case folders; name the folder that the verb import wrote")
    return {home.name: partial(_read_imported, home) for home in homes}


def _read_imported(home: Path) -> tuple[sitk.Image, sitk.Image | None]:
    files = {kind: home / f"{kind}.nii.gz" for kind in ("image", "label")}
    return read_pair(files) if files["label"].exists() else (read_image(files["image"]), None)


def check_cases(
    dataset: dict[str, Any], loaders: Mapping[str, Loader], split: Mapping[str, str] | None = None
) -> Findings:
    """Return the `Findings` about the cases that ``loaders`` read one at a time; ``split`` is ``{case: part}`` or None.

    Problems are everything that a loader rejects (missing pairs, different grids, labels that are not whole numbers,
    NaN), the same voxels under two names, a patient in two parts of the split, an image with a single value, and an
    organ that no case contains. Notes are
    unexpected numbers, sizes, spacings and labels, CT that is not in HU, organs absent from a case, and cases
    that exist only in the split or only in the folder.
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
        _compare_split(dataset, loaders, split, findings)
    return findings


def describe(name: str, image: sitk.Image, label: sitk.Image | None) -> Case:
    """Return the `Case` of an image (of any type) and a label map (uint8) on one grid, if there is one."""
    voxels = sitk.GetArrayViewFromImage(image)
    counts = np.zeros(1) if label is None else voxel_counts(sitk.GetArrayViewFromImage(label))
    return Case(
        name,
        image.GetSize(),
        image.GetSpacing(),
        None if label is None else {int(value): int(counts[value]) for value in np.flatnonzero(counts) if value},
        (float(voxels.min()), float(voxels.max())),
        tuple(np.percentile(voxels, PERCENTILES).tolist()),
        _digest(voxels),
    )


def _digest(voxels: NDArray[Any]) -> str:
    digest = hashlib.sha256(str(voxels.shape).encode())
    digest.update(np.ascontiguousarray(voxels, np.float32).data)
    return digest.hexdigest()


def _compare(dataset: dict[str, Any], loaders: Mapping[str, Loader], findings: Findings) -> None:
    """Add to ``findings`` how the cases differ from what the description of the dataset expects."""
    expected, cases = dataset["expected"], findings.cases
    if expected.get("cases", len(loaders)) != len(loaders):
        findings.notes.append(f"{len(loaders)} cases instead of {expected['cases']}")
    organs = {value for ids in dataset["organs"].values() for value in ids}
    known = set(expected.get("labels", organs)) | organs
    for case in cases:
        for key, actual in (("size", case.size), ("spacing", case.spacing)):
            low, high = expected.get(key, (actual, actual))
            if not all(a - 1e-3 <= value <= b + 1e-3 for a, value, b in zip(low, actual, high, strict=True)):
                findings.notes.append(f"case {case.name}: {key} {_by(actual)} instead of {_by(low)} to {_by(high)}")
        if case.extremes[0] == case.extremes[1]:
            findings.problems.append(f"case {case.name}: every voxel of the image is {case.extremes[0]:g}")
        elif dataset["modality"] == "CT" and case.extremes[0] > AIR:
            findings.notes.append(f"case {case.name}: no voxel below {AIR}, so probably not a CT in HU")
    labels = {case.name: case.labels for case in cases if case.labels is not None}
    undescribed = {value for counts in labels.values() for value in counts} - known
    for value in sorted(undescribed):
        having = [name for name, counts in labels.items() if value in counts]
        findings.notes.append(f"label {value} is not described: {shortened(having, MOST_NAMES)}")
    for organ, ids in dataset["organs"].items():
        absent = [name for name, counts in labels.items() if not counts.keys() & set(ids)]
        if labels and len(absent) == len(labels):
            findings.problems.append(f"organ {organ}: no case has the label {ids}; correct 'organs'")
        elif absent:
            findings.notes.append(f"organ {organ}: absent from {shortened(absent, MOST_NAMES)}")


def _find_duplicates(findings: Findings, split: Mapping[str, str]) -> None:
    """Add to ``findings`` the cases whose images have the same voxels."""
    first: dict[str, str] = {}
    for case in findings.cases:
        other = first.setdefault(case.digest, case.name)
        if other != case.name:
            parts = [f" ({split[name]})" if name in split else "" for name in (other, case.name)]
            findings.problems.append(
                f"cases {other}{parts[0]} and {case.name}{parts[1]}: the same voxels under two names; remove one"
            )


def _compare_split(
    dataset: dict[str, Any], loaders: Mapping[str, Loader], split: Mapping[str, str], findings: Findings
) -> None:
    """Add to ``findings`` the cases that exist only in the split or only in the folder, and a patient in two parts."""
    patient = divided_patient(split, dataset["patient"])
    if patient is not None:
        findings.problems.append(f"patient {patient} is in different parts of the split; put all its cases into one")
    for names, text in (
        (split.keys() - loaders.keys(), "in the split but not in the folder"),
        (loaders.keys() - split.keys(), "in the folder but not in the split"),
    ):
        if names:
            findings.notes.append(f"{text}: {shortened(sorted(names, key=natural), MOST_NAMES)}")


def _by(numbers: Sequence[float] | NDArray[Any]) -> str:
    return " x ".join(f"{number:.4g}" for number in numbers)


def as_text(dataset: dict[str, Any], findings: Findings, coverage: Sequence[Sequence[str]] = ()) -> str:
    """Return findings as text: a line per case, a comparison of expected and found values, notes and problems.

    ``coverage`` is a table, with a header, of what each case has.
    """
    header = ("case", "size (x y z)", "spacing (mm)", "min", "0.5 %", "99.5 %", "max", "voxels per label")
    cases: list[tuple[str, ...]] = [header]
    for case in findings.cases:
        intensity = (case.extremes[0], *case.percentiles, case.extremes[1])
        counts = "no label" if case.labels is None else " ".join(f"{key}:{count}" for key, count in case.labels.items())
        cases.append(
            (case.name, _by(case.size), _by(case.spacing), *(f"{value:.4g}" for value in intensity), counts or "none")
        )
    lines = [*_aligned(cases), "", *_aligned(_summary(dataset, findings.cases)), ""]
    lines += [*_aligned(coverage), ""] if coverage else []
    lines += [f"note: {note}" for note in findings.notes]
    lines += [f"problem: {problem}" for problem in findings.problems]
    return "\n".join(lines).rstrip()


def _summary(dataset: dict[str, Any], cases: Sequence[Case]) -> list[tuple[str, str, str]]:
    """Return rows with a property, its expected value and the value found."""
    expected = dataset["expected"]
    organs = sorted({value for ids in dataset["organs"].values() for value in ids})
    rows = [("", "expected", "found"), ("cases", str(expected.get("cases", "any")), str(len(cases)))]
    for key in ("size", "spacing"):
        values = [getattr(case, key) for case in cases]
        bounds = (np.min(values, axis=0), np.max(values, axis=0)) if values else None
        rows.append((key, _range(expected.get(key), "any"), _range(bounds, "none")))
    labels = sorted({value for case in cases for value in case.labels or {}})
    rows.append(("labels", str(expected.get("labels", organs)), str(labels)))
    [(scaling, (low, high))] = dataset["intensity"].items()
    extremes = [value for case in cases for value in case.extremes]
    span = f"{min(extremes):.4g} to {max(extremes):.4g}" if extremes else "none"
    return [*rows, ("intensity", f"scaled from {scaling} {low:g} to {high:g}", span)]


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return ``rows`` of cells as lines with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _range(bounds: Sequence[Sequence[float] | NDArray[Any]] | None, otherwise: str) -> str:
    if bounds is None:
        return otherwise
    low, high = (_by(bound) for bound in bounds)
    return low if low == high else f"{low} to {high}"
