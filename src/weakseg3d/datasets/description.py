"""The description of a dataset, ``config/datasets/NAME.yaml``, and its split, ``config/splits/NAME.csv``."""

import csv
import os
from pathlib import Path
from typing import Any

from weakseg3d.datasets.case_ids import check_case_ids
from weakseg3d.errors import UserError
from weakseg3d.files import PROJECT, existing_file
from weakseg3d.schemas import choose, read_yaml, validated

FOLDER = PROJECT / "config" / "datasets"

PARTS = ("train", "validation", "test")
"""The parts of a split."""

FORMAT_OPTIONS: dict[str, tuple[str, ...]] = {
    "brats2019": ("sequence",),
    "btcv": (),
    "chaos_ct": (),
    "chaos_mr": ("sequence",),
    "folder": ("image", "label", "table", "dataset_json", "channel", "label_values"),
    "la2018": (),
    "mscmrseg": ("sequence",),
    "vs": ("sequence", "structures", "crop"),
}
"""Formats of raw files, with one adapter each (`weakseg3d.datasets.adapters`), and the options of each format."""


def load_dataset(name_or_path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the description of a dataset, given by its name or by the path of a YAML file.

    The keys are those of ``workflow/schemas/dataset.schema.yaml``, including defaults, and ``name``: the name of the
    file without suffix. Raises UserError for an unknown name, and as `validated` does.
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
    for scaling, (low, high) in description["intensity"].items():
        if low >= high:
            raise UserError(
                f"{path}: key 'intensity.{scaling}' is [{low}, {high}]; the first number must be the lower one"
            )
    return {**description, "name": path.stem}


def dataset_names() -> list[str]:
    """Return the names of the datasets described under ``config/datasets``."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def read_split(path: str | os.PathLike[str]) -> dict[str, str]:
    """Return ``{case: part}``, with `PARTS` as parts, from a CSV file with the header ``case,split``.

    Raises UserError for another header, a repeated case, an unusable case id, an unknown part, and an empty file.
    """
    path = existing_file(path)
    with open(path, newline="", encoding="utf-8-sig") as stream:
        rows = list(csv.reader(stream))
    if not rows or rows[0] != ["case", "split"]:
        raise UserError(f"{path}: the first line must be 'case,split'")
    split: dict[str, str] = {}
    for number, row in enumerate(rows[1:], start=2):
        if not row:
            continue
        if len(row) != 2 or row[1] not in PARTS:
            forms = ", ".join(f"'CASE,{part}'" for part in PARTS)
            raise UserError(f"{path}: line {number} is '{','.join(row)}'; write one of {forms}")
        if row[0] in split:
            raise UserError(f"{path}: line {number} repeats case '{row[0]}'; remove one of the two lines")
        split[row[0]] = row[1]
    if not split:
        raise UserError(f"{path}: lists no cases; add lines such as 'CASE,train'")
    check_case_ids(split, path)
    return split
