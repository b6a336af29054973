"""A first YAML for a dataset, a method or an experiment, whose comments are what the schemas say of each key."""

import os
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from weakseg3d.errors import UserError, quoted
from weakseg3d.experiment.from_config import config_schema
from weakseg3d.experiment.method_schema import method_schema
from weakseg3d.files import PROJECT, whole_file
from weakseg3d.schemas import schema

WIDTH = 110
"""Longest line of a comment, in characters."""


@dataclass(frozen=True)
class Template:
    """One kind of YAML.

    ``folder`` is where Snakemake looks for it, ``rules`` returns its schema, and ``content`` the values for a name.
    ``check`` is the command that checks it, with ``{name}``, and ``page`` explains more.
    """

    folder: Path
    rules: Callable[[], dict[str, Any]]
    content: Callable[[str], dict[str, Any]]
    check: str
    page: str


def _dataset(name: str) -> dict[str, Any]:
    return {
        "description": f"The scans of {name}.",
        "licence": "internal",
        "modality": "CT",
        "format": "folder",
        "options": {"image": "images/{case}.nii.gz", "label": "labels/{case}.nii.gz"},
        "access": {"place": {"instructions": "ask whoever keeps the scans"}},
        "organs": {"spleen": [1]},
        "intensity": {"window": [-100, 240]},
        "split": f"config/splits/{name}.csv",
    }


def _method(name: str) -> dict[str, Any]:
    return {
        "description": f"{name}, a U-Net trained on three annotated slices.",
        "supervision": "weak",
        "annotation": {"slices": {"number": 3}},
        "pseudo_label": {"slices": {}},
        "network": {"unet": {"channels": [8, 16, 32, 64]}},
        "loss": {"partial_ce": {}},
        "training": {"patch_size": [32, 48, 48], "steps": 360, "optimizer": {"adamw": {"learning_rate": 0.008}}},
    }


def _experiment(name: str) -> dict[str, Any]:
    return {
        "experiment": name,
        "datasets": {"phantom_ct": ["spleen"]},
        "methods": ["pw4medseg", "dense_unet", "truth"],
        "seeds": [0],
        "spacing": 5.0,
        "preset": "cpu",
        "uncertainty": False,
    }


TEMPLATES = {
    "dataset": Template(
        Path("config/datasets"),
        lambda: schema("dataset"),
        _dataset,
        "python -m weakseg3d dataset check {name} --raw FOLDER",
        "docs/extend.md",
    ),
    "method": Template(
        Path("config/methods"),
        method_schema,
        _method,
        "python -m weakseg3d method check config/methods/{name}.yaml",
        "docs/reference.md",
    ),
    "experiment": Template(
        Path("config"),
        config_schema,
        _experiment,
        "snakemake --cores all --configfile config/{name}.yaml --dry-run",
        "workflow/schemas/config.schema.yaml",
    ),
}


def new_file(kind: str, name: str) -> Path:
    """Write the YAML of a ``kind`` of `TEMPLATES` for ``name`` below the current folder and return its path.

    Raises UserError for a name that cannot be used, or that a file here or of the repository has already.
    """
    pattern = config_schema()["$defs"]["name"]["pattern"]
    if not re.search(pattern, name) or name.endswith((".yaml", ".yml")):
        raise UserError(
            f"{quoted(name)} cannot be the name of a {kind}; use letters, digits, '_', '.' and '-', without '.yaml'"
        )
    path = TEMPLATES[kind].folder / f"{name}.yaml"
    if os.path.lexists(path):
        raise UserError(f"{path}: exists already and is not replaced; edit it, or choose another name")
    if (PROJECT / path).exists():
        raise UserError(f"{PROJECT / path}: the repository has one of this name; choose another name")
    with whole_file(path) as partial:
        partial.write_text(text(kind, name), encoding="utf-8")
    return path


def text(kind: str, name: str) -> str:
    """Return the YAML of a ``kind`` of `TEMPLATES` for ``name``: what is needed first, then all else as comments."""
    template = TEMPLATES[kind]
    rules, content = template.rules(), template.content(name)
    lines = [
        *_comment(f"The {kind} {name}. Edit it, then check it: {template.check.format(name=name)}"),
        *_comment(f"More about its keys: {template.page}"),
        *_block(content, rules["properties"], ""),
        "",
        *_comment("What may also be said, with the defaults:"),
    ]
    for key, rule in rules["properties"].items():
        if key not in content:
            lines += [
                "#",
                *_comment(_meaning(rule)),
                f"# {key}: {_flow(rule['default']) if 'default' in rule else '…'}",
            ]
    return "\n".join(lines) + "\n"


def _block(content: Mapping[str, Any], rules: Mapping[str, Any], margin: str) -> Iterator[str]:
    """Yield the lines of ``content`` in the order of the schema's ``rules``, each key below its description."""
    for key in sorted(content, key=list(rules).index):
        value, rule = content[key], rules[key]
        if not margin:
            yield ""
        yield from _comment(_meaning(rule), margin)
        if isinstance(value, dict) and value and "properties" in rule:
            yield f"{margin}{key}:"
            yield from _block(value, rule["properties"], margin + "  ")
        else:
            yield f"{margin}{key}: {_flow(value)}"


def _meaning(rule: Mapping[str, Any]) -> str:
    """Return what a schema says of a key, and which values it may have."""
    words = " ".join(rule.get("description", "").split()).removesuffix("No default.").strip()
    known = ", ".join(map(str, rule["enum"])) if "enum" in rule else ""
    return f"{words} One of: {known}." if known else words


def _comment(words: str, margin: str = "") -> list[str]:
    indent = f"{margin}# "
    return textwrap.wrap(words, WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False)


def _flow(value: Any) -> str:
    written = yaml.safe_dump(value, default_flow_style=True, width=10**6, allow_unicode=True, sort_keys=False)
    return written.removesuffix("...\n").strip()
