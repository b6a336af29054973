"""Configuration files: YAML read with plain errors, checked against the schemas of ``workflow/schemas``."""

import difflib
import re
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from weakseg3d.errors import UserError, quoted
from weakseg3d.files import PROJECT, existing_file


def read_yaml(path: str | Path) -> dict[str, Any]:
    """Return the mapping in a YAML file.

    Raises UserError for a missing file, for invalid YAML (with the line) and for anything but a mapping.
    """
    path = existing_file(path)
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark else ""
        raise UserError(f"{path}: not valid YAML{line}; correct its syntax") from None
    if not isinstance(content, dict):
        raise UserError(f"{path}: must hold a mapping of keys to values")
    return content


class _Loader(yaml.SafeLoader):
    """Reads ``3e-05`` as a number, as JSON and YAML 1.2 do; PyYAML, which follows YAML 1.1, takes it for text."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)


@cache
def schema(name: str) -> dict[str, Any]:
    """Return the schema ``workflow/schemas/{name}.schema.yaml``."""
    return yaml.safe_load((PROJECT / "workflow" / "schemas" / f"{name}.schema.yaml").read_text(encoding="utf-8"))


def validated(content: dict[str, Any], schema_name: str, source: str | Path) -> dict[str, Any]:
    """Return ``content`` with the schema's defaults filled in.

    Raises UserError, which names ``source`` and the key, when the content does not fit the schema. It is not checked
    where jsonschema is not installed.
    """
    rules = schema(schema_name)
    content = _with_defaults(content, rules, rules.get("$defs", {}))
    try:
        import jsonschema
    except ImportError:
        # A GPU machine may have nothing but torch, MONAI and Lightning. The workflow checked the recipe before it
        # wrote it, so training goes on without a second check.
        return content
    error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(rules).iter_errors(content))
    if error is not None:
        raise UserError(f"{source}: {_sentence(error)}")
    return content


def choose(name: str, known: Collection[str], what: str) -> str:
    """Return ``name`` if it is one of ``known``; otherwise raise a UserError that suggests the most similar one."""
    if name in known:
        return name
    raise UserError(f"unknown {what} '{name}'{_suggestion(name, known)}; known are {', '.join(known)}")


def relative_to_project(path: str | Path) -> Path:
    """Return ``path``, taken from the repository's root unless it is absolute."""
    return PROJECT / Path(path)


def seen_from_project(path: Path) -> str:
    """Return ``path`` as it is written in the repository's own files; one outside the repository stays as it is."""
    return (path.relative_to(PROJECT) if path.is_relative_to(PROJECT) else path).as_posix()


def _with_defaults(content: Any, rules: dict[str, Any], definitions: dict[str, Any]) -> Any:
    """Return ``content`` with the defaults of a schema's ``rules``, at every level."""
    if not isinstance(content, dict):
        return content
    if "$ref" in rules:
        rules = definitions[rules["$ref"].removeprefix("#/$defs/")] | rules
    filled = dict(content)
    for key, rule in rules.get("properties", {}).items():
        if key not in filled and "default" in rule:
            filled[key] = rule["default"]
        if key in filled:
            filled[key] = _with_defaults(filled[key], rule, definitions)
    extra = rules.get("additionalProperties")
    if isinstance(extra, dict):
        for key in filled.keys() - rules.get("properties", {}).keys():
            filled[key] = _with_defaults(filled[key], extra, definitions)
    return filled


def _sentence(error: Any) -> str:
    """Return jsonschema's ``error`` in words: the key and what to do about it."""
    where = ".".join(str(part) for part in error.absolute_path)
    inside = f" in '{where}'" if where else ""
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        key = next(k for k in error.instance if k not in known)
        return f"unknown key '{key}'{inside}{_suggestion(key, known)}; allowed are {', '.join(known)}"
    if "propertyNames" in error.absolute_schema_path:
        return f"{quoted(error.instance)}{inside} is not usable as a name; it must match {error.validator_value}"
    if error.validator == "required":
        missing = next(k for k in error.validator_value if k not in error.instance)
        return f"key '{missing}' is missing{inside}; add it"
    return f"key '{where}' does not fit: {error.message}"


def _suggestion(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(str(name), [str(k) for k in known], n=1)
    return f", did you mean '{near[0]}'?" if near else ""
