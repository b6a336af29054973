"""What a config, a dataset, a preset and a recipe may say, from their schemas."""

from weakseg3d.experiment.reference.schema_tables import KEYS, keys, resolved, row
from weakseg3d.schemas import schema

BORROWED = {"config": "dataset"}
"""Schemas whose ``$ref`` also points to definitions of another one."""


def page(name: str) -> str:
    """Return the page of the schema ``workflow/schemas/{name}.schema.yaml``."""
    rules = schema(name)
    definitions = schema(BORROWED.get(name, name)).get("$defs", {}) | rules.get("$defs", {})
    rules = resolved(rules, definitions)
    lines = [
        "<!-- Written by `make reference`; edit the schema instead. -->",
        f"# {rules['title']}\n",
        f"{rules['description']}\n",
        f"Read from `workflow/schemas/{name}.schema.yaml`. A dot stands between a key and the key below it.\n",
        KEYS,
        *(row(key, value, key in rules["required"]) for key, value in keys(rules)),
    ]
    return "\n".join(lines) + "\n"
