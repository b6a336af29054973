"""A user's own files, given by a pattern, a table of paths, or the dataset.json of the Decathlon or of nnU-Net."""

import glob
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import SimpleITK as sitk

from weakseg3d.datasets.file_search import LINK, Sources, natural, paired
from weakseg3d.datasets.formats.dataset_json import cases_of_dataset_json
from weakseg3d.datasets.formats.dicom import read_series_folder
from weakseg3d.datasets.formats.nifti import Pair, read_label_on, read_pair, read_scan
from weakseg3d.errors import UserError, quoted
from weakseg3d.texts import from_cell, read_csv

LAYOUT = (
    "given by the options image and label (patterns with {case}), table (a CSV case,image,label) or dataset_json, "
    "and by dataset.json without any of these options"
)
TOP_FOLDER = None

TABLE_HEADER = ["case", "image", "label"]


def find_cases(raw: str | os.PathLike[str], options: Mapping[str, Any]) -> dict[str, Sources]:
    """Return ``{case: {"image": path, "label": path}}``.

    The files are located below ``raw``, below a folder linked there, or one folder deeper if an archive wraps its
    content in a folder. ``options`` contain either ``image`` and ``label``, paths with ``{case}`` in place of the case
    id; or ``table``, a CSV file ``case,image,label``; or ``dataset_json``, the file of the Medical Segmentation
    Decathlon or of nnU-Net (https://doi.org/10.1038/s41592-020-01008-z), which is the default. ``channel`` is the
    volume of a 4-D image, or the channel in the file names of nnU-Net.

    Raises UserError for contradictory options and for an unusable table or dataset.json.
    """
    find = _finder(options)
    for home in _homes(Path(raw)):
        cases = find(home)
        if cases:
            return {case: cases[case] for case in sorted(cases, key=natural)}
    return {}


def load_case(sources: Sources, options: Mapping[str, Any]) -> Pair:
    """Return image (float32) and label (uint8); an image that is a folder is read as a DICOM series.

    ``options["label_values"]`` maps raw label values to ids. Raises UserError as `read_pair` and
    `read_series_folder` do.
    """
    values = options.get("label_values")
    if sources["image"] is None or sources["label"] is None or not Path(sources["image"]).is_dir():
        return read_pair(sources, values, options.get("channel"))
    image = read_series_folder(sources["image"])
    return image, read_label_on(image, sources, values)


def load_image(sources: Sources, options: Mapping[str, Any]) -> sitk.Image:
    """Return the image (float32) of a case without a label map, read as by `load_case`."""
    if sources["image"] is None:
        raise UserError(f"{sources['label']}: the image of this label map is missing; add it")
    if Path(sources["image"]).is_dir():
        return read_series_folder(sources["image"])
    return read_scan(sources["image"], options.get("channel"))


def _finder(options: Mapping[str, Any]) -> Callable[[Path], dict[str, Sources]]:
    """Return the function that finds the cases in a folder, according to ``options``."""
    alternatives = [key for key in ("image", "table", "dataset_json") if key in options]
    if len(alternatives) > 1 or ("image" in options) != ("label" in options):
        raise UserError(
            "options of format 'folder': give only one of 'image' together with 'label', 'table', and 'dataset_json'"
        )
    if "image" in options:
        _check_pattern(options, "image")
        _check_pattern(options, "label")
        return lambda home: _by_pattern(home, options["image"], options["label"])
    if "table" in options:
        return lambda home: _by_table(home / options["table"])
    name = options.get("dataset_json", "dataset.json")
    return lambda home: cases_of_dataset_json(home / name, options.get("channel", 0))


def _homes(raw: Path) -> Iterator[Path]:
    """Yield the folders that may contain the user's files: ``raw``, its subfolders, and those of the linked folder."""
    yield raw
    for home in (raw, raw / LINK):
        if home.is_dir():
            inner = (path for path in home.iterdir() if path.is_dir() and not path.name.startswith("."))
            yield from sorted(inner, key=natural)


def _check_pattern(options: Mapping[str, Any], key: str) -> None:
    if "{case}" not in options[key]:
        raise UserError(f"option '{key}' of format 'folder' is '{options[key]}'; put {{case}} in place of the case id")
    if options[key].startswith("/") or ".." in options[key].split("/"):
        raise UserError(
            f"option '{key}' of format 'folder' is {quoted(options[key])}; give a path below the raw folder, and name "
            "that folder with --raw"
        )


def _by_pattern(home: Path, image: str, label: str) -> dict[str, Sources]:
    """Return the cases; a file that matches both patterns (a.nii, a_seg.nii) belongs to the longer pattern."""
    images, labels = _matches(home, image), _matches(home, label)
    shorter, longer = (images, labels) if len(image) < len(label) else (labels, images)
    taken = set(longer.values())
    for case in [case for case, path in shorter.items() if path in taken]:
        del shorter[case]
    return paired(images, labels) if images else {}


def _matches(home: Path, pattern: str) -> dict[str, Path]:
    """Return ``{case: path}`` for all paths that match ``pattern``; a case is a component of the path or part of it."""
    wildcard = glob.escape(pattern).replace("{case}", "*")
    first, *rest = (re.escape(piece) for piece in pattern.split("{case}"))
    expression = (
        first + "([^/]+)" + "".join(piece + (r"\1" if k + 1 < len(rest) else "") for k, piece in enumerate(rest))
    )
    paths: dict[str, Path] = {}
    for path in home.glob(wildcard):
        match = re.fullmatch(expression, path.relative_to(home).as_posix())
        if match and not path.name.startswith("."):
            paths[match.group(1)] = path
    return paths


def _by_table(path: Path) -> dict[str, Sources]:
    if not path.is_file():
        return {}
    table = read_csv(path)
    if table.columns != TABLE_HEADER:
        raise UserError(f"{path}: the first line must be '{','.join(TABLE_HEADER)}'")
    cases: dict[str, Sources] = {}
    for cell, *files in table.rows:
        row = [from_cell(cell), *files]
        if not all(row):
            raise UserError(f"{path}: {quoted(','.join(row))} is not a line 'case,image,label'; give all three")
        if row[0] in cases:
            raise UserError(f"{path}: lists case {quoted(row[0])} twice; remove one of the two lines")
        cases[row[0]] = {"image": path.parent / row[1], "label": path.parent / row[2]}
    return cases
