"""A dataset's description, ``config/datasets/NAME.yaml``, and its split, ``config/splits/NAME.csv``."""

import csv
from pathlib import Path

from weakseg3d.errors import UserError
from weakseg3d.files import PROJECT, existing_file
from weakseg3d.schemas import choose, read_yaml, validated

FOLDER = PROJECT / "config" / "datasets"

PARTS = ("train", "validation", "test")
"""What a split may make of a case."""

FORMAT_OPTIONS = {
    "brats2019": ("sequence",),
    "btcv": (),
    "chaos_ct": (),
    "chaos_mr": ("sequence",),
    "folder": ("image", "label", "table", "dataset_json", "channel", "label_values"),
    "la2018": (),
    "mscmrseg": ("sequence",),
    "vs": ("sequence", "structures", "crop"),
}
"""Formats of raw files (one adapter each, `weakseg3d.datasets.adapters`) and the options each understands."""


def load_dataset(name_or_path):
    """Return the description of a dataset, named or given as the path of a YAML file.

    The keys are those of ``workflow/schemas/dataset.schema.yaml``, defaults filled in, and ``name``: the
    file's name without suffix. Raises UserError for an unknown name, and as `validated` does.
    """
    text = str(name_or_path)
    if text.endswith((".yaml", ".yml")):
        path = Path(text)
    else:
        path = FOLDER / f"{choose(text, dataset_names(), 'dataset')}.yaml"
    description = validated(read_yaml(path), "dataset", path)
    for key in description["options"]:
        if key not in FORMAT_OPTIONS[description["format"]]:
            known = ", ".join(FORMAT_OPTIONS[description["format"]]) or "none"
            raise UserError(f"{path}: format '{description['format']}' has no option '{key}'; its options are: {known}")
    for way, (low, high) in description["intensity"].items():
        if low >= high:
            raise UserError(f"{path}: key 'intensity.{way}' is [{low}, {high}]; the first number must be the lower one")
    return {**description, "name": path.stem}


def dataset_names():
    """Return the names of the datasets described under ``config/datasets``."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def read_split(path):
    """Return ``{case: part}``, a part being one of `PARTS`, from a CSV file with the header ``case,split``.

    Raises UserError for another header, a case that is named twice, any other word, and an empty file.
    """
    path = existing_file(path)
    with open(path, newline="", encoding="utf-8-sig") as stream:
        rows = list(csv.reader(stream))
    if not rows or rows[0] != ["case", "split"]:
        raise UserError(f"{path}: its first line must be 'case,split'")
    split = {}
    for number, row in enumerate(rows[1:], start=2):
        if not row:
            continue
        if len(row) != 2 or row[1] not in PARTS:
            ways = ", ".join(f"'CASE,{part}'" for part in PARTS)
            raise UserError(f"{path}: line {number} is '{','.join(row)}'; write one of {ways}")
        if row[0] in split:
            raise UserError(f"{path}: line {number} names case '{row[0]}' a second time; remove one of the two")
        split[row[0]] = row[1]
    if not split:
        raise UserError(f"{path}: names no case; add lines such as 'CASE,train'")
    return split
