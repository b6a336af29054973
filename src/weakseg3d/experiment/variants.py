"""Names of a study's variants: a method and the level it has of every factor.

A variant is called ``{method}+{factor}-{level}+{factor}-{level}...``, such as ``pw4medseg+clicks-25+sigma-10``.
Methods, factors and levels hold neither ``+`` nor ``-``, so a name can be taken apart again.
"""

import re
from collections.abc import Mapping


def variant_name(method: str, levels: Mapping[str, str]) -> str:
    """Return the name of ``method`` with ``levels`` (``{factor: level}``); without levels, the method's own."""
    return "+".join([method, *(f"{factor}-{level}" for factor, level in levels.items())])


def variant_parts(name: str) -> tuple[str, dict[str, str]]:
    """Return the method and the levels (``{factor: level}``, all text) that make up ``name``.

    A name of another form, such as ``unet+crf`` in a table that others wrote, is a method's own name.
    """
    method, *parts = name.split("+")
    if not method or not all(re.fullmatch("[a-z][a-z0-9_]*-.+", part) for part in parts):
        return name, {}
    return method, dict(part.split("-", 1) for part in parts)
