"""A dataset's description, ``config/datasets/NAME.yaml``, and its split, ``config/splits/NAME.csv``."""

import csv
from pathlib import Path

from weakseg3d.errors import UserError
from weakseg3d.files import PROJECT, existing_file
from weakseg3d.validation import choose, read_yaml, validated

FOLDER = PROJECT / "config" / "datasets"


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
    for way, (low, high) in description["intensity"].items():
        if low >= high:
            raise UserError(f"{path}: key 'intensity.{way}' is [{low}, {high}]; the first number must be the lower one")
    return {**description, "name": path.stem}


def dataset_names():
    """Return the names of the datasets described under ``config/datasets``."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def read_split(path):
    """Return ``{case: "train" or "test"}`` from a CSV file with the header ``case,split``.

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
        if len(row) != 2 or row[1] not in ("train", "test"):
            raise UserError(f"{path}: line {number} is '{','.join(row)}'; write 'CASE,train' or 'CASE,test'")
        if row[0] in split:
            raise UserError(f"{path}: line {number} names case '{row[0]}' a second time; remove one of the two")
        split[row[0]] = row[1]
    if not split:
        raise UserError(f"{path}: names no case; add lines such as 'CASE,train'")
    return split
