"""What a command of somebody else's is given: copies, so that nothing of ours can be changed by it."""

import csv
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SUFFIXES = (".nii.gz", ".mrk.json")
"""How images and targets end."""


def write_cases(cases: Mapping[str, Mapping[str, Path]], folder: Path) -> None:
    """Copy images and targets to ``folder/images`` and ``folder/targets``, and list them in ``folder/cases.csv``."""
    rows = []
    for case, files in cases.items():
        places = [f"{kind}s/{case}{_suffix(path)}" for kind, path in files.items()]
        for place, path in zip(places, files.values(), strict=True):
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / place)
        rows.append([case, *places])
    with open(folder / "cases.csv", "w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([["case", "image", "target"], *rows])


def write_files(files: Mapping[str, Path], folder: Path) -> None:
    """Copy images or annotations as ``folder/{case}`` with their suffix."""
    folder.mkdir(parents=True)
    for case, path in files.items():
        shutil.copyfile(path, folder / f"{case}{_suffix(path)}")


def write_json(content: Mapping[str, Any], path: Path) -> None:
    """Write facts as JSON."""
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _suffix(path: Path) -> str:
    return next(suffix for suffix in SUFFIXES if path.name.endswith(suffix))
