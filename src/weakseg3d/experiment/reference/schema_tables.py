"""The keys of a JSON schema as rows of a Markdown table."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

KEYS = "| Key | Value | Default | Meaning |\n|---|---|---|---|"
"""The head of a table of `row`."""


def resolved(rules: Any, definitions: Mapping[str, Any]) -> Any:
    """Return a schema with what every ``$ref`` points to in its place; other keys beside it come first."""
    if isinstance(rules, list):
        return [resolved(rule, definitions) for rule in rules]
    if not isinstance(rules, Mapping):
        return rules
    if isinstance(rules.get("$ref"), str):
        rules = definitions[rules["$ref"].removeprefix("#/$defs/")] | {k: v for k, v in rules.items() if k != "$ref"}
    return {key: resolved(value, definitions) for key, value in rules.items() if key != "$defs"}


def keys(
    rules: Mapping[str, Any], whole: Collection[str] = (), above: str = ""
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every key of a `resolved` schema of an object with its rules, as ``training.patch_size``.

    Keys named in ``whole`` are not divided.
    """
    for name, value in rules["properties"].items():
        path = f"{above}{name}"
        if value.get("properties") and path not in whole:
            yield from keys(value, whole, f"{path}.")
        else:
            yield path, value


def cell(text: str) -> str:
    """Return a text as it may stand in a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def row(name: str, rules: Mapping[str, Any], required: bool = False) -> str:
    """Return the row of a key."""
    default = "required" if required else _value(rules["default"]) if "default" in rules else ""
    meaning = cell(rules.get("description", ""))
    return f"| `{name}` | {_type(rules)} | {default} | {meaning} |"


def _type(rules: Mapping[str, Any]) -> str:
    if "anyOf" in rules:
        return " or ".join(_type(one) for one in rules["anyOf"])
    if isinstance(rules.get("additionalProperties"), Mapping):
        return f"names, each with {_content(rules['additionalProperties'])}"
    if "properties" in rules:
        return ", ".join(f"`{key}:` {_type(value)}" for key, value in rules["properties"].items())
    if "enum" in rules:
        return ", ".join(f"`{value}`" for value in rules["enum"])
    if rules.get("type") == "array":
        least, most = rules.get("minItems"), rules.get("maxItems")
        number = f"{least} " if least is not None and least == most else f"at least {least} " if least else ""
        return f"{number}of: {_type(rules.get('items', {}))}"
    if isinstance(rules.get("type"), list):
        return " or ".join(_type({**rules, "type": kind}) for kind in rules["type"])
    words = {"integer": "whole number", "number": "number", "string": "text"}
    words |= {"boolean": "true or false", "null": "none", "object": "keys"}
    bounds = {"minimum": "≥ {}", "exclusiveMinimum": "> {}", "maximum": "≤ {}", "exclusiveMaximum": "< {}"}
    limits = [text.format(rules[key]) for key, text in bounds.items() if key in rules]
    limits += [f"divisible by {rules['multipleOf']}"] if "multipleOf" in rules else []
    return " ".join([words.get(rules.get("type", ""), "see below"), ", ".join(limits)]).strip()


def _content(rules: Mapping[str, Any]) -> str:
    """Return what stands behind each of the names of a mapping."""
    inside = rules.get("properties")
    return ", ".join(f"`{key}`" for key in inside) if inside else _type(rules)


def _value(value: Any) -> str:
    return "" if value in ({}, "", None) else f"`{str(value).lower() if isinstance(value, bool) else value}`"
