"""``KEY=VALUE`` arguments of the command line."""

from collections.abc import Iterable

from weakseg3d.errors import UserError, quoted


def parse_pairs(items: Iterable[str], option: str) -> dict[str, str]:
    """Return ``["a=1", "b=2"]`` as ``{"a": "1", "b": "2"}``; ``option`` is the option that took the items.

    Raises UserError for an item without ``=`` and for a repeated key.
    """
    pairs: dict[str, str] = {}
    for item in items:
        key, separator, value = item.partition("=")
        if not (key and separator):
            raise UserError(f"{option} {quoted(item)}: must have the form KEY=VALUE")
        if key in pairs:
            raise UserError(f"{option} {quoted(item)}: the key {quoted(key)} is given twice; remove one of the two")
        pairs[key] = value
    return pairs
