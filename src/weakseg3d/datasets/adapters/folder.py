"""Anyone's own files: by a pattern, by a table of paths, or by the dataset.json of the Decathlon and of nnU-Net."""

import csv
import json
import re
from pathlib import Path

from weakseg3d.datasets.file_search import LINK, natural, paired, stem, walk
from weakseg3d.datasets.formats.dicom import read_series_folder
from weakseg3d.datasets.formats.nifti import read_label_on, read_pair
from weakseg3d.errors import UserError

LAYOUT = (
    "what the options image and label (patterns with {case}), table (a CSV case,image,label) or dataset_json say, "
    "without them a dataset.json"
)
TOP_FOLDER = None

TABLE_HEADER = ["case", "image", "label"]


def find_cases(raw, options):
    """Return ``{case: {"image": path, "label": path}}``.

    The files lie below ``raw``, below the folder that a link there names, or one folder deeper, where an archive
    wraps its content. ``options`` hold ``image`` and ``label``, paths with ``{case}`` for the case's id;
    or ``table``, a CSV file ``case,image,label``; or ``dataset_json``, of the Medical Segmentation Decathlon or
    of nnU-Net (https://doi.org/10.1038/s41592-020-01008-z); the last is the default. ``channel`` is the volume of
    a 4-D image, or the channel of nnU-Net's file names.

    Raises UserError for options that contradict each other and for a table or dataset.json that cannot be used.
    """
    find = _finder(options)
    for home in _homes(Path(raw)):
        cases = find(home)
        if cases:
            return {case: cases[case] for case in sorted(cases, key=natural)}
    return {}


def load_case(sources, options):
    """Return image (float32) and label (uint8); a folder as image is read as a DICOM series.

    ``options["label_values"]`` maps raw label values to ids. Raises UserError as `read_pair` and
    `read_series_folder` do.
    """
    values = options.get("label_values")
    if sources["image"] is None or sources["label"] is None or not Path(sources["image"]).is_dir():
        return read_pair(sources, values, options.get("channel"))
    image = read_series_folder(sources["image"])
    return image, read_label_on(image, sources, values)


def _finder(options):
    ways = [way for way in ("image", "table", "dataset_json") if way in options]
    if len(ways) > 1 or ("image" in options) != ("label" in options):
        raise UserError(
            "options of format 'folder': give 'image' together with 'label', or 'table', or 'dataset_json', and no two"
        )
    if "image" in options:
        _check_pattern(options, "image")
        _check_pattern(options, "label")
        return lambda home: _by_pattern(home, options["image"], options["label"])
    if "table" in options:
        return lambda home: _by_table(home / options["table"])
    name = options.get("dataset_json", "dataset.json")
    return lambda home: _by_dataset_json(home / name, options.get("channel", 0))


def _homes(raw):
    """Yield the folders that may be the user's own: ``raw``, those in it, and those in the linked one."""
    yield raw
    for home in (raw, raw / LINK):
        if home.is_dir():
            inner = (path for path in home.iterdir() if path.is_dir() and not path.name.startswith("."))
            yield from sorted(inner, key=natural)


def _check_pattern(options, key):
    if "{case}" not in options[key]:
        raise UserError(
            f"option '{key}' of format 'folder' is '{options[key]}'; put {{case}} where the case's id stands"
        )


def _by_pattern(home, image, label):
    """Return the cases; a file that fits both patterns (a.nii, a_seg.nii) belongs to the one that says more."""
    images, labels = _matches(home, image), _matches(home, label)
    lesser, greater = (images, labels) if len(image) < len(label) else (labels, images)
    taken = set(greater.values())
    for case in [case for case, path in lesser.items() if path in taken]:
        del lesser[case]
    return paired(images, labels) if images else {}


def _matches(home, pattern):
    """Return ``{case: path}`` of what fits ``pattern``; a case is one path part or a piece of it."""
    glob = pattern.replace("[", "[[]").replace("{case}", "*")
    first, *rest = (re.escape(piece) for piece in pattern.split("{case}"))
    expression = (
        first + "([^/]+)" + "".join(piece + (r"\1" if k + 1 < len(rest) else "") for k, piece in enumerate(rest))
    )
    found = {}
    for path in home.glob(glob):
        match = re.fullmatch(expression, path.relative_to(home).as_posix())
        if match and not path.name.startswith("."):
            found[match.group(1)] = path
    return found


def _by_table(path):
    if not path.is_file():
        return {}
    with open(path, newline="", encoding="utf-8-sig") as stream:
        rows = [row for row in csv.reader(stream) if row]
    if not rows or rows[0] != TABLE_HEADER:
        raise UserError(f"{path}: its first line must be '{','.join(TABLE_HEADER)}'")
    cases = {}
    for row in rows[1:]:
        if len(row) != 3 or not all(row) or "/" in row[0] or row[0].startswith("."):
            raise UserError(
                f"{path}: '{','.join(row)}' is no line 'case,image,label' with a case that may name a folder"
            )
        if row[0] in cases:
            raise UserError(f"{path}: names case '{row[0]}' twice; remove one of the two")
        cases[row[0]] = {"image": path.parent / row[1], "label": path.parent / row[2]}
    return cases


def _by_dataset_json(path, channel):
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.get("training"):
            pairs = [(entry["image"], entry["label"]) for entry in content["training"]]
        elif content.get("dataset"):
            pairs = [(entry["images"][channel], entry["label"]) for entry in content["dataset"].values()]
        else:
            return _by_nnunet_names(path.parent, content.get("file_ending", ".nii.gz"), channel)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        raise UserError(f"{path}: no dataset.json of the Decathlon or of nnU-Net; correct it, or use a table") from None
    return {stem(label): {"image": path.parent / image, "label": path.parent / label} for image, label in pairs}


def _by_nnunet_names(home, ending, channel):
    suffix = f"_{channel:04d}{ending}"
    images = {path.name.removesuffix(suffix): path for path in walk(home / "imagesTr") if path.name.endswith(suffix)}
    labels = {path.name.removesuffix(ending): path for path in walk(home / "labelsTr") if path.name.endswith(ending)}
    return paired(images, labels)
