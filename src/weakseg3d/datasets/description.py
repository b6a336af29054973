"""The description of a dataset, ``config/datasets/NAME.yaml``, and its split, ``config/splits/NAME.csv``."""

import os
import re
from pathlib import Path
from typing import Any

from weakseg3d.datasets.case_ids import check_case_ids
from weakseg3d.errors import UserError, quoted
from weakseg3d.named_files import named_file, names
from weakseg3d.schemas import validated
from weakseg3d.texts import from_cell, read_csv, read_yaml

PARTS = ("train", "validation", "test", "new")
"""The parts of a split."""

FORMAT_OPTIONS: dict[str, tuple[str, ...]] = {
    "acdc": (),
    "brats2019": ("sequence",),
    "btcv": (),
    "chaos_ct": (),
    "chaos_mr": ("sequence",),
    "folder": ("image", "label", "table", "dataset_json", "channel", "label_values"),
    "images_labels": ("numbers", "misplaced"),
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
    path = Path(text) if text.endswith((".yaml", ".yml")) else named_file("datasets", text)
    description = validated(_with_text_values(read_yaml(path), path), "dataset", path)
    for key in description["options"]:
        if key not in FORMAT_OPTIONS[description["format"]]:
            known = ", ".join(FORMAT_OPTIONS[description["format"]]) or "none"
            raise UserError(
                f"{path}: format '{description['format']}' has no option {quoted(key)}; its options are: {known}"
            )
    if "label_values" in description["options"]:
        description["options"]["label_values"] = _label_values(description["options"]["label_values"], path)
    _check_patient(description["patient"], path)
    for scaling, (low, high) in description["intensity"].items():
        if low >= high:
            raise UserError(
                f"{path}: key 'intensity.{scaling}' is [{low}, {high}]; the first number must be the lower one"
            )
    return {**description, "name": path.stem}


def _check_patient(pattern: str, path: Path) -> None:
    """Raise UserError unless ``pattern`` is empty or a regular expression with one group."""
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise UserError(f"{path}: key 'patient' is not a regular expression ({error}); correct it") from None
    if pattern and groups != 1:
        raise UserError(f"{path}: key 'patient' has {groups} groups; put the patient, and nothing else, in parentheses")


def _with_text_values(description: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return ``description`` with the raw values of ``label_values`` as text; people write them with or without quotes.

    Content of another form is left to the schema. Raises UserError for a raw value that is there in both ways.
    """
    options = description.get("options")
    values = options.get("label_values") if isinstance(options, dict) else None
    if not isinstance(options, dict) or not isinstance(values, dict):
        return description
    texts = {str(value): id_ for value, id_ in values.items()}
    if len(texts) < len(values):
        raise UserError(f"{path}: key 'options.label_values' has a value with and without quotes; remove one of them")
    return {**description, "options": {**options, "label_values": texts}}


def _label_values(values: dict[str, int], path: Path) -> dict[int, int]:
    """Return ``{raw value: id}`` with the raw values as numbers. Raises UserError for one that is no whole number."""
    for value in values:
        if not (value.isascii() and value.isdecimal() and len(value) < 10 and str(int(value)) == value):
            raise UserError(
                f"{path}: {quoted(value)} in 'options.label_values' is not a whole number of 0 or more; correct it"
            )
    return {int(value): id_ for value, id_ in values.items()}


def dataset_names() -> list[str]:
    """Return the names of the datasets described under ``config/datasets``."""
    return names("datasets")


def read_split(path: str | os.PathLike[str]) -> dict[str, str]:
    """Return ``{case: part}``, with `PARTS` as parts, from a CSV file with the header ``case,split``.

    Raises UserError for another header, a repeated case, an unusable case id, an unknown part, and an empty file.
    """
    table = read_csv(path)
    if table.columns != ["case", "split"]:
        raise UserError(f"{path}: the first line must be 'case,split'")
    split: dict[str, str] = {}
    for number, (cell, part) in zip(table.lines, table.rows, strict=True):
        case = from_cell(cell)
        if part not in PARTS:
            forms = ", ".join(f"'CASE,{known}'" for known in PARTS)
            raise UserError(f"{path}: line {number} is {quoted(f'{case},{part}')}; write one of {forms}")
        if case in split:
            raise UserError(f"{path}: line {number} repeats case {quoted(case)}; remove one of the two lines")
        split[case] = part
    if not split:
        raise UserError(f"{path}: lists no cases; add lines such as 'CASE,train'")
    check_case_ids(split, path)
    return split
