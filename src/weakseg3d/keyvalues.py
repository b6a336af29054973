"""``KEY=VALUE`` arguments of the command line."""

from weakseg3d.errors import UserError


def parse_pairs(items, option):
    """Return ``["a=1", "b=2"]`` as ``{"a": "1", "b": "2"}``; ``option`` is the flag they were given to.

    Raises UserError for an item without ``=`` and for a key given twice.
    """
    pairs = {}
    for item in items:
        key, separator, value = item.partition("=")
        if not (key and separator):
            raise UserError(f"{option} {item}: must have the form KEY=VALUE")
        if key in pairs:
            raise UserError(f"{option} {item}: the key '{key}' is given twice; keep one")
        pairs[key] = value
    return pairs
