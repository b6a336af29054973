"""Configuration files, checked against the schemas of ``workflow/schemas``."""

import difflib
import math
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any

from weakseg3d.errors import LONGEST_QUOTE, UserError, quoted
from weakseg3d.files import PROJECT
from weakseg3d.texts import LARGEST_INTEGER, read_yaml


@cache
def schema(name: str) -> dict[str, Any]:
    """Return the schema ``workflow/schemas/{name}.schema.yaml``."""
    return read_yaml(PROJECT / "workflow" / "schemas" / f"{name}.schema.yaml")


def validated(content: dict[str, Any], rules: str | dict[str, Any], source: str | Path) -> dict[str, Any]:
    """Return ``content`` with the defaults of a schema filled in; ``rules`` is the schema or its name.

    Raises UserError, which names ``source`` and the key, for keys that are not text, for numbers that are NaN, infinite
    or too large, and when the content does not fit the schema. The last is not checked where jsonschema is not
    installed.
    """
    _check_keys_and_numbers(content, source)
    rules = schema(rules) if isinstance(rules, str) else rules
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
    raise UserError(f"unknown {what} {quoted(name)}{_suggestion(name, known)}; known are {', '.join(known)}")


def seen_from_project(path: Path) -> str:
    """Return ``path`` as it is written in the repository's own files, and one of the current folder likewise.

    Any other stays as it is.
    """
    for folder in (PROJECT, Path.cwd()):
        if path.is_relative_to(folder):
            return path.relative_to(folder).as_posix()
    return path.as_posix()


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


def _check_keys_and_numbers(content: Any, source: str | Path, where: str = "") -> None:
    """Raise UserError for a key of ``content`` that is not text and for a number that no computation can use.

    A schema cannot exclude NaN and infinity: they are numbers, and comparisons with NaN are always false.
    """
    if isinstance(content, dict):
        for key, value in content.items():
            if not isinstance(key, str):
                inside = f" in {quoted(where)}" if where else ""
                raise UserError(f"{source}: the key {quoted(key)}{inside} must be text; put it in quotes")
            _check_keys_and_numbers(value, source, f"{where}.{key}" if where else key)
    elif isinstance(content, list):
        for value in content:
            _check_keys_and_numbers(value, source, where)
    elif isinstance(content, float) and not math.isfinite(content):
        raise UserError(f"{source}: key {quoted(where)} is {content}; give a finite number")
    elif isinstance(content, int) and abs(content) > LARGEST_INTEGER:
        raise UserError(f"{source}: key {quoted(where)} is beyond the whole numbers of 64 bits; give a smaller one")


def _sentence(error: Any) -> str:
    """Return jsonschema's ``error`` in words: the key and what to do about it."""
    where = ".".join(str(part) for part in error.absolute_path)
    inside = f" in {quoted(where)}" if where else ""
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        key = next(k for k in error.instance if k not in known)
        return f"unknown key {quoted(key)}{inside}{_suggestion(key, known)}; allowed are {', '.join(known)}"
    if "propertyNames" in error.absolute_schema_path:
        return f"{quoted(error.instance)}{inside} is not usable as a name; it must match {error.validator_value}"
    if error.validator == "required":
        missing = next(k for k in error.validator_value if k not in error.instance)
        return f"key '{missing}' is missing{inside}; add it"
    message = error.message
    if len(repr(error.instance)) > LONGEST_QUOTE:
        message = message.replace(repr(error.instance), quoted(error.instance))
    return f"key {quoted(where)} does not fit: {message}"


def _suggestion(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(str(name), [str(k) for k in known], n=1)
    return f", did you mean '{near[0]}'?" if near else ""
